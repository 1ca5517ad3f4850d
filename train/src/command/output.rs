//! Standard output and standard error. Neither can end a run: a reader may have gone, or a log may fill its disk, while the
//! training continues. Names from files are cleaned on their way there.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::{Mutex, PoisonError},
};

use ibq_core::foreign_text::{clean_lines, clean_message};

/// The first error of standard output, other than a reader that has gone.
static UNWRITTEN: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes a line to standard output, like `println!`, but continues when it cannot be written.
macro_rules! say {
    ($($text:tt)*) => { $crate::command::output::print(format_args!($($text)*)) };
}

/// Writes a line to standard error, like `eprintln!`, but continues when it cannot be written.
macro_rules! report {
    ($($text:tt)*) => { $crate::command::output::print_error(format_args!($($text)*)) };
}

pub(super) use {report, say};

/// Writes a line to standard output. [`take_error`] has the error if it cannot be written.
pub(super) fn print(text: fmt::Arguments<'_>) {
    print_to(&mut io::stdout(), text, &UNWRITTEN);
}

/// Writes a line to standard error, if anyone reads it.
pub(super) fn print_error(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{}", clean_message(&text.to_string()));
}

/// Why lines on standard output are missing, if any are.
pub(super) fn take_error() -> Option<io::Error> {
    UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn print_to(out: &mut dyn Write, text: fmt::Arguments<'_>, unwritten: &Mutex<Option<io::Error>>) {
    match writeln!(out, "{}", clean_lines(&text.to_string())).and_then(|()| out.flush()) {
        // Whoever read it has seen enough (`| head`).
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            unwritten.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        Ok(()) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_remembered() {
        let unwritten = Mutex::new(None);
        print_to(&mut Failing(ErrorKind::BrokenPipe), format_args!("line"), &unwritten);
        assert!(unwritten.lock().unwrap().is_none());
        print_to(&mut Failing(ErrorKind::StorageFull), format_args!("line"), &unwritten);
        print_to(&mut Failing(ErrorKind::Other), format_args!("line"), &unwritten);
        let mut out = Vec::new();
        print_to(&mut out, format_args!("a\u{1b}]52;b"), &unwritten);
        assert_eq!(out, "a\u{fffd}]52;b\n".as_bytes());
        assert_eq!(unwritten.lock().unwrap().as_ref().unwrap().kind(), ErrorKind::StorageFull);
    }
}
