//! A daemon that stands.

use super::error::DaemonError;
use super::running::{Program, Running};

/// A daemon that has answered. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Standing {
    _running: Running,
}

/// Starts a daemon and waits until it answers.
pub(super) async fn stand<F>(
    program: &Program,
    answers: impl FnMut() -> F,
) -> Result<Standing, DaemonError>
where
    F: Future<Output = bool>,
{
    let mut running = program.start()?;
    running.until(answers).await?;
    Ok(Standing { _running: running })
}
