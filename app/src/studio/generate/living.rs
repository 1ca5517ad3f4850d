//! A run that goes on: tokens as they come from the engine, and when they are worth drawing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use web_time::Instant;

use crate::studio::task::TaskId;

/// Drawing while tokens are made may take this part of the time: a seventh, so that sampling is slowed by 15 % at most.
const PAUSE: u32 = 6;
/// Shortest time between two drawings.
const SHORTEST: Duration = Duration::from_millis(80);

/// Tokens as they come: for each picture of the run, all so far.
#[derive(Clone, Default)]
pub(crate) struct Stream(Arc<Mutex<Vec<Vec<u32>>>>);

impl Stream {
    pub(crate) fn new(pictures: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![Vec::new(); pictures])))
    }

    /// Notes new tokens of a picture.
    pub(crate) fn extend(&self, picture: usize, tokens: &[u32]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = all.get_mut(picture) {
            picture.extend_from_slice(tokens);
        }
    }

    /// Number of tokens so far, of all pictures.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Vec::len).sum()
    }

    /// All tokens so far.
    pub(crate) fn tokens(&self) -> Vec<Vec<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The run that goes on.
pub(crate) struct Living {
    pub(crate) task: TaskId,
    pub(crate) stream: Stream,
    /// Which pictures of the board are made.
    pub(crate) tiles: Vec<usize>,
    pub(crate) started: Instant,
    drawing: Option<(TaskId, Instant)>,
    next: Instant,
    /// Tokens that the last drawing had, in all.
    drawn: usize,
}

impl Living {
    pub(crate) fn new(task: TaskId, stream: Stream, tiles: Vec<usize>) -> Self {
        let now = Instant::now();
        Self { task, stream, tiles, started: now, drawing: None, next: now + SHORTEST, drawn: 0 }
    }

    /// Whether there is something new to draw, and it is time.
    pub(crate) fn is_due(&self) -> bool {
        self.drawing.is_none() && Instant::now() >= self.next && self.stream.count() > self.drawn
    }

    pub(crate) fn draws(&mut self, task: TaskId, made: usize) {
        self.drawing = Some((task, Instant::now()));
        self.drawn = made;
    }

    /// A drawing is done: the next one waits, the longer this one took.
    pub(crate) fn drew(&mut self) {
        if let Some((_, since)) = self.drawing.take() {
            self.next = Instant::now() + (since.elapsed() * PAUSE).max(SHORTEST);
        }
    }

    pub(crate) fn broke(&mut self, task: TaskId) {
        if self.drawing.is_some_and(|(drawing, _)| drawing == task) {
            self.drawing = None;
        }
    }
}
