//! Decoders that give up by a panic.

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

thread_local! {
    /// Whether a panic of this thread is expected, and so not worth a message.
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder over bytes from outside; a panic in it is an error of the file. Decoders have had such faults, and one file
/// must not end the work on all others. Where a panic ends the program (wasm), it still does.
///
/// # Errors
/// What the panic carried.
pub(super) fn contain<T>(decode: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_CONTAINED.get() {
                usual(panic);
            }
        }));
    });
    IS_CONTAINED.set(true);
    // What the decoder held is dropped with it.
    let result = catch_unwind(AssertUnwindSafe(decode));
    IS_CONTAINED.set(false);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_later_ones_do_not() {
        assert_eq!(contain(|| 3).unwrap(), 3);
        let index = std::hint::black_box(7);
        assert!(contain(|| [1, 2, 3][index]).is_err());
        assert!(!IS_CONTAINED.get());
    }
}
