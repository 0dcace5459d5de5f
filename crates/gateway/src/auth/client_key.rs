//! One name per client, whatever spelling of its address it uses (S-008, S-019).

use std::net::{IpAddr, Ipv6Addr};

/// The name under which a client's failures are counted: an IPv4 address, or the /64 of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey(IpAddr);

impl ClientKey {
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) if v6.is_loopback() => IpAddr::V6(v6),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        })
    }
}

/// Why a forwarding header cannot be believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed X-Forwarded-For header")]
pub(crate) struct BadForwarding;

/// The client's address: the peer itself, or, when the peer is a trusted proxy, the right-most hop of
/// `X-Forwarded-For` that is no trusted proxy.
pub(crate) fn client_address(
    peer: IpAddr,
    forwarded_for: Option<&str>,
    trusted: &[IpAddr],
) -> Result<IpAddr, BadForwarding> {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == *address);
    let Some(header) = forwarded_for.filter(|_| is_trusted(&peer)) else { return Ok(peer) };
    let mut client = peer;
    for hop in header.rsplit(',') {
        let hop = hop.trim();
        let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
        client = bare.parse::<IpAddr>().map_err(|_| BadForwarding)?.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::{BadForwarding, ClientKey, client_address};
    use std::net::IpAddr;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_client_share_a_key() {
        let rows = [
            ("1.2.3.4", "::ffff:1.2.3.4", true),
            ("2001:db8::1", "2001:db8::ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("127.0.0.1", "::1", false),
        ];
        for (a, b, same) in rows {
            assert_eq!(ClientKey::of(ip(a)) == ClientKey::of(ip(b)), same, "{a} {b}");
        }
    }

    #[test]
    fn forwarding_counts_only_from_trusted_proxies() {
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        let rows = [
            ("9.9.9.9", Some("127.0.0.1"), Ok(ip("9.9.9.9"))),
            ("10.0.0.1", None, Ok(ip("10.0.0.1"))),
            ("10.0.0.1", Some("127.0.0.1, 5.5.5.5"), Ok(ip("5.5.5.5"))),
            ("10.0.0.1", Some("6.6.6.6, 10.0.0.2"), Ok(ip("6.6.6.6"))),
            ("::ffff:10.0.0.1", Some("[2001:db8::1]"), Ok(ip("2001:db8::1"))),
            ("10.0.0.1", Some("5.5.5.5, junk"), Err(BadForwarding)),
            ("10.0.0.1", Some(""), Err(BadForwarding)),
        ];
        for (peer, header, expected) in rows {
            assert_eq!(client_address(ip(peer), header, &trusted), expected, "{peer} {header:?}");
        }
    }
}
