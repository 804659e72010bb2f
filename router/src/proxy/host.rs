//! The host name that a request is for.

use std::{net::Ipv6Addr, str::FromStr};

/// A host name in the form of the table: lower case, without port or trailing dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName(Box<str>);

impl HostName {
    /// Reads a `Host` header or an authority. None when it is neither a name, nor an address, with an optional port.
    ///
    /// Stricter than RFC 3986, which allows nearly anything in a registered name: what no name of a host on the
    /// internet contains is an attempt to be read differently by someone else.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']')?;
                Ipv6Addr::from_str(address).ok()?;
                (&text[..address.len() + 2], after)
            }
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port_fits = port.strip_prefix(':').is_none_or(|digits| digits.is_empty() || is_port(digits));
        let separated = port.is_empty() || port.starts_with(':');
        let name = name.strip_suffix('.').unwrap_or(name);
        let named = name.starts_with('[') || is_name(name);
        (port_fits && separated && named).then(|| Self(name.to_ascii_lowercase().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_port(digits: &str) -> bool {
    digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok()
}

/// Labels of letters, digits, hyphens and underscores, none of them empty.
fn is_name(name: &str) -> bool {
    let mut label = 0;
    for byte in name.bytes() {
        match byte {
            b'.' if label == 0 => return false,
            b'.' => label = 0,
            b'-' | b'_' => label += 1,
            _ if byte.is_ascii_alphanumeric() => label += 1,
            _ => return false,
        }
    }
    label > 0 && name.len() <= 253
}

#[cfg(test)]
mod tests {
    use super::HostName;

    #[test]
    fn normalises() {
        for (given, name) in [
            ("app.localhost", "app.localhost"),
            ("App.LocalHost:8080", "app.localhost"),
            ("app.localhost.", "app.localhost"),
            ("app.localhost.:80", "app.localhost"),
            ("app.localhost:", "app.localhost"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("my_app.example", "my_app.example"),
            ("_.example", "_.example"),
            ("a._", "a._"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(HostName::parse(given).map(|host| host.0).as_deref(), Some(name), "{given}");
        }
    }

    #[test]
    fn refuses() {
        for bad in [
            "",
            ".",
            ":80",
            "a..b",
            ".a",
            "a b",
            "a,b",
            "a, b",
            "user@a",
            "a:80:80",
            "a:x",
            "a:+80",
            "a:65536",
            "a:80 ",
            "a/b",
            "a?b",
            "a#b",
            "a%2eb",
            "bücher.example",
            "[::1",
            "[::1]x",
            "[a]",
            "a\u{0}",
            "*.a",
            &"a".repeat(254),
        ] {
            assert_eq!(HostName::parse(bad), None, "{bad:?}");
        }
    }
}
