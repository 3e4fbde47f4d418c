//! The mail that is sent.

use lettre::Message;
use lettre::address::Address;
use lettre::message::Mailbox;

use crate::ask::Miss;

/// A mail of our own and its envelope.
pub(super) struct Letter {
    pub(super) sender: String,
    pub(super) recipient: String,
    /// By which it is found again.
    pub(super) token: String,
    text: Vec<u8>,
}

impl Letter {
    pub(super) fn write(sender: &str, recipient: &str) -> Result<Self, Miss> {
        let token = token();
        let address = |text: &str| {
            text.parse::<Address>()
                .map_err(|error| Miss::unknown(format!("`{text}` is no mail address: {error}")))
        };
        let (sender, recipient) = (address(sender)?, address(recipient)?);
        let unwritten = |error: lettre::error::Error| {
            Miss::unknown(format!("the mail cannot be written: {error}"))
        };
        let text = Message::builder()
            .from(Mailbox::new(None, sender.clone()))
            .to(Mailbox::new(None, recipient.clone()))
            .message_id(Some(format!("<{token}@{}>", sender.domain())))
            .subject("Reeve: a test of mail")
            .body(format!(
                "Reeve asks whether mail is taken. Nobody needs to answer.\r\n{token}\r\n"
            ))
            .map_err(unwritten)?
            .formatted();
        Ok(Self {
            sender: sender.to_string(),
            recipient: recipient.to_string(),
            token,
            text,
        })
    }

    /// The text with its end, and its dots doubled (RFC 5321, section 4.5.2).
    pub(super) fn on_the_wire(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 8);
        for line in self.text.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                bytes.push(b'.');
            }
            bytes.extend(line);
        }
        if !bytes.ends_with(b"\r\n") {
            bytes.extend(b"\r\n");
        }
        bytes.extend(b".\r\n");
        bytes
    }
}

/// 128 random bits in hexadecimal: nobody else's mail has them.
fn token() -> String {
    format!("reeve-{:032x}", rand::random::<u128>())
}
