//! The worker's side: takes messages in, answers them one after the other, and looks for cancelling in between.

use std::{cell::RefCell, collections::HashSet, ops::Range, rc::Rc, time::Duration};

use futures_channel::{mpsc, oneshot};
use js_sys::{Array, Uint32Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_time::Instant;

use crate::{
    device::{BROKEN, Processor, READY},
    foreign_text::clean_message,
    job::Job,
};

use super::{
    request::{Answer, Refusal, Request},
    server::{Answered, Server},
};

/// How long messages may wait while operations run, apart from the one operation that is under way.
const SLICE: Duration = Duration::from_millis(20);

/// A message: the number of its call, the request, the words beside it.
type Message = (u32, Request, Vec<Vec<u32>>);

/// Answers the requests of the page that started this worker, until it is ended. To be called once, by the worker's script.
pub fn answer_page() {
    std::panic::set_hook(Box::new(|info| {
        post(&BROKEN.into(), &clean_message(&info.to_string()).as_ref().into(), None);
    }));
    let (sender, messages) = mpsc::unbounded();
    let cancelled = Rc::new(RefCell::new(HashSet::new()));
    let seen = Rc::clone(&cancelled);
    let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        match message(&event.data().unchecked_into()) {
            Ok((_, Request::Cancel { call }, _)) => {
                seen.borrow_mut().insert(call);
            }
            // The receiver lives as long as the worker.
            Ok(message) => drop(sender.unbounded_send(message)),
            Err(reason) => post(&BROKEN.into(), &reason.into(), None),
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    on_message.forget();
    wasm_bindgen_futures::spawn_local(answer_all(messages, cancelled));
    post(&0.into(), &READY.into(), None);
}

async fn answer_all(mut messages: mpsc::UnboundedReceiver<Message>, cancelled: Rc<RefCell<HashSet<u32>>>) {
    let mut server = Server::new(Processor::open(1));
    let turn = match Turn::new() {
        Ok(turn) => turn,
        Err(error) => return post(&BROKEN.into(), &format!("{error:?}").into(), None),
    };
    while let Ok((call, request, arrays)) = messages.recv().await {
        let answered = match request {
            Request::Run { program, from, to, times, timed } => {
                let stopped = || cancelled.borrow_mut().remove(&call);
                run(&server, call, (program, from..to, times, timed), (&turn, stopped))
                    .await
                    .map(|answer| (answer, Vec::new()))
            }
            request => server.answer(request, &arrays),
        };
        // Cancelling that came too late.
        cancelled.borrow_mut().remove(&call);
        post_answer(call, answered);
    }
}

/// Runs operations one by one, `times` times over, reports the share that is done, and takes messages in meanwhile.
async fn run(
    server: &Server,
    call: u32,
    (program, operations, times, timed): (u32, Range<usize>, u32, bool),
    (turn, stopped): (&Turn, impl Fn() -> bool),
) -> Result<Answer, Refusal> {
    let flops = server.flops(program)?;
    let once: f64 = flops.get(operations.clone()).unwrap_or_default().iter().sum();
    let total = (once * f64::from(times)).max(1.0);
    let (mut done, mut runs, job) = (0.0, Vec::new(), Job::new());
    let mut last = Instant::now();
    for operation in (0..times).flat_map(|_| operations.clone()) {
        runs.extend(server.run(program, operation..operation + 1, timed, &job)?);
        done += flops[operation];
        if last.elapsed() > SLICE {
            post(&call.into(), &(done / total).into(), None);
            turn.end().await;
            last = Instant::now();
        }
        if stopped() {
            return Err(Refusal::Cancelled);
        }
    }
    Ok(Answer::Runs(runs))
}

/// A channel of this worker to itself: a message through it comes after those that are already there.
struct Turn {
    channel: web_sys::MessageChannel,
    waiting: Rc<RefCell<Option<oneshot::Sender<()>>>>,
    _wake: Closure<dyn FnMut()>,
}

impl Turn {
    fn new() -> Result<Self, JsValue> {
        let channel = web_sys::MessageChannel::new()?;
        let waiting: Rc<RefCell<Option<oneshot::Sender<()>>>> = Rc::default();
        let woken = Rc::clone(&waiting);
        let wake = Closure::new(move || {
            if let Some(sender) = woken.borrow_mut().take() {
                // Who waits for it waits for nothing else, and so is still there.
                let _ = sender.send(());
            }
        });
        channel.port1().set_onmessage(Some(wake.as_ref().unchecked_ref()));
        Ok(Self { channel, waiting, _wake: wake })
    }

    /// Lets the messages that are there be taken in. A timer would wait for four milliseconds.
    async fn end(&self) {
        let (sender, next) = oneshot::channel();
        *self.waiting.borrow_mut() = Some(sender);
        match self.channel.port2().post_message(&JsValue::NULL) {
            Ok(()) => drop(next.await),
            Err(error) => log::warn!("messages have to wait: {error:?}"),
        }
    }
}

/// A message as the page sends it.
fn message(data: &Array) -> Result<Message, String> {
    let call = data.get(0).as_f64().unwrap_or_default() as u32;
    let text = data.get(1).as_string().unwrap_or_default();
    let request = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let arrays = data.iter().skip(2).map(|words| words.unchecked_into::<Uint32Array>().to_vec());
    Ok((call, request, arrays.collect()))
}

fn post_answer(call: u32, answered: Answered) {
    let (answer, words) = match answered {
        Ok((answer, words)) => (Ok(answer), words),
        Err(refusal) => (Err(refusal), Vec::new()),
    };
    match serde_json::to_string(&answer) {
        Ok(text) => post(&call.into(), &text.into(), Some(&words)),
        Err(error) => post(&BROKEN.into(), &error.to_string().into(), None),
    }
}

fn post(call: &JsValue, content: &JsValue, words: Option<&[u32]>) {
    let message = Array::of2(call, content);
    let buffers = Array::new();
    if let Some(words) = words {
        let words = Uint32Array::from(words);
        buffers.push(&words.buffer());
        message.push(&words);
    }
    // Plain values can always be sent.
    let _ = scope().post_message_with_transfer(&message, &buffers);
}

fn scope() -> web_sys::DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
