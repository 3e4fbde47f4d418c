//! Netlink's framing: messages, attributes, and the kernel's answers (`linux/netlink.h`).

use std::ffi::CStr;

use netlink_packet_core::{NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP};

/// A message's header: length, type, flags, sequence number, port.
const HEADER: usize = 16;

/// An attribute's header: length and type.
const ATTRIBUTE: usize = 4;

/// Marks an attribute that holds attributes.
const NESTED: u16 = 1 << 15;

/// The bits of an attribute's type that are its type.
const KIND: u16 = !(0b11 << 14);

/// Marks an answer that has attributes after its header (`NLM_F_ACK_TLVS`).
const ANSWER_HAS_ATTRIBUTES: u16 = 0x200;

/// The attribute that holds the kernel's own words (`NLMSGERR_ATTR_MSG`).
const WORDS: u16 = 1;

/// One message of an answer.
pub(super) enum Answer<'a> {
    /// A message was refused: its number, the error's number, the kernel's words.
    Refused(usize, i32, Option<String>),
    /// A message was done.
    Done(usize),
    /// A list has ended.
    End,
    /// Something of a list, without the header.
    Other(&'a [u8]),
}

/// Appends a message.
pub(super) fn message(
    bytes: &mut Vec<u8>,
    kind: u16,
    flags: u16,
    sequence: u32,
    body: impl FnOnce(&mut Vec<u8>),
) {
    let start = bytes.len();
    bytes.extend([0; 4]);
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    body(bytes);
    let length = u32::try_from(bytes.len() - start).unwrap_or(u32::MAX);
    bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
    pad(bytes);
}

/// Adds flags to the message that begins the bytes.
pub(super) fn add_flags(message: &mut [u8], flags: u16) {
    let both = u16::from_ne_bytes([message[6], message[7]]) | flags;
    message[6..8].copy_from_slice(&both.to_ne_bytes());
}

/// Appends an attribute.
pub(super) fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(ATTRIBUTE + value.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    pad(bytes);
}

/// Appends a number, as netfilter writes them.
pub(super) fn number(bytes: &mut Vec<u8>, kind: u16, value: u32) {
    attribute(bytes, kind, &value.to_be_bytes());
}

/// Appends text, which ends with a zero.
pub(super) fn text(bytes: &mut Vec<u8>, kind: u16, value: &str) {
    let mut ended = value.as_bytes().to_vec();
    ended.push(0);
    attribute(bytes, kind, &ended);
}

/// Appends an attribute that holds attributes.
pub(super) fn nested(bytes: &mut Vec<u8>, kind: u16, inside: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.extend([0; ATTRIBUTE]);
    inside(bytes);
    let length = u16::try_from(bytes.len() - start).unwrap_or(u16::MAX);
    bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    bytes[start + 2..start + 4].copy_from_slice(&(kind | NESTED).to_ne_bytes());
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// The messages of a datagram; what is not well formed ends it.
pub(super) fn answers(datagram: &[u8]) -> impl Iterator<Item = Answer<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        loop {
            let length = usize::try_from(u32_at(rest, 0)?).ok()?;
            let kind = u16_at(rest, 4)?;
            let (flags, sequence) = (u16_at(rest, 6)?, u32_at(rest, 8)?);
            let body = rest.get(HEADER..length)?;
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            let sequence = usize::try_from(sequence).ok()?;
            return Some(match kind {
                NLMSG_NOOP => continue,
                NLMSG_ERROR => error(body, flags, sequence)?,
                NLMSG_DONE => Answer::End,
                _ => Answer::Other(body),
            });
        }
    })
}

/// An answer's code, the header of the message that it answers, and with luck the kernel's words.
fn error(body: &[u8], flags: u16, sequence: usize) -> Option<Answer<'_>> {
    let code = i32::from_ne_bytes(body.get(..4)?.try_into().ok()?);
    if code == 0 {
        return Some(Answer::Done(sequence));
    }
    let words = (flags & ANSWER_HAS_ATTRIBUTES != 0)
        .then(|| words(body.get(4 + HEADER..)?))
        .flatten();
    Some(Answer::Refused(sequence, code.saturating_neg(), words))
}

