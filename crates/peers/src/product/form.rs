//! Forms as browsers send them: `application/x-www-form-urlencoded` (WHATWG URL standard, section 5).

/// The type that a form's sender declares.
pub(super) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The first value of a field, decoded.
pub(super) fn field(body: &[u8], name: &str) -> Option<Vec<u8>> {
    body.split(|&byte| byte == b'&').find_map(|pair| {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let key = decode(halves.next()?);
        let value = halves.next().unwrap_or_default();
        (key == name.as_bytes()).then(|| decode(value))
    })
}

/// Replaces `+` and `%XX`; a broken escape stands for itself, as the standard says.
fn decode(mut text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        text = rest;
        decoded.push(match (first, rest) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    text = after;
                    high << 4 | low
                }
                _ => first,
            },
            _ => first,
        });
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_found_and_decoded() {
        let check = |body: &str, value: Option<&[u8]>| {
            assert_eq!(
                field(body.as_bytes(), "password").as_deref(),
                value,
                "{body}"
            );
        };
        check("username=a&password=b", Some(b"b"));
        check("password=a%26b%3d+c&x=y", Some(b"a&b= c"));
        check("p%61ssword=x", Some(b"x"));
        check("password=first&password=second", Some(b"first"));
        check("password=%C3%a9", Some("é".as_bytes()));
        check("password", Some(b""));
        check("password=", Some(b""));
        check("password=100%", Some(b"100%"));
        check("password=%zz%4", Some(b"%zz%4"));
        check("passwords=x&=password", None);
        check("", None);
        check("&&&==", None);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            field(&body, "password");
        }
    }
}
