//! The worker of a page, as the page sees it: messages go there, answers come back.
//!
//! A message to the worker is an array `[call, text, ...words]`; one from it is `[call, share]` while a call goes on and
//! `[call, text, words]` at its end. What the texts say is a matter of who sends and who answers.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fmt,
    rc::{Rc, Weak},
};

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use js_sys::{Array, Uint32Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::gpu::GpuError;

/// What the worker sends before anything is asked of it: that it has started.
pub(crate) const READY: &str = "ready";
/// What the worker sends in place of a call when it met a bug: the text says which.
pub(crate) const BROKEN: f64 = -1.0;

/// A worker that computes. Clones share it; the last one ends it.
#[derive(Clone)]
pub(crate) struct Worker(Rc<Inner>);

type Listener = Closure<dyn FnMut(JsValue)>;

struct Inner {
    worker: web_sys::Worker,
    /// The calls under way.
    waiting: RefCell<HashMap<u32, UnboundedSender<Event>>>,
    next: Cell<u32>,
    /// Why it answers no more.
    broken: RefCell<Option<String>>,
    listeners: RefCell<Vec<Listener>>,
}

/// What comes of a call.
pub(crate) enum Event {
    /// This share is done.
    Progress(f32),
    /// The end: a text and words.
    Answer(String, Vec<u32>),
}

/// A call under way. Its events come in order.
pub(crate) struct Call {
    worker: Worker,
    pub(crate) number: u32,
    events: UnboundedReceiver<Event>,
}

impl Worker {
    /// Hands the program to a fresh worker, and waits until it has started.
    ///
    /// # Errors
    /// [`GpuError::Worker`].
    pub(crate) async fn start(worker: web_sys::Worker) -> Result<Self, GpuError> {
        let inner = Rc::new(Inner {
            worker,
            waiting: RefCell::default(),
            next: Cell::new(1),
            broken: RefCell::default(),
            listeners: RefCell::default(),
        });
        listen(&inner);
        let started = Self(inner);
        // The first call is the program itself; the worker answers it when it is ready for others.
        let call = started.call(0);
        let sent = started.0.worker.post_message(&wasm_bindgen::module());
        sent.map_err(|error| refused(&error))?;
        match call.answer().await? {
            (text, _) if text == READY => Ok(started),
            (text, _) => Err(GpuError::Worker { reason: text }),
        }
    }

    /// Sends a request.
    pub(crate) fn send(&self, text: &str, words: &[&[u32]]) -> Result<Call, GpuError> {
        let number = self.0.next.get();
        self.0.next.set(number + 1);
        let call = self.call(number);
        self.post(number, text, words)?;
        Ok(call)
    }

    /// Sends a message that is not answered.
    pub(crate) fn post(&self, number: u32, text: &str, words: &[&[u32]]) -> Result<(), GpuError> {
        let message = Array::of2(&number.into(), &text.into());
        let buffers = Array::new();
        for words in words {
            let words = Uint32Array::from(*words);
            buffers.push(&words.buffer());
            message.push(&words);
        }
        // The copies of the words move, they are not copied again.
        self.0.worker.post_message_with_transfer(&message, &buffers).map_err(|error| refused(&error))
    }

    fn call(&self, number: u32) -> Call {
        let (sender, events) = unbounded();
        // A worker that answers no more leaves the channel without a sender, which ends the call.
        if self.0.broken.borrow().is_none() {
            self.0.waiting.borrow_mut().insert(number, sender);
        }
        Call { worker: self.clone(), number, events }
    }
}

impl Call {
    /// What comes next.
    ///
    /// # Errors
    /// [`GpuError::Worker`]: the worker answers no more.
    pub(crate) async fn next(&mut self) -> Result<Event, GpuError> {
        match self.events.recv().await {
            Ok(event) => Ok(event),
            Err(_) => {
                let reason = self.worker.0.broken.borrow().clone();
                Err(GpuError::Worker { reason: reason.unwrap_or_else(|| "it gave no answer".to_owned()) })
            }
        }
    }

    /// Its end.
    ///
    /// # Errors
    /// [`GpuError::Worker`]: the worker answers no more.
    pub(crate) async fn answer(mut self) -> Result<(String, Vec<u32>), GpuError> {
        loop {
            if let Event::Answer(text, words) = self.next().await? {
                return Ok((text, words));
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.worker.0.waiting.borrow_mut().remove(&self.number);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Worker").field("broken", &self.0.broken).finish_non_exhaustive()
    }
}

/// Takes the messages of the worker in.
fn listen(inner: &Rc<Inner>) {
    let weak = Rc::downgrade(inner);
    let on_message = Closure::new(move |event: JsValue| {
        let data = event.unchecked_into::<web_sys::MessageEvent>().data();
        take(&weak, &data.unchecked_into());
    });
    let weak = Rc::downgrade(inner);
    let on_error = Closure::new(move |event: JsValue| {
        let error = event.dyn_ref::<web_sys::ErrorEvent>();
        let reason = error.map(web_sys::ErrorEvent::message).filter(|reason| !reason.is_empty());
        let reason = reason.unwrap_or_else(|| "its script did not start".to_owned());
        if let Some(inner) = weak.upgrade() {
            inner.break_down(reason);
        }
        // It is reported to whoever waits, and so is no error of the page.
        event.unchecked_into::<web_sys::Event>().prevent_default();
    });
    inner.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    inner.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    *inner.listeners.borrow_mut() = vec![on_message, on_error];
}

fn take(inner: &Weak<Inner>, message: &Array) {
    let Some(inner) = inner.upgrade() else { return };
    let number = message.get(0).as_f64().unwrap_or(BROKEN);
    let second = message.get(1);
    if number == BROKEN {
        inner.break_down(second.as_string().unwrap_or_default());
        return;
    }
    let waiting = inner.waiting.borrow();
    let Some(sender) = waiting.get(&(number as u32)) else { return };
    let event = match second.as_f64() {
        Some(done) => Event::Progress(done as f32),
        None => {
            let words = message.get(2).dyn_ref::<Uint32Array>().map(Uint32Array::to_vec);
            Event::Answer(second.as_string().unwrap_or_default(), words.unwrap_or_default())
        }
    };
    // Who does not listen any more has dropped the call.
    let _ = sender.unbounded_send(event);
}

impl Inner {
    /// Nothing is answered any more: every call ends.
    fn break_down(&self, reason: String) {
        log::error!("the worker that computes has stopped: {reason}");
        self.broken.borrow_mut().get_or_insert(reason);
        self.waiting.borrow_mut().clear();
    }
}

fn refused(error: &JsValue) -> GpuError {
    GpuError::Worker { reason: format!("{error:?}") }
}
