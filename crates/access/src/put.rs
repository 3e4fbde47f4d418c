//! Putting a file on a host: write aside, verify, rename.

use model::Digest;

use crate::channel::{Exit, HostChannel};
use crate::error::ChannelError;

/// The status by which the script says that the digest differs (`EX_DATAERR` of sysexits.h).
const DIGEST_DIFFERS: u32 = 65;

/// Longest part of a host's complaint that goes into an error.
const LONGEST_COMPLAINT: usize = 500;

impl HostChannel {
    /// Puts a file on the host. It appears whole and with its mode, or not at all: the bytes go to a name beside it,
    /// their SHA-256 is compared on the host, and then the name is changed.
    ///
    /// # Errors
    /// Fails when the path is not absolute, when the host cannot write there, and when the bytes arrived damaged.
    pub async fn put(
        &self,
        content: impl Into<Vec<u8>>,
        path: &str,
        mode: u32,
    ) -> Result<(), ChannelError> {
        let names_a_file = path.starts_with('/') && !path.ends_with('/') && !path.contains('\0');
        if !names_a_file {
            return Err(ChannelError::Path(path.to_owned()));
        }
        let content = content.into();
        let digest = Digest::of_bytes(&content);
        let script = script(path, &digest, rand::random(), mode);
        let output = self.exec(&script, content).await?;
        match output.exit {
            Exit::Status(0) => Ok(()),
            Exit::Status(DIGEST_DIFFERS) => Err(ChannelError::Damaged {
                host: self.host().clone(),
                path: path.to_owned(),
            }),
            _ => Err(ChannelError::Write {
                host: self.host().clone(),
                path: path.to_owned(),
                said: complaint(&output.stderr),
            }),
        }
    }
}

/// The script that receives a file on standard input. `nonce` keeps two transfers to one path apart.
fn script(path: &str, digest: &Digest, nonce: u64, mode: u32) -> String {
    let aside = quoted(&format!("{path}.part-{nonce:016x}"));
    let path = quoted(path);
    let mode = mode & 0o7777;
    format!(
        "set -e; umask 077; aside={aside}; trap 'rm -f \"$aside\"' EXIT\n\
         if [ -d {path} ]; then echo 'a directory stands there' >&2; exit 1; fi\n\
         cat > \"$aside\"; sum=$(sha256sum < \"$aside\")\n\
         [ \"${{sum%% *}}\" = {digest} ] || exit {DIGEST_DIFFERS}\n\
         chmod {mode:04o} \"$aside\"; mv -f \"$aside\" {path}"
    )
}

/// A word that the shell takes literally.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What a host said, in one line. Control characters are replaced: a host must not steer the terminal that shows it.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line: String = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(LONGEST_COMPLAINT)
        .collect();
    if line.is_empty() {
        "it did not say why".to_owned()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_literally() {
        let cases = [
            ("/etc/hosts", "'/etc/hosts'"),
            ("/a b", "'/a b'"),
            ("/it's", r"'/it'\''s'"),
            ("/$(reboot)", "'/$(reboot)'"),
            ("", "''"),
        ];
        for (word, expected) in cases {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn a_complaint_is_one_short_line() {
        let cases: [(&[u8], &str); 3] = [
            (b"", "it did not say why"),
            (
                b" sh: 1: cannot create /x:\n  No such file\n",
                "sh: 1: cannot create /x: No such file",
            ),
            (b"\xff\x00\x1b[2J", "\u{fffd}\u{fffd}\u{fffd}[2J"),
        ];
        for (said, expected) in cases {
            assert_eq!(complaint(said), expected);
        }
        assert_eq!(complaint(&[b'a'; 10_000]).len(), LONGEST_COMPLAINT);
    }

    #[test]
    fn a_mode_keeps_to_the_permission_bits() {
        let script = script("/x", &Digest::of_bytes(b""), 1, 0o170_644);
        assert!(script.contains("chmod 0644 "), "{script}");
    }
}
