//! The `reeve` binary: parses, wires, prints, exits. What it prints for programs goes to standard output, what it tells
//! people on the way to standard error.

#[macro_use]
mod output;

mod arguments;
mod command;
mod exit;
mod show;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, TwinCommand};

fn main() -> ExitCode {
    // The twin's own processes are this same binary. They come first, before anything starts a thread: a process with
    // threads may not enter a user namespace.
    let argv: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if let Some(code) = command::hidden(&argv) {
        return code;
    }
    let Arguments {
        json,
        catalog,
        command,
    } = Arguments::try_parse().unwrap_or_else(|error| misread(&argv, &error));
    let given = command::Given { json, catalog };
    let outcome = match command {
        Command::New { name, defaults } => command::new(&given, &name, defaults),
        Command::Check {
            estate,
            explain: Some(key),
            ..
        } => command::explain(&given, &estate, &key),
        Command::Check {
            estate, resolve, ..
        } => command::check(&given, &estate, resolve),
        Command::Schema => command::schema(),
        Command::Design {
            estate,
            unchanged,
            out,
        } => command::design(&given, &estate, unchanged, out.as_deref()),
        Command::Prove { estate } => command::prove(&given, &estate),
        Command::Link { estate, out } => command::link(&given, &estate, out.as_deref()),
        Command::Names(handing) => command::names(&given, &handing),
        Command::Rehearse(rehearsal) => command::rehearse(&given, &rehearsal),
        Command::Ssh {
            estate,
            host,
            command,
        } => command::ssh(&given, &estate, &host, &command),
        Command::Twin(TwinCommand::Ls) => command::twin_ls(&given),
        Command::Twin(TwinCommand::Stop { twin, all }) => command::twin_stop(twin.as_deref(), all),
        Command::Doctor => command::doctor(&given),
    };
    match outcome {
        Ok(exit) => exit.code(),
        Err(failure) => {
            if given.json {
                show::failure_as_json(&failure);
            }
            show::failure(&failure);
            failure.exit().code()
        }
    }
}

/// Ends the process over a command line that was not understood, or that asked for help.
fn misread(argv: &[String], error: &clap::Error) -> ! {
    if error.use_stderr() && argv.iter().any(|word| word == "--json") {
        show::misread_as_json(error);
    }
    error.exit()
}
