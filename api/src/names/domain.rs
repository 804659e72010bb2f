//! A host name, or a label under the platform's own domain.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A domain of an app, lower case and in ACE form. `*.` may be its first label; a single label without a dot stands
/// for a name under the platform's domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DomainName(String);

name_traits!(DomainName);

impl DomainName {
    /// Longest domain (RFC 1035).
    pub const MAX: usize = 253;

    /// The only way to a `DomainName`. One trailing dot is dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text == "*" {
            return Err(InvalidName::new("Hostname can't only be a wildcard"));
        }
        let (wildcard, host) = match text.strip_prefix("*.") {
            Some(host) => ("*.", host),
            None => ("", text),
        };
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        // The library does not say what is wrong; Deis's did.
        let ace = idna::domain_to_ascii_strict(host).map_err(|_| {
            InvalidName::new(format!("Hostname does not look valid, could not convert to ACE {text}: not an IDNA name"))
        })?;
        let full = format!("{wildcard}{ace}");
        if full.len() > Self::MAX {
            return Err(InvalidName::new("Hostname must be 253 characters or less."));
        }
        let last = ace.rsplit('.').next().unwrap_or_default();
        if !ace.split('.').all(is_label) || last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidName::new("Hostname does not look valid."));
        }
        Ok(Self(full))
    }

    /// The host name it is served under: itself, or below `platform_domain` when it is a single label.
    #[must_use]
    pub fn host(&self, platform_domain: &str) -> String {
        if self.0.contains('.') { self.0.clone() } else { format!("{}.{platform_domain}", self.0) }
    }
}

fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::DomainName;

    #[test]
    fn normalises() {
        for (given, stored) in [
            ("www.Example.com.", "www.example.com"),
            ("*.example.com", "*.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("blog", "blog"),
        ] {
            assert_eq!(DomainName::parse(given).unwrap().as_str(), stored);
        }
    }

    #[test]
    fn refuses() {
        for bad in
            ["", "*", "a.*.com", "-a.com", "a..b", "1.2.3.4", "a_b.com", "a b.com", "a.com\n", "*.", &"a.".repeat(140)]
        {
            assert!(DomainName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_single_label_is_below_the_platform_domain() {
        assert_eq!(DomainName::parse("blog").unwrap().host("localhost"), "blog.localhost");
        assert_eq!(DomainName::parse("a.example").unwrap().host("localhost"), "a.example");
    }
}
