//! A run: tokens as they come from the engine, and when they are worth drawing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use web_time::Instant;

use crate::studio::task::TaskId;

/// Drawings take at most one of so many parts of a run: then it takes a seventh more time, which is below 15 %, even where no
/// token is made meanwhile.
const PARTS: u32 = 8;
/// Shortest time between two drawings.
const SHORTEST: Duration = Duration::from_millis(80);

/// Tokens as they come: for each picture of the run, all so far.
#[derive(Clone, Default)]
pub(super) struct TokenStream(Arc<Mutex<Vec<Vec<u32>>>>);

impl TokenStream {
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

/// The current run.
pub(super) struct GenerationRun {
    pub(crate) task: TaskId,
    pub(crate) stream: TokenStream,
    /// Which pictures of the board are made.
    pub(crate) samples: Vec<usize>,
    pub(crate) started: Instant,
    drawing: Option<(TaskId, Instant)>,
    /// How long the drawings of this run took.
    spent: Duration,
    next: Instant,
    /// Tokens that the last drawing had, in all.
    drawn: usize,
}

impl GenerationRun {
    pub(crate) fn new(task: TaskId, stream: TokenStream, samples: Vec<usize>) -> Self {
        let now = Instant::now();
        let (spent, next) = (Duration::ZERO, now + SHORTEST);
        Self { task, stream, samples, started: now, drawing: None, spent, next, drawn: 0 }
    }

    /// Whether there is something new to draw, it is time, and somebody sees it.
    pub(crate) fn is_due(&self, seen: bool) -> bool {
        seen && self.drawing.is_none() && Instant::now() >= self.next && self.has_more()
    }

    /// Whether tokens have come that no drawing had.
    pub(crate) fn has_more(&self) -> bool {
        self.stream.count() > self.drawn
    }

    /// A task draws so many tokens of the run.
    pub(crate) fn draws(&mut self, task: TaskId, made: usize) {
        self.drawing = Some((task, Instant::now()));
        self.drawn = made;
    }

    /// A drawing is done. The next one, which will take about as long, waits until the run has lasted for long enough.
    pub(crate) fn drew(&mut self) {
        if let Some((_, since)) = self.drawing.take() {
            let took = since.elapsed();
            self.spent += took;
            let affordable = self.started + (self.spent + took) * PARTS - took;
            self.next = affordable.max(Instant::now() + SHORTEST);
        }
    }

    /// A task ended without a result: if it was the drawing, another one may begin.
    pub(crate) fn drawing_failed(&mut self, task: TaskId) {
        if self.drawing.is_some_and(|(drawing, _)| drawing == task) {
            self.drawing = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::{owner::Owner, task::Tasks};

    fn task() -> TaskId {
        Tasks::new(&egui::Context::default()).of(Owner::App).start_quietly(|_job| async {})
    }

    #[test]
    fn drawings_wait_for_new_tokens_for_their_time_and_for_somebody_to_see_them() {
        let mut run = GenerationRun::new(task(), TokenStream::new(1), vec![0]);
        run.next = Instant::now();
        assert!(!run.is_due(true), "there are no tokens");
        run.stream.extend(0, &[1, 2]);
        assert!(run.is_due(true) && !run.is_due(false));
        run.draws(task(), 2);
        run.stream.extend(0, &[3]);
        assert!(!run.is_due(true), "one is being made");
        std::thread::sleep(SHORTEST / 8);
        run.drew();
        let after = run.spent * 2;
        assert!(run.spent >= SHORTEST / 8);
        assert!(
            run.next + run.spent >= run.started + after * PARTS,
            "an eighth of the run after the next one"
        );
        let now = Instant::now();
        run.next = now;
        assert!(run.is_due(true));
        run.draws(task(), 3);
        run.drew();
        run.next = now;
        assert!(!run.is_due(true), "all tokens are drawn");
    }
}
