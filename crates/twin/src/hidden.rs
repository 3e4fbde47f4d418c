//! The words by which this executable runs itself again, and who answers to them.

use std::process::ExitCode;

use crate::{doctor, kept, supervise};

/// Makes the namespaces and PID 1 in them: LABEL RUN_DIR, the outer process's socket on standard input.
pub(crate) const SUPERVISOR: &str = "twin-supervisor";
/// Maps users into the namespace that another process makes: PID WAY USERS GROUPS, a go on standard input.
pub(crate) const MAPPER: &str = "twin-mapper";
/// Is PID 1: LABEL RUN_DIR.
pub(crate) const INIT: &str = "twin-init";
/// Dresses a namespace as a host, then becomes the host's program.
pub(crate) const HOST: &str = "twin-host";
/// Joins a host's namespaces: PID COMMAND…
pub(crate) const ENTER: &str = "twin-enter";
/// Becomes a command within them: COMMAND…
pub(crate) const ENTERED: &str = "twin-entered";
/// Tries what the machine allows.
pub(crate) const PROBE: &str = "twin-probe";
/// Tries what only PID 1 of a pid namespace may.
pub(crate) const PROBE_INIT: &str = "twin-probe-init";

/// Runs one of the twin's own processes if `argv` (with the executable's name first) asks for one. The caller exits with
/// what it returns; none for an ordinary command.
///
/// To be called first thing in `main`, while the process has a single thread: the kernel lets no other join or make
/// user namespaces.
#[must_use]
pub fn main_if_hidden(argv: &[String]) -> Option<ExitCode> {
    let (word, arguments) = argv.get(1..)?.split_first()?;
    let code = match word.as_str() {
        SUPERVISOR => supervise::supervisor(arguments),
        MAPPER => supervise::mapper(arguments),
        INIT => supervise::init(arguments),
        HOST => supervise::host(),
        ENTER => kept::enter::join(arguments),
        ENTERED => kept::enter::become_command(arguments),
        PROBE => doctor::probe::outside(),
        PROBE_INIT => doctor::probe::inside(),
        _ => return None,
    };
    Some(code)
}
