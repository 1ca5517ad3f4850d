//! Why there is no GPU, or no longer, and how drivers put it.

use super::Remedy;

/// Why there is no GPU, or no longer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GpuError {
    /// Nothing fits the choice.
    #[error("no GPU adapter {wanted}. Found: {found}. {advice}")]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// The adapters there are.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// The adapter gives no device.
    #[error("the adapter {adapter} gave no device: {reason}")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// What the driver says.
        reason: String,
    },
    /// The device went away.
    #[error("the GPU device was lost ({reason}); open it again")]
    Lost {
        /// What the driver says.
        reason: String,
    },
    /// The worker of a page that computes on the processor answers no more.
    #[error("the worker that computes on the processor has stopped ({reason}); load the model again")]
    Worker {
        /// What the browser says.
        reason: String,
    },
    /// The device has not the memory.
    #[error("the GPU has no memory for {what} ({bytes} bytes)")]
    OutOfMemory {
        /// What was to be allocated.
        what: String,
        /// Its size.
        bytes: u64,
    },
    /// The driver refused something of ours.
    #[error("the GPU refused {what}: {reason}")]
    Refused {
        /// What was tried.
        what: String,
        /// What the driver says.
        reason: String,
    },
}

impl GpuError {
    /// What may help.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        matches!(self, Self::OutOfMemory { .. }).then_some(Remedy::UseLessMemory)
    }
}

/// What the driver says, in one line: wgpu writes its chain of causes below each other.
pub(super) fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    lines.map(|line| line.trim_end_matches('.')).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn reasons_are_one_line() {
        let chain =
            "Validation Error\n\nCaused by:\n  In Device::create_buffer, label = 'x'\n    Too large.\n";
        assert_eq!(
            super::one_line(&chain),
            "Validation Error: In Device::create_buffer, label = 'x': Too large"
        );
    }
}
