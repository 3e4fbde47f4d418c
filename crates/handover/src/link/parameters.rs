//! What both ends of a tunnel must agree on, and what AWS advises for the customer's end.
//!
//! Source: "Tunnel options" and "Best practices for your customer gateway device" of AWS's Site-to-Site VPN guide.

/// Lifetime of an IKE association, seconds: AWS's default and greatest.
pub(super) const IKE_LIFETIME: u32 = 28_800;
/// Lifetime of an IPsec association, seconds: AWS's default and greatest.
pub(super) const ESP_LIFETIME: u32 = 3_600;
/// The Diffie-Hellman group of both phases: the least that AWS's own advice still names, and one that every device here has.
pub(super) const DH_GROUP: u8 = 14;
/// Seconds of silence after which the peer is asked whether it lives.
pub(super) const DPD_INTERVAL: u8 = 10;
/// Questions without an answer after which it is taken for dead: 30 seconds, the shortest time-out that AWS takes.
pub(super) const DPD_RETRIES: u8 = 3;
/// Seconds between BGP keep-alives.
pub(super) const BGP_KEEPALIVE: u8 = 10;
/// Seconds of silence after which a BGP neighbour is gone; AWS's end asks for the same.
pub(super) const BGP_HOLD: u8 = 30;
/// The longest packet that a tunnel takes, bytes, so that its ESP packet fits 1500 even through address translation.
pub(super) const MTU: u16 = 1_422;
/// The greatest TCP segment, bytes: what AWS's own samples clamp to, and 40 bytes or more below [`MTU`].
pub(super) const MSS: u16 = 1_379;

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest packet within an ESP packet of AES-CBC with HMAC-SHA-256-128 that fits a path of 1500 bytes.
    fn longest(udp_encapsulated: bool) -> u16 {
        let (ip, esp, vector, tag, block, trailer) = (20, 8, 16, 16, 16, 2);
        let udp = if udp_encapsulated { 8 } else { 0 };
        let room: u16 = 1500 - ip - udp - esp - vector - tag;
        room / block * block - trailer
    }

    #[test]
    fn packets_fit_with_and_without_address_translation() {
        assert_eq!(longest(false), 1438, "AWS's table says so too");
        assert_eq!(longest(true), MTU);
        let headers = 40;
        assert!(MSS + headers <= MTU, "IPv4 and TCP headers fit besides");
    }
}
