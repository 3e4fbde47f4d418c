//! Secrets: from a reference to its value, here and nowhere else. What goes wrong is told without any of the value.

use std::env;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use model::{Secret, SecretRef};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::sources::read_limited;

/// Longest secret, bytes: a private key with its chain has some kilobytes.
const LONGEST: usize = 64 * 1024;

/// Most that is read of what a program complains, bytes: the code of an error stands in its first line.
const LONGEST_COMPLAINT: u64 = 4096;

/// How long a program may take. One that asks a person waits for ever; one that asks a service needs seconds.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The variable that names the identity with which age files are opened.
const AGE_IDENTITY: &str = "REEVE_AGE_IDENTITY";

/// How files begin that are sealed with age, binary or as text.
const AGE_HEADERS: [&[u8]; 2] = [
    b"age-encryption.org/",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
];

/// Where references are resolved.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The estate's folder, where relative paths begin, in defaults that it extends too.
    pub folder: &'a Path,
    /// The AWS region whose Secrets Manager is asked.
    pub region: &'a str,
}

/// Why a reference gives no secret. No text of it repeats any of the value.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// A file cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An environment variable is not set.
    #[error("find the environment variable {0}: it is not set")]
    NotSet(String),
    /// A command line cannot be taken apart.
    #[error("take the command line apart: a quote is never closed")]
    Quotes,
    /// A program cannot be started.
    #[error("start {program}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program took too long.
    #[error("wait for {program}: it took more than {} seconds", TIME_LIMIT.as_secs())]
    TooSlow {
        /// The program.
        program: String,
    },
    /// A program failed. What it wrote is not repeated: it may be the secret.
    #[error("run {program}: {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The value is empty.
    #[error("get a secret: what is there is empty")]
    Empty,
    /// The value is too long.
    #[error("get a secret: what is there has more than 64 KiB")]
    TooLong,
    /// The value is not text.
    #[error("get a secret: what is there is not UTF-8 text")]
    NotText,
    /// The file is not sealed with age.
    #[error("open {0}: it is not sealed with age")]
    NotSealed(PathBuf),
    /// There is no identity to open a sealed file with.
    #[error("open {0}: {AGE_IDENTITY} names no identity to open it with")]
    NoIdentity(PathBuf),
    /// Secrets Manager has no such secret.
    #[error("find {0} in AWS Secrets Manager: there is none in this region")]
    NoSuchSecret(String),
    /// AWS did not answer the question.
    #[error("ask AWS Secrets Manager: {0}")]
    Aws(String),
}

impl ResolveError {
    /// Whether it could not be told here whether the reference is good: something is missing on this machine, or the one
    /// who was asked did not say.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Start { program, source } => {
                source.kind() == io::ErrorKind::NotFound
                    && ["age", "aws"].contains(&program.as_str())
            }
            Self::NoIdentity(_) | Self::Aws(_) => true,
            Self::TooSlow { program } => program == "aws",
            _ => false,
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Read { .. } => "put the file there, readable for whoever runs Reeve".to_owned(),
            Self::NotSet(name) => format!("set {name} before Reeve is run"),
            Self::Quotes => "close the quote".to_owned(),
            Self::Start { program, .. } if program == "age" => "install age".to_owned(),
            Self::Start { program, .. } if program == "aws" => "install the AWS command line".to_owned(),
            Self::Start { .. } => "name a program that is installed here; there is no shell around it".to_owned(),
            Self::TooSlow { .. } => "use a command that asks nobody".to_owned(),
            Self::Failed { program, .. } => format!("run {program} by hand to see what it says"),
            Self::Empty | Self::TooLong | Self::NotText => "put the secret alone there, as text".to_owned(),
            Self::NotSealed(_) => "seal it with `age --encrypt`, or refer to it as file:".to_owned(),
            Self::NoIdentity(_) => format!("set {AGE_IDENTITY} to the file of an identity that it was sealed for"),
            Self::NoSuchSecret(_) => "make the secret, or name the region's own by its ARN".to_owned(),
            Self::Aws(_) => "log in to the account with the AWS command line, as somebody who may read the secret".to_owned(),
        }
    }
}

