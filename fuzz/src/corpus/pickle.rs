//! Pickles as PyTorch writes them (protocol 2).

/// A tensor over a storage, as it stands in a state dict.
#[derive(Clone, Debug)]
pub struct StoredTensor {
    /// Name in the state dict.
    pub name: String,
    /// Storage class: "FloatStorage".
    pub class: &'static str,
    /// Name of the storage in the file.
    pub key: String,
    /// Elements of the storage.
    pub stored: i64,
    /// First element.
    pub offset: i64,
    /// Shape.
    pub shape: Vec<i64>,
    /// Strides in elements.
    pub strides: Vec<i64>,
}

/// A pickle that is being written.
#[derive(Clone, Debug)]
pub struct Pickle(Vec<u8>);

impl Default for Pickle {
    fn default() -> Self {
        Self(vec![0x80, 2])
    }
}

impl Pickle {
    /// Appends instructions as they are.
    #[must_use]
    pub fn raw(mut self, instructions: &[u8]) -> Self {
        self.0.extend(instructions);
        self
    }

    /// Pushes a text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.raw(b"X").raw(&(text.len() as u32).to_le_bytes()).raw(text.as_bytes())
    }

    /// Pushes a whole number.
    #[must_use]
    pub fn int(self, value: i64) -> Self {
        match i32::try_from(value) {
            Ok(value) => self.raw(b"J").raw(&value.to_le_bytes()),
            Err(_) => self.raw(&[0x8a, 8]).raw(&value.to_le_bytes()),
        }
    }

    /// Pushes a class or function.
    #[must_use]
    pub fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    /// Pushes a tuple of whole numbers.
    #[must_use]
    pub fn ints(self, values: &[i64]) -> Self {
        values.iter().fold(self.raw(b"("), |pickle, &value| pickle.int(value)).raw(b"t")
    }

    /// Pushes a tensor.
    #[must_use]
    pub fn tensor(self, tensor: &StoredTensor) -> Self {
        self.global("torch._utils", "_rebuild_tensor_v2").tensor_arguments(tensor).raw(b"R")
    }

    /// Pushes the arguments that rebuild a tensor.
    #[must_use]
    pub fn tensor_arguments(self, tensor: &StoredTensor) -> Self {
        self.raw(b"((")
            .text("storage")
            .global("torch", tensor.class)
            .text(&tensor.key)
            .text("cpu")
            .int(tensor.stored)
            .raw(b"tQ")
            .int(tensor.offset)
            .ints(&tensor.shape)
            .ints(&tensor.strides)
            .raw(b"\x89")
            .global("collections", "OrderedDict")
            .raw(b")Rt")
    }

    /// Pushes a dictionary of tensors.
    #[must_use]
    pub fn tensors(self, tensors: &[StoredTensor]) -> Self {
        tensors
            .iter()
            .fold(self.raw(b"}("), |pickle, tensor| pickle.text(&tensor.name).tensor(tensor))
            .raw(b"u")
    }

    /// The finished pickle.
    #[must_use]
    pub fn stop(self) -> Vec<u8> {
        self.raw(b".").0
    }
}
