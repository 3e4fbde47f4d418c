//! Values of one type, read from a document.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;

use crate::document::hidden::is_hidden;
use crate::document::{Described, Report, SECRET_IN_CLEAR, TOO_MANY, WRONG_VALUE, quote};
use crate::secret::{SecretRef, SecretRefError};

/// Longest text that a field may have, characters: a long paragraph.
const LONGEST_TEXT: usize = 1000;

/// Most entries of an array: addresses, prefixes and names come by the handful.
const MOST_ENTRIES: usize = 64;

/// A value that a document can hold.
pub(crate) trait Field: Described + Sized {
    /// What is wanted, with its article: "an integer".
    const WANTED: &'static str;

    /// Reads the value, or reports why not and gives the placeholder.
    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self;

    /// What stands for a value that could not be read.
    fn placeholder() -> Self;
}

/// The kind of a value, with its article.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Reports a value of another type.
fn wrong<T: Field>(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    remedy: &str,
    report: &mut Report,
) -> T {
    report.refuse(
        WRONG_VALUE,
        path,
        Some(value.span()),
        &format!("must be {}", T::WANTED),
        format!(
            "{} must be {}, not {}.",
            quote(path),
            T::WANTED,
            kind(value.get_ref())
        ),
        remedy,
    );
    T::placeholder()
}

/// Reports text that does not spell the wanted thing.
fn misspelt<T: Field>(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    text: &str,
    remedy: &str,
    report: &mut Report,
) -> T {
    report.refuse(
        WRONG_VALUE,
        path,
        Some(value.span()),
        &format!("must be {}", T::WANTED),
        format!("{} is not {}.", quote(text), T::WANTED),
        remedy,
    );
    T::placeholder()
}

impl Field for String {
    const WANTED: &'static str = "a text";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let DeValue::String(text) = value.get_ref() else {
            return wrong(value, path, "Put it in quotes.", report);
        };
        let problem = if text.trim().is_empty() {
            "is empty"
        } else if text.chars().count() > LONGEST_TEXT {
            "is longer than a thousand characters"
        } else if text
            .chars()
            .any(|character| character.is_control() || is_hidden(character))
        {
            "has control or hidden characters, which could deceive a reader"
        } else {
            return text.to_string();
        };
        report.refuse(
            WRONG_VALUE,
            path,
            Some(value.span()),
            problem,
            format!("{} {problem}.", quote(path)),
            "Write one line of text.",
        );
        Self::placeholder()
    }

    fn placeholder() -> Self {
        Self::new()
    }
}

impl Field for bool {
    const WANTED: &'static str = "true or false";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        match value.get_ref() {
            DeValue::Boolean(yes) => *yes,
            _ => wrong(
                value,
                path,
                "Write `true` or `false`, without quotes.",
                report,
            ),
        }
    }

    fn placeholder() -> Self {
        false
    }
}

macro_rules! integers {
    ($($type:ty: $wanted:literal;)*) => {$(
        impl Field for $type {
            const WANTED: &'static str = $wanted;

            fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
                let DeValue::Integer(digits) = value.get_ref() else {
                    return wrong(value, path, "Write a number without quotes and fraction.", report);
                };
                Self::from_str_radix(digits.as_str(), digits.radix()).unwrap_or_else(|_| {
                    misspelt(value, path, &digits.to_string(), "Write a number of that range.", report)
                })
            }

            fn placeholder() -> Self {
                0
            }
        }
    )*};
}

integers! {
    u8: "an integer from 0 to 255";
    u16: "an integer from 0 to 65535";
    u32: "an integer from 0 to 4294967295";
}

/// A thing that is spelt as text.
pub(crate) trait Spelt: Described + Sized {
    const WANTED: &'static str;
    const EXAMPLE: &'static str;
    fn spell(text: &str) -> Option<Self>;
    fn placeholder() -> Self;
}

