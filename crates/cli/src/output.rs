//! Results on standard output, narration on standard error.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// The status of a process whose reader went away, as shells have it: 128 and SIGPIPE's number.
const READER_GONE: i32 = 141;

/// The status when results cannot be written for another reason, such as a full disk: see [`crate::exit`].
const CANNOT_WRITE: i32 = 3;

/// Prints a line of results, formatted as by `println!`. A reader that went away (`reeve design … | head`) ends the
/// process quietly; an output that fails otherwise is said.
macro_rules! outln {
    () => { crate::output::line(format_args!("")) };
    ($($argument:tt)*) => { crate::output::line(format_args!($($argument)*)) };
}

/// Tells people a line, formatted as by `eprintln!`. When nobody listens any more the work goes on all the same.
macro_rules! errln {
    ($($argument:tt)*) => { crate::output::tell(format_args!("{}\n", format_args!($($argument)*))) };
}

pub(crate) fn line(text: Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        if error.kind() != ErrorKind::BrokenPipe {
            errln!("error: failed to write to standard output\n  because: {error}");
            std::process::exit(CANNOT_WRITE);
        }
        std::process::exit(READER_GONE);
    }
}

/// Tells people something, at once and without the end of a line.
pub(crate) fn tell(text: Arguments<'_>) {
    // There is no other place to tell it.
    let _ = std::io::stderr().write_fmt(text);
}
