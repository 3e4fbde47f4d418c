//! Secrets: references in files, values only in the shell, never shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a secret is to be had. The value itself never stands in an estate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// `file:PATH`: the file's content, one trailing newline removed. A relative path starts at the estate's folder.
    File(String),
    /// `env:NAME`: an environment variable.
    Env(String),
    /// `command:ARGV`: the standard output of a command, one trailing newline removed.
    Command(String),
    /// `age:PATH`: a file sealed with age.
    Age(String),
    /// `aws-secret:NAME`: a secret in AWS Secrets Manager.
    AwsSecret(String),
}

/// Why a text is not a secret reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefError {
    /// There is no scheme: most likely the secret itself was written down. The text is not repeated.
    #[error(
        "not a secret reference: write where the secret is, as file:PATH, env:NAME, command:ARGV, age:PATH or aws-secret:NAME, never the secret itself"
    )]
    NoScheme,
    /// The scheme is not known.
    #[error(
        "unknown kind of secret reference `{0}:`: known are file, env, command, age and aws-secret"
    )]
    UnknownScheme(String),
    /// Nothing follows the scheme, or what follows cannot be what the scheme wants.
    #[error("`{0}:` must be followed by {1}")]
    Malformed(&'static str, &'static str),
}

impl SecretRef {
    /// Parses `scheme:rest`.
    ///
    /// # Errors
    /// Says what is missing; never repeats a text without scheme, since it may be the secret.
    pub fn parse(text: &str) -> Result<Self, SecretRefError> {
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(SecretRefError::NoScheme);
        };
        let clean = !rest.trim().is_empty() && !rest.chars().any(char::is_control);
        let checked = |name: &'static str, wants: &'static str| {
            if clean {
                Ok(rest.to_owned())
            } else {
                Err(SecretRefError::Malformed(name, wants))
            }
        };
        match scheme {
            "file" => Ok(Self::File(checked("file", "a path")?)),
            "env" => {
                let named = !rest.is_empty()
                    && !rest.starts_with(|c: char| c.is_ascii_digit())
                    && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if named {
                    Ok(Self::Env(rest.to_owned()))
                } else {
                    Err(SecretRefError::Malformed(
                        "env",
                        "the name of an environment variable",
                    ))
                }
            }
            "command" => Ok(Self::Command(checked("command", "a command line")?)),
            "age" => Ok(Self::Age(checked("age", "a path")?)),
            "aws-secret" => Ok(Self::AwsSecret(checked("aws-secret", "a secret's name")?)),
            // A password may contain a colon: only a plausible scheme is repeated.
            other
                if !other.is_empty()
                    && other.len() <= 12
                    && other.chars().all(|c| c.is_ascii_lowercase() || c == '-') =>
            {
                Err(SecretRefError::UnknownScheme(other.to_owned()))
            }
            _ => Err(SecretRefError::NoScheme),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = match self {
            Self::File(rest) => ("file", rest),
            Self::Env(rest) => ("env", rest),
            Self::Command(rest) => ("command", rest),
            Self::Age(rest) => ("age", rest),
            Self::AwsSecret(rest) => ("aws-secret", rest),
        };
        write!(f, "{scheme}:{rest}")
    }
}

impl TryFrom<String> for SecretRef {
    type Error = SecretRefError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

/// The name under which a blueprint asks for a secret: `production/apim/admin`. The shell finds or makes the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretName(pub String);

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret's value. It has no `Display`, and its `Debug` is redacted; it crosses a process boundary only by
/// [`Secret::expose`] or serialisation into a pipe that the caller owns.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one who must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written_alike() {
        for text in [
            "file:secrets/smtp",
            "env:ACME_SMTP_PASSWORD",
            "command:pass show acme/smtp",
            "age:smtp.age",
            "aws-secret:acme/smtp",
        ] {
            let reference = SecretRef::parse(text).expect(text);
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_and_not_repeated() {
        let cases = [
            "",
            "hunter2",
            ":hunter2",
            "hunter2:",
            "Hunter2: the password",
            "https://hunter2@example.com",
            "env:",
            "env:2hunter",
            "env:hunter two",
            "file:",
            "file:   ",
            "file:hunter\n2",
            "command:\0",
            "age:",
            "aws-secret:",
        ];
        for text in cases {
            let told = SecretRef::parse(text).expect_err(text).to_string();
            let (_, rest) = text.split_once(':').unwrap_or((text, text));
            assert!(
                rest.trim().is_empty() || !told.contains(rest),
                "{text:?}: {told}"
            );
        }
    }

    #[test]
    fn values_are_redacted() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(redacted)");
        assert_eq!(Secret::new("hunter2").expose(), "hunter2");
    }
}