impl<T: Spelt> Field for T {
    const WANTED: &'static str = <T as Spelt>::WANTED;

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let remedy = format!("Write it like \"{}\".", T::EXAMPLE);
        match value.get_ref() {
            DeValue::String(text) => {
                T::spell(text).unwrap_or_else(|| misspelt(value, path, text, &remedy, report))
            }
            _ => wrong(value, path, &remedy, report),
        }
    }

    fn placeholder() -> Self {
        <T as Spelt>::placeholder()
    }
}

impl Spelt for Ipv4Addr {
    const WANTED: &'static str = "an IPv4 address";
    const EXAMPLE: &'static str = "203.0.113.10";

    fn spell(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn placeholder() -> Self {
        Self::UNSPECIFIED
    }
}

impl Spelt for IpAddr {
    const WANTED: &'static str = "an IP address";
    const EXAMPLE: &'static str = "10.200.0.53";

    fn spell(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn placeholder() -> Self {
        Self::V4(Ipv4Addr::UNSPECIFIED)
    }
}

impl Spelt for IpNet {
    const WANTED: &'static str = "an address range";
    const EXAMPLE: &'static str = "10.200.0.0/16";

    fn spell(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn placeholder() -> Self {
        Self::V4(Ipv4Net::default())
    }
}

impl Spelt for Ipv4Net {
    const WANTED: &'static str = "an IPv4 address range";
    const EXAMPLE: &'static str = "10.20.0.0/16";

    fn spell(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn placeholder() -> Self {
        Self::default()
    }
}

impl Field for Date {
    const WANTED: &'static str = "a date";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let remedy = "Write it like 2027-06-30, without quotes and without a time.";
        let DeValue::Datetime(datetime) = value.get_ref() else {
            return wrong(value, path, remedy, report);
        };
        let date = match (datetime.date, datetime.time) {
            (Some(date), None) => i16::try_from(date.year)
                .ok()
                .zip(i8::try_from(date.month).ok())
                .zip(i8::try_from(date.day).ok())
                .and_then(|((year, month), day)| Self::new(year, month, day).ok()),
            _ => None,
        };
        date.unwrap_or_else(|| misspelt(value, path, &datetime.to_string(), remedy, report))
    }

    fn placeholder() -> Self {
        Self::ZERO
    }
}

impl Field for SecretRef {
    const WANTED: &'static str = "a secret reference";

    /// Whatever is wrong with it, the text is not repeated: it may be the secret.
    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let why = match value.get_ref() {
            DeValue::String(text) => match Self::parse(text) {
                Ok(reference) => {
                    report.refer(path, &reference);
                    return reference;
                }
                Err(SecretRefError::NoScheme) => {
                    "not a reference to a secret; the secret itself must never stand here"
                        .to_owned()
                }
                Err(error) => error.to_string(),
            },
            other => format!("must be {}, not {}", Self::WANTED, kind(other)),
        };
        report.refuse(
            SECRET_IN_CLEAR,
            path,
            Some(value.span()),
            "not a reference to a secret",
            format!("{}: {why}.", quote(path)),
            "Write where the secret is: \"file:PATH\", \"env:NAME\", \"command:ARGV\", \"age:PATH\" or \"aws-secret:NAME\". If this was the secret, change it: it stood in a file.",
        );
        Self::placeholder()
    }

    fn placeholder() -> Self {
        Self::Env(String::new())
    }
}

impl<T: Field> Field for Vec<T> {
    const WANTED: &'static str = "a list";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let DeValue::Array(items) = value.get_ref() else {
            return wrong(
                value,
                path,
                "Put it in square brackets, even if it is only one.",
                report,
            );
        };
        if items.len() > MOST_ENTRIES {
            report.refuse(
                TOO_MANY,
                path,
                Some(value.span()),
                "too many entries",
                format!(
                    "{} has {} entries, and at most {MOST_ENTRIES} are read.",
                    quote(path),
                    items.len()
                ),
                "Make sure that the right file is given.",
            );
        }
        let mut list = Self::new();
        for (index, item) in items.iter().enumerate().take(MOST_ENTRIES) {
            let path = format!("{path}[{index}]");
            report.place(&path, item.span());
            list.push(T::read(item, &path, report));
        }
        list
    }

    fn placeholder() -> Self {
        Self::new()
    }
}
