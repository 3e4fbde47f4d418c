//! The developer's commands: `cargo xtask check`, `cargo xtask format`, `cargo xtask bench NAME`, `cargo xtask soak`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command talks to the developer"
)]

mod bench;
mod check;
mod edges;
mod packages;
mod shell;
mod soak;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer's commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that must hold before a change lands; does its own set-up.
    Check {
        /// Only these steps, by name.
        #[arg(long)]
        only: Vec<String>,
    },
    /// Measures, side by side with a peer in one run.
    Bench {
        /// What is measured.
        #[arg(value_enum)]
        name: bench::Name,
    },
    /// Writes what is published of the estate's format: the schema and the manual's tables.
    Format,
    /// What takes too long for every change.
    Soak {
        /// How often the rehearsal is run and killed.
        #[arg(long, default_value_t = 20)]
        rounds: u32,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check { only } => check::run_all(&only),
        Command::Bench { name } => bench::run(name),
        Command::Format => check::write_format(),
        Command::Soak { rounds } => soak::run_soak(rounds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}