/// Gets the value that a reference names.
///
/// # Errors
/// Fails when there is none, when it is no text, empty or longer than 64 KiB, and when this machine cannot get it.
pub fn resolve(reference: &SecretRef, around: Surroundings<'_>) -> Result<Secret, ResolveError> {
    let bytes = match reference {
        SecretRef::File(path) => read(&around.folder.join(path))?,
        SecretRef::Env(name) => variable(name)?,
        SecretRef::Command(line) => command(line, around.folder)?,
        SecretRef::Age(path) => unsealed(&around.folder.join(path))?,
        SecretRef::AwsSecret(name) => managed(name, around.region)?,
    };
    value(bytes)
}

/// A value without the newline at its end.
fn value(bytes: Vec<u8>) -> Result<Secret, ResolveError> {
    if bytes.len() > LONGEST {
        return Err(ResolveError::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| ResolveError::NotText)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(ResolveError::Empty);
    }
    Ok(Secret::new(text))
}

fn read(path: &Path) -> Result<Vec<u8>, ResolveError> {
    read_limited(path).map_err(|source| ResolveError::Read {
        path: path.to_owned(),
        source,
    })
}

fn variable(name: &str) -> Result<Vec<u8>, ResolveError> {
    match env::var(name) {
        Ok(value) => Ok(value.into_bytes()),
        Err(env::VarError::NotPresent) => Err(ResolveError::NotSet(name.to_owned())),
        Err(env::VarError::NotUnicode(_)) => Err(ResolveError::NotText),
    }
}

fn command(line: &str, folder: &Path) -> Result<Vec<u8>, ResolveError> {
    let words = words(line)?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(ResolveError::Empty);
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    let output = run(program, command)?;
    if !output.status.success() {
        return Err(ResolveError::Failed {
            program: program.clone(),
            status: output.status,
        });
    }
    Ok(output.stdout)
}

/// The words of a command line: white space separates them, quotes of either kind keep it, and nothing else means anything.
fn words(line: &str) -> Result<Vec<String>, ResolveError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => word.get_or_insert_default().push(character),
            None if ['"', '\''].contains(&character) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    if quote.is_some() {
        return Err(ResolveError::Quotes);
    }
    Ok(words)
}

fn unsealed(path: &Path) -> Result<Vec<u8>, ResolveError> {
    let sealed = read(path)?;
    if !AGE_HEADERS.iter().any(|header| sealed.starts_with(header)) {
        return Err(ResolveError::NotSealed(path.to_owned()));
    }
    let Some(identity) = env::var_os(AGE_IDENTITY).filter(|identity| !identity.is_empty()) else {
        return Err(ResolveError::NoIdentity(path.to_owned()));
    };
    let mut command = Command::new("age");
    command
        .arg("--decrypt")
        .arg("--identity")
        .arg(identity)
        .arg("--")
        .arg(path);
    let output = run("age", command)?;
    if !output.status.success() {
        return Err(ResolveError::Failed {
            program: "age".to_owned(),
            status: output.status,
        });
    }
    Ok(output.stdout)
}

fn managed(name: &str, region: &str) -> Result<Vec<u8>, ResolveError> {
    let mut command = Command::new("aws");
    command
        .args([
            "secretsmanager",
            "get-secret-value",
            "--query=SecretString",
            "--output=text",
        ])
        .arg(format!("--secret-id={name}"))
        .arg(format!("--region={region}"))
        .env("AWS_PAGER", "");
    let output = run("aws", command)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // `An error occurred (ResourceNotFoundException) when calling …`; without a code AWS was not even asked.
    let complaint = String::from_utf8_lossy(&output.stderr);
    let code = complaint
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    let code = code
        .map(|(code, _)| code)
        .filter(|code| code.chars().all(|c| c.is_ascii_alphanumeric()));
    Err(match code {
        Some("ResourceNotFoundException") => ResolveError::NoSuchSecret(name.to_owned()),
        Some(code) => ResolveError::Aws(format!("it answered {code}")),
        None if complaint.contains("credentials") => {
            ResolveError::Aws("there are no credentials for it here".to_owned())
        }
        None if complaint.contains("connect") => {
            ResolveError::Aws("it cannot be reached from here".to_owned())
        }
        None => ResolveError::Aws(format!("the AWS command line ended with {}", output.status)),
    })
}

