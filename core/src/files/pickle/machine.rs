//! The stack machine: all opcodes of pickle protocols 0 to 5.

use std::collections::HashMap;

use super::{Object, PickleError, Unpickled, Value, heap::Heap, reader::Reader, torch};

/// Runs the pickle at the start of `input`; what follows it is left alone.
pub(in crate::files) fn unpickle(input: &[u8]) -> Result<Unpickled<'_>, PickleError> {
    let mut machine = Machine {
        reader: Reader { bytes: input, at: 0 },
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        heap: Heap::default(),
    };
    loop {
        if let Some(root) = machine.step()? {
            return Ok(Unpickled { root, objects: machine.heap.into_objects(), used: machine.reader.at });
        }
    }
}

struct Machine<'a> {
    reader: Reader<'a>,
    stack: Vec<Value<'a>>,
    /// Heights of the stack at which a mark lies.
    marks: Vec<usize>,
    memo: HashMap<u64, Value<'a>>,
    heap: Heap<'a>,
}

impl<'a> Machine<'a> {
    /// Runs one opcode; returns the result at the end.
    fn step(&mut self) -> Result<Option<Value<'a>>, PickleError> {
        match self.reader.byte()? {
            // Frame of the program.
            0x80 => drop(self.reader.byte()?),
            0x95 => drop(self.reader.take(8)?),
            b'.' => return self.pop().map(Some),
            // The stack and its marks.
            b'(' => {
                self.heap.charge(1)?;
                self.marks.push(self.stack.len());
            }
            b'0' => self.pop_or_mark(),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.push(top)?;
            }
            // Scalars.
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'I' | b'L' => self.decimal()?,
            b'J' => {
                let number = i32::from_le_bytes(self.reader.array()?);
                self.push(Value::Int(number.into()))?;
            }
            b'K' => {
                let number = self.reader.byte()?;
                self.push(Value::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.reader.array()?);
                self.push(Value::Int(number.into()))?;
            }
            0x8a => {
                let len = self.reader.byte()?.into();
                self.long(len)?;
            }
            0x8b => {
                let len = self.reader.len4()?;
                self.long(len)?;
            }
            b'F' => {
                self.reader.line()?;
                self.push(Value::Opaque)?;
            }
            b'G' => {
                self.reader.take(8)?;
                self.push(Value::Opaque)?;
            }
            // Text and bytes.
            b'S' => {
                let line = self.reader.line()?.trim_ascii();
                let inner = line.get(1..line.len().max(2) - 1).unwrap_or_default();
                self.text(if inner.contains(&b'\\') { &[0xff] } else { inner })?;
            }
            b'V' => {
                let line = self.reader.line()?;
                self.text(if line.contains(&b'\\') { &[0xff] } else { line })?;
            }
            b'T' | b'X' => {
                let len = self.reader.len4()?;
                let bytes = self.reader.take(len)?;
                self.text(bytes)?;
            }
            b'U' | 0x8c => {
                let len = self.reader.byte()?.into();
                let bytes = self.reader.take(len)?;
                self.text(bytes)?;
            }
            0x8d => {
                let len = self.reader.len8()?;
                let bytes = self.reader.take(len)?;
                self.text(bytes)?;
            }
            b'C' => {
                let len = self.reader.byte()?.into();
                self.reader.take(len)?;
                self.push(Value::Opaque)?;
            }
            b'B' => {
                let len = self.reader.len4()?;
                self.reader.take(len)?;
                self.push(Value::Opaque)?;
            }
            0x8e | 0x96 => {
                let len = self.reader.len8()?;
                self.reader.take(len)?;
                self.push(Value::Opaque)?;
            }
            // Containers. Sets are of no use here and kept as lists.
            b']' | 0x8f => self.build(Object::List(Vec::new()))?,
            b')' => self.build(Object::Tuple(Vec::new()))?,
            b'}' => self.build(Object::Dict(Vec::new()))?,
            b'l' | 0x91 => {
                let items = self.pop_mark()?;
                self.build(Object::List(items))?;
            }
            b't' => {
                let items = self.pop_mark()?;
                self.build(Object::Tuple(items))?;
            }
            b'd' => {
                let items = self.pop_mark()?;
                let pairs = self.pairs(&items)?;
                self.build(Object::Dict(pairs))?;
            }
            count @ 0x85..=0x87 => {
                let items = self.pop_many(usize::from(count - 0x84))?;
                self.build(Object::Tuple(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let pair = self.pop_many(2)?;
                self.set_items(&pair)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            // The memo.
            opcode @ (b'g' | b'p') => self.memo_by_line(opcode)?,
            b'h' => {
                let index = self.reader.byte()?.into();
                self.get(index)?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.reader.array()?).into();
                self.get(index)?;
            }
            b'q' => {
                let index = self.reader.byte()?.into();
                self.put(index)?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.reader.array()?).into();
                self.put(index)?;
            }
            0x94 => self.put(self.memo.len() as u64)?,
            // Classes, functions, instances.
            b'c' => {
                let (module, name) = (self.reader.word()?, self.reader.word()?);
                self.build(Object::Global { module, name })?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(self.malformed("a class without a name"));
                };
                self.build(Object::Global { module, name })?;
            }
            b'R' | 0x81 => {
                let arguments = self.pop()?;
                let callee = self.pop()?;
                let result = torch::call(&mut self.heap, callee, arguments)?;
                self.push(result)?;
            }
            0x92 => {
                self.pop_many(3)?;
                self.build(Object::Opaque)?;
            }
            b'i' => {
                self.reader.line()?;
                self.reader.line()?;
                self.pop_mark()?;
                self.build(Object::Opaque)?;
            }
            b'o' => {
                self.pop_mark()?;
                self.build(Object::Opaque)?;
            }
            // The state of an instance is of no interest; that of an ordered dict is its metadata.
            b'b' => drop(self.pop()?),
            0x82 => {
                self.reader.take(1)?;
                self.push(Value::Opaque)?;
            }
            0x83 => {
                self.reader.take(2)?;
                self.push(Value::Opaque)?;
            }
            0x84 => {
                self.reader.take(4)?;
                self.push(Value::Opaque)?;
            }
            b'P' => {
                self.reader.line()?;
                self.push(Value::Opaque)?;
            }
            b'Q' => {
                let id = self.pop()?;
                let result = torch::persistent(&mut self.heap, id)?;
                self.push(result)?;
            }
            _ => return Err(self.malformed("an unknown instruction")),
        }
        Ok(None)
    }

    fn malformed(&self, reason: &'static str) -> PickleError {
        PickleError::Malformed(self.reader.at.saturating_sub(1), reason)
    }

    // Stack.

    fn push(&mut self, value: Value<'a>) -> Result<(), PickleError> {
        self.heap.charge(1)?;
        self.stack.push(value);
        Ok(())
    }

    fn build(&mut self, object: Object<'a>) -> Result<(), PickleError> {
        let value = self.heap.add(object)?;
        self.push(value)
    }

    /// Height of the stack below which values belong to what is outside of the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Value<'a>, PickleError> {
        if self.stack.len() <= self.floor() {
            return Err(self.malformed("nothing on the stack"));
        }
        self.stack.pop().ok_or_else(|| self.malformed("nothing on the stack"))
    }

    fn top(&self) -> Result<Value<'a>, PickleError> {
        self.stack[self.floor()..].last().copied().ok_or_else(|| self.malformed("nothing on the stack"))
    }

    fn pop_or_mark(&mut self) {
        if self.stack.len() > self.floor() {
            self.stack.pop();
        } else {
            self.marks.pop();
        }
    }

    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.malformed("no mark on the stack"))?;
        Ok(self.stack.split_off(mark))
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value<'a>>, PickleError> {
        let from = self.stack.len().checked_sub(count).filter(|&from| from >= self.floor());
        let from = from.ok_or_else(|| self.malformed("nothing on the stack"))?;
        Ok(self.stack.split_off(from))
    }

    // Values.

    fn text(&mut self, bytes: &'a [u8]) -> Result<(), PickleError> {
        self.push(std::str::from_utf8(bytes).map_or(Value::Opaque, Value::Text))
    }

    /// A line with a number, or `00` and `01` for false and true.
    fn decimal(&mut self) -> Result<(), PickleError> {
        let line = self.reader.word()?.trim();
        let value = match line {
            "00" => Some(Value::Bool(false)),
            "01" => Some(Value::Bool(true)),
            _ => line.trim_end_matches('L').parse().ok().map(Value::Int),
        };
        self.push(value.unwrap_or(Value::Opaque))
    }

    fn long(&mut self, len: usize) -> Result<(), PickleError> {
        let bytes = self.reader.take(len)?;
        if len > 8 {
            return self.push(Value::Opaque);
        }
        let fill = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
        let mut number = [fill; 8];
        number[..len].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(number)))
    }

    fn pairs(&self, items: &[Value<'a>]) -> Result<Vec<(Value<'a>, Value<'a>)>, PickleError> {
        let (pairs, []) = items.as_chunks() else { return Err(self.malformed("a key without a value")) };
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    }

    fn append(&mut self, items: Vec<Value<'a>>) -> Result<(), PickleError> {
        let top = self.top()?;
        match self.heap.get_mut(top) {
            Some(Object::List(list)) => list.extend(items),
            Some(Object::Opaque | Object::Unreadable(_)) => {}
            None if top == Value::Opaque => {}
            _ => return Err(self.malformed("an item for something that is no list")),
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Value<'a>]) -> Result<(), PickleError> {
        let pairs = self.pairs(items)?;
        let top = self.top()?;
        match self.heap.get_mut(top) {
            Some(Object::Dict(dict)) => dict.extend(pairs),
            Some(Object::Opaque | Object::Unreadable(_)) => {}
            None if top == Value::Opaque => {}
            _ => return Err(self.malformed("an entry for something that is no dictionary")),
        }
        Ok(())
    }

    // Memo.

    fn put(&mut self, index: u64) -> Result<(), PickleError> {
        self.heap.charge(1)?;
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn get(&mut self, index: u64) -> Result<(), PickleError> {
        let value = self.memo.get(&index).copied();
        let value = value.ok_or_else(|| self.malformed("a reference to nothing"))?;
        self.push(value)
    }

    /// The textual forms of [`get`](Self::get) and [`put`](Self::put).
    fn memo_by_line(&mut self, opcode: u8) -> Result<(), PickleError> {
        let index = self
            .reader
            .word()?
            .trim()
            .parse()
            .map_err(|_| self.malformed("a reference that is no number"))?;
        if opcode == b'g' { self.get(index) } else { self.put(index) }
    }
}
