//! Receivers of events.

use std::io;

use crate::TrainEvent;

/// Receives the events of a run.
pub trait EventSink {
    /// Takes in one event.
    ///
    /// # Errors
    /// Those of writing it somewhere. The run then ends, and keeps its last checkpoint.
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()>;
}

/// Keeps all events.
impl EventSink for Vec<TrainEvent> {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        self.push(event.clone());
        Ok(())
    }
}

/// Passes every event on to several sinks, in their order.
#[derive(Default)]
pub struct Sinks<'a>(Vec<Box<dyn EventSink + 'a>>);

impl<'a> Sinks<'a> {
    /// No sinks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sink.
    #[must_use]
    pub fn with(mut self, sink: impl EventSink + 'a) -> Self {
        self.0.push(Box::new(sink));
        self
    }
}

impl EventSink for Sinks<'_> {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.receive(event))
    }
}

impl<S: EventSink + ?Sized> EventSink for &mut S {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        (**self).receive(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl EventSink for Full {
        fn receive(&mut self, _: &TrainEvent) -> io::Result<()> {
            Err(io::Error::other("the disk is full"))
        }
    }

    #[test]
    fn every_sink_gets_every_event_until_one_fails() {
        let (mut first, mut last) = (Vec::new(), Vec::new());
        let done = TrainEvent::Done { step: 1, is_stopped: false };
        Sinks::new().with(&mut first).with(&mut last).receive(&done).unwrap();
        assert_eq!((&first, &last), (&vec![done.clone()], &vec![done.clone()]));
        let error = Sinks::new().with(Full).with(&mut last).receive(&done).unwrap_err();
        assert!(error.to_string().contains("full") && last.len() == 1);
    }
}