/// What a program wrote and how it ended.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs a program without input, within the limits of time and length. One that takes too long is ended with everything
/// that it started.
fn run(program: &str, mut command: Command) -> Result<Output, ResolveError> {
    let failed = |source| ResolveError::Start {
        program: program.to_owned(),
        source,
    };
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens any more once it took too long.
        let _ = sender.send(collect(child));
    });
    match receiver.recv_timeout(TIME_LIMIT) {
        // A program whose output nobody takes any more may have failed for that.
        Ok(Ok(output)) if output.stdout.len() > LONGEST => Err(ResolveError::TooLong),
        Ok(output) => output.map_err(failed),
        Err(_) => {
            if let Some(group) = group {
                // It may just have ended by itself.
                let _ = kill_process_group(group, Signal::KILL);
            }
            Err(ResolveError::TooSlow {
                program: program.to_owned(),
            })
        }
    }
}

/// Reads what a program writes until it closes its outputs and ends. More than a secret may have is cut off, and ends the
/// program when it goes on writing.
fn collect(mut child: Child) -> io::Result<Output> {
    let stderr = child.stderr.take();
    let complaints = thread::spawn(move || {
        let mut bytes = Vec::new();
        // A complaint that cannot be read is none; the status still says that it failed.
        let _ = stderr.map(|pipe| pipe.take(LONGEST_COMPLAINT).read_to_end(&mut bytes));
        bytes
    });
    let mut stdout = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        // A byte more shows that it is too long.
        pipe.take(LONGEST as u64 + 1).read_to_end(&mut stdout)?;
    }
    let status = child.wait()?;
    Ok(Output {
        status,
        stdout,
        stderr: complaints.join().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn resolved(folder: &Path, reference: &str) -> Result<Secret, ResolveError> {
        let reference = SecretRef::parse(reference).expect(reference);
        let around = Surroundings {
            folder,
            region: "eu-central-1",
        };
        resolve(&reference, around)
    }

    #[test]
    fn values_lose_the_newline_at_their_end_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let check = |content: &str, wanted: &str| {
            fs::write(folder.path().join("secret"), content).expect("a file");
            let secret = resolved(folder.path(), "file:secret").expect("a secret");
            assert_eq!(secret.expose(), wanted);
        };
        check("hunter2", "hunter2");
        check("hunter2\n", "hunter2");
        check("hunter2\r\n", "hunter2");
        check("hunter2\n\n", "hunter2\n");
        check(" hunter2 ", " hunter2 ");
        let secret = resolved(folder.path(), "command:printf '%s two' \"hunter  2\"");
        assert_eq!(secret.expect("a secret").expose(), "hunter  2 two");
    }

    #[test]
    fn what_gives_no_secret_is_told_without_the_value() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, content: &[u8]| {
            fs::write(folder.path().join(name), content).expect("a file")
        };
        file("empty", b"\n");
        file("bytes", b"hunter2\xff");
        file("long", &vec![b'x'; LONGEST + 1]);
        file("clear", b"hunter2");
        file("sealed", b"age-encryption.org/v1\nhunter2");
        fs::create_dir(folder.path().join("folder")).expect("a folder");
        let check = |reference: &str, wanted: &str, unknown: bool| {
            let error = resolved(folder.path(), reference).expect_err(reference);
            let told = format!(
                "{error} {:?} {}",
                std::error::Error::source(&error),
                error.remedy()
            );
            assert!(told.contains(wanted), "{reference}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
            assert_eq!(error.is_unknown(), unknown, "{told}");
        };
        check("file:nowhere", "nowhere", false);
        check("file:folder", "not a regular file", false);
        check("file:/dev/zero", "not a regular file", false);
        check("file:empty", "empty", false);
        check("file:bytes", "UTF-8", false);
        check("file:long", "64 KiB", false);
        check("env:REEVE_TEST_IS_NOT_SET", "not set", false);
        check(
            "command:reeve-no-such-program",
            "reeve-no-such-program",
            false,
        );
        check("command:sh -c 'echo hunter2; exit 3'", "3", false);
        check("command:sh -c 'echo hunter2 >&2; kill $$'", "signal", false);
        check("command:echo 'hunter2", "quote", false);
        check("command:''", "start", false);
        check("command:true", "empty", false);
        check("command:cat /dev/zero", "64 KiB", false);
        check("age:nowhere", "nowhere", false);
        check("age:clear", "not sealed", false);
        check("age:sealed", AGE_IDENTITY, true);
    }
}
