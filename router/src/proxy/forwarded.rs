//! Whose address `X-Forwarded-For` names, when those who wrote it are trusted.

use std::net::{IpAddr, SocketAddr};

use http::HeaderValue;
use ipnet::IpNet;

/// Whether an address belongs to a trusted proxy. A client that reaches an IPv6 socket over IPv4 counts by its IPv4
/// address.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

/// The client's address, from the lines of `X-Forwarded-For` that a trusted proxy sent: each proxy appends whom it
/// heard, so the last address that is not a trusted proxy is the last that can be believed. When all are trusted, the
/// first. None when the last entry is no address.
pub(super) fn client<'a>(lines: impl DoubleEndedIterator<Item = &'a HeaderValue>, trusted: &[IpNet]) -> Option<IpAddr> {
    let entries = lines.rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut believed = None;
    for entry in entries {
        let Some(address) = address(entry) else { break };
        believed = Some(address);
        if !is_trusted(address, trusted) {
            break;
        }
    }
    believed
}

/// An address, with or without a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed(lines: &[&str]) -> Option<String> {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_str(line).unwrap()).collect();
        client(lines.iter(), &trusted).map(|address| address.to_string())
    }

    #[test]
    fn the_last_stranger_is_the_client() {
        for (lines, client) in [
            (&["203.0.113.7"][..], Some("203.0.113.7")),
            (&["6.6.6.6, 203.0.113.7"], Some("203.0.113.7")),
            (&["6.6.6.6, 203.0.113.7, 10.0.0.2"], Some("203.0.113.7")),
            (&["6.6.6.6", "203.0.113.7", "10.0.0.2,10.0.0.3"], Some("203.0.113.7")),
            (&["203.0.113.7:4711, [fd00::1]:80"], Some("203.0.113.7")),
            (&["[2001:db8::1]"], Some("2001:db8::1")),
            (&["10.0.0.9, 10.0.0.2"], Some("10.0.0.9")),
            (&["203.0.113.7, unknown, 10.0.0.2"], Some("10.0.0.2")),
            (&["203.0.113.7, unknown"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(believed(lines).as_deref(), client, "{lines:?}");
        }
    }

    #[test]
    fn an_ipv4_peer_of_an_ipv6_socket_is_the_same_peer() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert!(is_trusted("::ffff:10.1.2.3".parse().unwrap(), &trusted));
        assert!(!is_trusted("10.1.2.3".parse().unwrap(), &[]));
    }
}
