//! The program that the tests run in a host.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, exit};

use serde_json::{Value, json};

/// The word by which this binary is the program.
pub(crate) const WORD: &str = "echo-host";

pub(crate) fn run() -> ExitCode {
    let Ok(mut channel) = twin::host::channel() else {
        return ExitCode::from(2);
    };
    while let Ok(Some(request)) = channel.recv() {
        let answer = match answer(&request.body) {
            Some(answer) => answer,
            None => continue,
        };
        let answer = answer.as_ref().map_err(String::as_str);
        if channel.send(request.id, answer).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// What a shell prints that runs a script as a user and the group of the same number, and no other.
fn as_user(argument: &Value) -> io::Result<String> {
    let nothing = || io::Error::from(io::ErrorKind::InvalidInput);
    let number = argument[0].as_u64().and_then(|user| user.try_into().ok());
    let user: u32 = number.ok_or_else(nothing)?;
    let script = argument[1].as_str().ok_or_else(nothing)?;
    let output = Command::new("sh")
        .args(["-c", script])
        .uid(user)
        .gid(user)
        .current_dir("/")
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a question is answered; none for never.
fn answer(question: &Value) -> Option<Result<Value, String>> {
    let (word, argument) = question.as_object()?.iter().next()?;
    let path = argument.as_str().unwrap_or_default();
    let words = |error: io::Error| error.to_string();
    Some(match word.as_str() {
        "echo" => Ok(argument.clone()),
        "refuse" => Err(path.to_owned()),
        "never" => return None,
        "die" => {
            writeln!(io::stderr(), "dying as asked").expect("writes");
            exit(3)
        }
        "long" => {
            let length = argument
                .as_u64()
                .and_then(|length| usize::try_from(length).ok());
            Ok(json!("x".repeat(length.unwrap_or_default())))
        }
        "read" => fs::read_to_string(path).map(Value::from).map_err(words),
        "write" => fs::write(path, "changed").map(Value::from).map_err(words),
        "names" => fs::read_dir(path)
            .map(|entries| {
                entries
                    .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                    .collect::<Vec<_>>()
                    .into()
            })
            .map_err(words),
        "environment" => Ok(std::env::vars()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .into()),
        "users" => Ok(json!(
            twin::uid_range().map(|range| [*range.start(), *range.end()])
        )),
        "as" => as_user(argument).map(Value::from).map_err(words),
        "hostname" => nix::unistd::gethostname()
            .map(|name| Value::from(name.to_string_lossy()))
            .map_err(|errno| errno.to_string()),
        _ => Err(format!("no such word: {word}")),
    })
}