fn words(attributes: &[u8]) -> Option<String> {
    let mut rest = attributes;
    while !rest.is_empty() {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(ATTRIBUTE..length)?;
        if u16_at(rest, 2)? & KIND == WORDS {
            let words = CStr::from_bytes_until_nul(value).ok()?;
            return Some(words.to_string_lossy().into_owned());
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of messages, in words: `done 3`, `refused 3 -22 why`, `end`, `other 4`.
    fn check(datagram: &[u8], wanted: &[&str]) {
        let found: Vec<String> = answers(datagram)
            .map(|answer| match answer {
                Answer::Refused(message, code, words) => {
                    format!("refused {message} {code} {}", words.unwrap_or_default())
                }
                Answer::Done(message) => format!("done {message}"),
                Answer::End => "end".to_owned(),
                Answer::Other(body) => format!("other {}", body.len()),
            })
            .collect();
        assert_eq!(found, wanted, "{datagram:?}");
    }

    /// An answer with this code to message 7, and the kernel's words.
    fn answer(code: i32, words: Option<&str>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let flags = words.map_or(0, |_| ANSWER_HAS_ATTRIBUTES);
        message(&mut bytes, NLMSG_ERROR, flags, 7, |bytes| {
            bytes.extend(code.to_ne_bytes());
            bytes.extend([0; HEADER]);
            if let Some(words) = words {
                number(bytes, 9, 1);
                text(bytes, WORDS, words);
            }
        });
        bytes
    }

    #[test]
    fn answers_are_told_apart() {
        check(&[], &[]);
        check(&answer(0, None), &["done 7"]);
        check(&answer(-22, None), &["refused 7 22 "]);
        check(
            &answer(-22, Some("no such table")),
            &["refused 7 22 no such table"],
        );
        let both = [answer(-1, None), answer(0, None)].concat();
        check(&both, &["refused 7 1 ", "done 7"]);
        let mut list = Vec::new();
        message(&mut list, 16, 0, 0, |bytes| bytes.extend([1, 2, 3, 4]));
        message(&mut list, NLMSG_NOOP, 0, 0, |_| {});
        message(&mut list, NLMSG_DONE, 0, 0, |_| {});
        check(&list, &["other 4", "end"]);
    }

    #[test]
    fn what_is_not_well_formed_ends_the_datagram() {
        let whole = answer(-22, Some("no such table"));
        for length in 0..whole.len() {
            check(&whole[..length], &[]);
        }
        for (field, value) in [(0..4, 0_u32), (0..4, 15), (0..4, u32::MAX)] {
            let mut broken = whole.clone();
            broken[field].copy_from_slice(&value.to_ne_bytes());
            check(&broken, &[]);
        }
        // An attribute that claims no length, or more than there is, hides the words alone.
        for length in [0_u16, 3, u16::MAX] {
            let mut broken = whole.clone();
            broken[36..38].copy_from_slice(&length.to_ne_bytes());
            check(&broken, &["refused 7 22 "]);
        }
        check(&answer(i32::MIN, None), &["refused 7 2147483647 "]);
    }

    #[test]
    fn attributes_are_padded_and_nest() {
        let mut bytes = Vec::new();
        nested(&mut bytes, 4, |bytes| attribute(bytes, 1, &[0xaa]));
        let length = [12_u16.to_ne_bytes(), (4 | NESTED).to_ne_bytes()].concat();
        let inside = [5_u16.to_ne_bytes(), 1_u16.to_ne_bytes()].concat();
        assert_eq!(bytes, [length, inside, vec![0xaa, 0, 0, 0]].concat());
    }
}
