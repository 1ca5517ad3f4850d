//! What waits for a device.

use std::pin::Pin;

/// A future of an executor. Whoever asked for it waits for it on the same thread.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
