//! `new` and `schema`: how an estate begins.

use std::fs::{self, File};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use jiff::Zoned;
use jiff::civil::Date;
use model::Catalog;
use model::estate::{QUESTIONS, Starter, describe, read};
use serde_json::json;

use super::{Failure, Given, print_json};
use crate::exit::Exit;
use crate::output;

/// Longest answer that is read, bytes: a value has at most a thousand characters.
const LONGEST_ANSWER: u64 = 8 * 1024;

/// How often a question is asked before whoever answers is taken for a program that does not understand.
const MOST_TRIES: u32 = 5;

pub(crate) fn schema() -> Result<Exit, Failure> {
    let schema = describe().schema().map_err(Failure::Json)?;
    outln!("{}", schema.trim_end());
    Ok(Exit::Holds)
}

pub(crate) fn new(given: &Given, folder: &Path, defaults: bool) -> Result<Exit, Failure> {
    let begin = |what: &str| Failure::Begin {
        folder: folder.to_owned(),
        what: what.to_owned(),
    };
    // `.` has the name of the folder that it stands for.
    let named = match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder.canonicalize().unwrap_or_default(),
    };
    let name = named.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| begin("it has no name that an estate could have"))?;
    let mut starter = Starter::new(name);
    let today = Zoned::now().date();
    if let Some(why) = wrong(&starter, "name", today) {
        return Err(begin(&why));
    }
    let files = [
        folder.join("estate.toml"),
        folder.join("estate.schema.json"),
    ];
    if let Some(there) = files.iter().find(|file| fs::symlink_metadata(file).is_ok()) {
        return Err(begin(&format!("{} is there already", there.display())));
    }
    if !defaults {
        if !io::stdin().is_terminal() {
            return Err(Failure::NoTerminal);
        }
        errln!(
            "An empty answer takes what stands in brackets. Everything can be changed in the file."
        );
        ask(&mut starter, &mut io::stdin().lock(), today)?;
    }
    fs::create_dir_all(folder).map_err(|source| Failure::Write {
        path: folder.to_owned(),
        source,
    })?;
    let schema = describe().schema().map_err(Failure::Json)?;
    for (file, text) in files.iter().zip([starter.text(), schema]) {
        create(file, &text).map_err(|source| Failure::Write {
            path: file.clone(),
            source,
        })?;
    }
    if given.json {
        print_json(&json!({ "wrote": files }))?;
    } else {
        for file in &files {
            outln!("Wrote {}", file.display());
        }
        errln!(
            "{} is made up. Go on with `reeve check {}`.",
            if defaults {
                "Every address in it"
            } else {
                "Every address that you did not give"
            },
            folder.display()
        );
    }
    Ok(Exit::Holds)
}

/// Asks every question until its answer can be used.
fn ask(starter: &mut Starter, input: &mut impl BufRead, today: Date) -> Result<(), Failure> {
    for path in QUESTIONS {
        let Some((meaning, mut value)) = starter.question(path) else {
            continue;
        };
        let mut tries = 0;
        loop {
            output::tell(format_args!("{meaning}\n  {path} [{value}]: "));
            let mut line = Vec::new();
            let read = input.take(LONGEST_ANSWER).read_until(b'\n', &mut line);
            tries += 1;
            if tries > MOST_TRIES || !read.is_ok_and(|read| read > 0) {
                return Err(Failure::NoAnswer(path));
            }
            let answer = String::from_utf8_lossy(&line);
            if !answer.trim().is_empty() {
                answer.trim().clone_into(&mut value);
            }
            let before = starter.clone();
            starter.answer(path, &value);
            let Some(why) = wrong(starter, path, today) else {
                break;
            };
            errln!("  {why}");
            *starter = before;
            value = starter.question(path).map_or(value, |(_, value)| value);
        }
    }
    Ok(())
}

/// What is wrong with what stands at a path.
fn wrong(starter: &Starter, path: &str, today: Date) -> Option<String> {
    let reading = read(
        "estate.toml",
        starter.text().as_bytes(),
        &Catalog::embedded(),
        today,
    );
    let about = |subject: &str| {
        subject
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    };
    // An answer that breaks the file's syntax is found as that and as nothing else.
    let finding = reading.findings.iter().find(|finding| {
        finding.blocks() && (about(&finding.subject) || finding.rule == "syntax")
    })?;
    Some(format!("{} {}", finding.message, finding.remedy))
}

/// Writes a file that is not there yet. One that cannot be written whole is removed again.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // It is the failure to write that is told.
        let _ = fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 20);

    fn asked(answers: &str) -> Result<String, String> {
        let mut starter = Starter::new("globex");
        ask(&mut starter, &mut answers.as_bytes(), TODAY)
            .map(|()| starter.text())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn answers_are_taken_and_empty_ones_leave_what_was_offered() {
        let text = asked(&format!("Globex Ltd\neu-west-2{}", "\n".repeat(20))).expect("answers");
        assert!(text.contains("customer = \"Globex Ltd\""), "{text}");
        assert!(
            text.contains("zones = [\"eu-west-2a\", \"eu-west-2b\"]"),
            "{text}"
        );
        let reading = read("estate.toml", text.as_bytes(), &Catalog::embedded(), TODAY);
        assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
    }

    #[test]
    fn what_cannot_be_used_is_asked_again_but_not_for_ever() {
        let text = asked(&format!("\natlantis-1\neu-west-2{}", "\n".repeat(20))).expect("answers");
        assert!(text.contains("region = \"eu-west-2\""), "{text}");
        let check = |answers: &str, about: &str| {
            let told = asked(answers).expect_err(about);
            assert!(told.contains(about), "{told}");
        };
        check("", "customer");
        check("Globex\n", "region");
        check(&format!("\n{}", "atlantis-1\n".repeat(20)), "region");
        check(&"\u{202e}\n".repeat(20), "customer");
        check(&"x".repeat(100_000), "customer");
    }
}
