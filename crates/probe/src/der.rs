//! Reads DER as far as two questions need it: who issued a certificate, and how long a key is. Pure.

/// Tags of ASN.1's universal types, and the context tag of a certificate's version.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;

/// Object identifier 2.5.4.3, a common name.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// Object identifier 1.2.840.113549.1.1.1, RSA.
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Elements that are not read yet.
#[derive(Clone, Copy, Debug)]
struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    /// The next element: its tag, its content, and itself as a whole.
    fn next(&mut self) -> Option<(u8, &'d [u8], &'d [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            // Two bytes of length hold more than a handshake or a DNS message does.
            0x81 => (usize::from(*rest.first()?), 3),
            0x82 => {
                let [high, low] = *rest.first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes([high, low])), 4)
            }
            _ => return None,
        };
        let whole = self.0.get(..header + length)?;
        self.0 = &self.0[header + length..];
        Some((tag, &whole[header..], whole))
    }

    /// The content of the next element, if that has the tag.
    fn take(&mut self, wanted: u8) -> Option<&'d [u8]> {
        let (tag, content, _) = self.next()?;
        (tag == wanted).then_some(content)
    }
}

/// A certificate's issuer and subject, as they stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parties<'d> {
    issuer: &'d [u8],
    subject: &'d [u8],
}

impl<'d> Parties<'d> {
    /// Reads a certificate (RFC 5280, section 4.1) as far as its subject.
    pub(crate) fn of(certificate: &'d [u8]) -> Option<Self> {
        let mut outer = Reader(Reader(certificate).take(SEQUENCE)?);
        let mut fields = Reader(outer.take(SEQUENCE)?);
        let mut serial = fields;
        if fields.next()?.0 == VERSION {
            serial = fields;
        }
        serial.take(INTEGER)?;
        serial.take(SEQUENCE)?;
        let (_, issuer, _) = serial.next()?;
        serial.take(SEQUENCE)?;
        let (_, subject, _) = serial.next()?;
        Some(Self { issuer, subject })
    }

    /// Whether the certificate names itself as its issuer.
    pub(crate) fn same(&self) -> bool {
        self.issuer == self.subject
    }

    /// The issuer's common name, if it has one.
    pub(crate) fn issuer_name(&self) -> Option<String> {
        let mut sets = Reader(self.issuer);
        while let Some(set) = sets.take(SET) {
            let mut pair = Reader(Reader(set).take(SEQUENCE)?);
            if pair.take(OBJECT)? == COMMON_NAME {
                let (_, text, _) = pair.next()?;
                return Some(String::from_utf8_lossy(text).into_owned());
            }
        }
        None
    }
}

/// The length of an RSA key in bits: of a SubjectPublicKeyInfo, or of a bare RSAPublicKey (RFC 6376 leaves both in use).
pub(crate) fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut outer = Reader(Reader(key).take(SEQUENCE)?);
    let (tag, content, _) = outer.next()?;
    let modulus = match tag {
        INTEGER => content,
        SEQUENCE => {
            if Reader(content).take(OBJECT)? != RSA {
                return None;
            }
            let (unused, bits) = outer.take(BIT_STRING)?.split_first()?;
            if *unused != 0 {
                return None;
            }
            Reader(Reader(bits).take(SEQUENCE)?).take(INTEGER)?
        }
        _ => return None,
    };
    let first = modulus.iter().position(|byte| *byte != 0)?;
    let significant = &modulus[first..];
    let leading = usize::try_from(significant.first()?.leading_zeros()).ok()?;
    Some(significant.len() * 8 - leading)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut bytes = vec![tag];
        match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => bytes.push(short),
            Ok(long) => bytes.extend([0x81, long]),
            Err(_) => {
                let long = u16::try_from(length).expect("the tests' elements are small");
                bytes.push(0x82);
                bytes.extend(long.to_be_bytes());
            }
        }
        bytes.extend(content);
        bytes
    }

    fn bare_key(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0];
        modulus.extend(vec![0xff; bits / 8]);
        element(
            SEQUENCE,
            &[element(INTEGER, &modulus), element(INTEGER, &[1, 0, 1])].concat(),
        )
    }

    #[test]
    fn a_keys_length_is_its_modulus() {
        for bits in [512, 768, 1024, 2048, 4096] {
            let bare = bare_key(bits);
            assert_eq!(rsa_bits(&bare), Some(bits));
            let mut held = vec![0];
            held.extend(&bare);
            let algorithm = element(SEQUENCE, &element(OBJECT, &RSA));
            let full = element(SEQUENCE, &[algorithm, element(BIT_STRING, &held)].concat());
            assert_eq!(rsa_bits(&full), Some(bits));
            for cut in 0..full.len() {
                // It must not panic; a key cut short may still tell its modulus only if that is whole.
                assert!(rsa_bits(&full[..cut]).is_none(), "cut at {cut}");
            }
        }
        for garbage in [
            &b""[..],
            &[0x30, 0x80],
            &[0x30, 0x84, 1, 1, 1, 1],
            &[0xff; 64],
        ] {
            assert_eq!(rsa_bits(garbage), None);
        }
    }

    #[test]
    fn a_certificate_names_its_issuer() {
        let name = |text: &str| {
            let pair = [
                element(OBJECT, &COMMON_NAME),
                element(0x0c, text.as_bytes()),
            ]
            .concat();
            element(SEQUENCE, &element(SET, &element(SEQUENCE, &pair)))
        };
        let certificate = |issuer: &str, subject: &str, version: bool| {
            let mut fields = Vec::new();
            if version {
                fields.extend(element(VERSION, &element(INTEGER, &[2])));
            }
            fields.extend(element(INTEGER, &[7]));
            fields.extend(element(SEQUENCE, &[]));
            fields.extend(name(issuer));
            fields.extend(element(SEQUENCE, &[]));
            fields.extend(name(subject));
            element(SEQUENCE, &element(SEQUENCE, &fields))
        };
        for version in [true, false] {
            let own = certificate("mail", "mail", version);
            assert!(Parties::of(&own).expect("a certificate").same());
            let issued = certificate("Acme CA", "mail", version);
            let parties = Parties::of(&issued).expect("a certificate");
            assert!(!parties.same());
            assert_eq!(parties.issuer_name().as_deref(), Some("Acme CA"));
            assert!((0..issued.len()).all(|cut| Parties::of(&issued[..cut]).is_none()));
        }
    }
}
