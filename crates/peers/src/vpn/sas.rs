//! What strongSwan says of a tunnel's associations: `swanctl --list-sas --raw`.

use serde::{Deserialize, Serialize};

/// A tunnel's state as the daemon at one end has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// Whether the key exchange stands and the data association is installed.
    pub up: bool,
    /// Encryption and integrity of the data, as negotiated: `AES_CBC-256/HMAC_SHA2_256_128`. Empty while it is down.
    pub ciphers: String,
    /// Whether the data goes in UDP, port 4500.
    pub in_udp: bool,
    /// Packets decrypted and encrypted.
    pub packets: (u64, u64),
}

/// Reads the first connection with a data association that is installed; none: the tunnel is down.
///
/// The text is one line for each connection, of words `key=value` in nested braces, of which only the words count here:
/// the daemon at a tunnel's end has that one connection.
pub(super) fn read(raw: &str) -> Association {
    raw.lines()
        .filter(|line| line.starts_with("list-sa "))
        .find_map(connection)
        .unwrap_or_default()
}

fn connection(line: &str) -> Option<Association> {
    let (exchange, children) = line.split_once("child-sas {")?;
    if value(exchange, "state") != Some("ESTABLISHED") {
        return None;
    }
    // While one association takes over from another there are two; any installed one carries.
    let child = children
        .split("name=")
        .skip(1)
        .find(|child| value(child, "state") == Some("INSTALLED"))?;
    let word = |key| value(child, key).unwrap_or_default();
    let number = |key| word(key).parse().unwrap_or_default();
    Some(Association {
        up: true,
        ciphers: format!(
            "{}-{}/{}",
            word("encr-alg"),
            word("encr-keysize"),
            word("integ-alg")
        ),
        in_udp: word("encap") == "yes",
        packets: (number("packets-in"), number("packets-out")),
    })
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split([' ', '{', '}'])
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: &str = "list-sa event {t1 {uniqueid=1 version=2 state=ESTABLISHED local-host=203.0.113.7 encr-alg=AES_CBC \
        child-sas {t1-1 {name=t1 uniqueid=1 reqid=1 state=INSTALLED mode=TUNNEL protocol=ESP encap=yes \
        encr-alg=AES_CBC encr-keysize=256 integ-alg=HMAC_SHA2_256_128 bytes-in=9 packets-in=3 bytes-out=0 \
        packets-out=4 local-ts=[0.0.0.0/0] remote-ts=[0.0.0.0/0]}}}}\nlist-sas reply {}\n";

    #[test]
    fn a_tunnel_is_up_when_its_data_association_is_installed() {
        let check = |raw: &str, wanted: bool| assert_eq!(read(raw).up, wanted, "{raw}");
        check(UP, true);
        check("", false);
        check("list-sas reply {}", false);
        check(&UP.replace("ESTABLISHED", "CONNECTING"), false);
        check(&UP.replace("INSTALLED", "REKEYING"), false);
        check(&UP.replace("child-sas {", "child-sas {}"), true);
        check("list-sa event {t1 {state=ESTABLISHED child-sas {}}}", false);
        check("list-sa event {t1 {state=INSTALLED}}", false);
        check("child-sas {name= state=INSTALLED", false);
        let two = UP.replace("{name=t1", "{name=t1 state=DELETING} t1-2 {name=t1");
        check(&two, true);
    }

    #[test]
    fn what_it_carries_and_how_is_read() {
        let wanted = Association {
            up: true,
            ciphers: "AES_CBC-256/HMAC_SHA2_256_128".to_owned(),
            in_udp: true,
            packets: (3, 4),
        };
        assert_eq!(read(UP), wanted);
        let odd = UP.replace("packets-in=3", "packets-in=many");
        assert_eq!(read(&odd).packets, (0, 4));
    }
}
