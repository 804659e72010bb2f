//! The name of a container image as users write it.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// An image reference in the Distribution grammar: `[registry[:port]/]path[:tag][@sha256:<64 hex>]`.
///
/// Engine ids (`sha256:...`, 12 or 64 hexadecimal digits) are refused: on a shared engine they name anybody's image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ImageName(String);

name_traits!(ImageName);

/// Repositories that Deis refused to run as apps.
const RESERVED: [&str; 12] = [
    "builder",
    "controller",
    "database",
    "dockerbuilder",
    "etcd",
    "minio",
    "registry",
    "router",
    "slugbuilder",
    "slugrunner",
    "workflow",
    "workflow-manager",
];

impl ImageName {
    /// Longest reference we take; the grammar's own limit is 255 for the repository and 128 for the tag.
    pub const MAX: usize = 512;

    /// The only way to an `ImageName`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let invalid =
            || InvalidName::new(format!("{text:?} is not a valid image name. Write it as [registry/]name[:tag]."));
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        if text.len() > Self::MAX {
            return Err(invalid());
        }
        let name = Self(text.to_owned());
        let parts = name.split().ok_or_else(invalid)?;
        if !parts.is_valid() {
            return Err(invalid());
        }
        if parts.is_engine_id() {
            return Err(InvalidName::new(format!(
                "{text} is an image id. Give the image a name: docker tag {text} <name>."
            )));
        }
        if let Some(component) = parts.path.strip_prefix("deis/").filter(|component| RESERVED.contains(component)) {
            return Err(InvalidName::new(format!(
                "Repository name deis/{component} is not allowed, as it is reserved by Deis"
            )));
        }
        Ok(name)
    }

    /// The registry's `host[:port]` as written; `None` means Docker Hub.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        self.split().and_then(|parts| parts.registry)
    }

    /// Registry and path without tag and digest.
    #[must_use]
    pub fn repository(&self) -> &str {
        let name = self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name);
        match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => repository,
            _ => name,
        }
    }

    /// The tag as written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.split().and_then(|parts| parts.tag)
    }

    /// The digest as written: `sha256:<64 hex>`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.split().and_then(|parts| parts.digest)
    }

    /// The reference as the engine understands it: with `:latest` when neither tag nor digest is given.
    #[must_use]
    pub fn with_tag(&self) -> String {
        if self.tag().is_some() || self.digest().is_some() { self.0.clone() } else { format!("{}:latest", self.0) }
    }

    fn split(&self) -> Option<Parts<'_>> {
        let (rest, digest) = match self.0.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (self.0.as_str(), None),
        };
        let (registry, rest) = match rest.split_once('/') {
            // The rule that every client of registries follows: what has a dot or a port, or is localhost, is a host.
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
            _ => (None, rest),
        };
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        (!path.is_empty()).then_some(Parts { registry, path, tag, digest })
    }
}

struct Parts<'a> {
    registry: Option<&'a str>,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl Parts<'_> {
    fn is_valid(&self) -> bool {
        self.registry.is_none_or(is_registry)
            && self.path.split('/').all(is_component)
            && self.tag.is_none_or(is_tag)
            && self.digest.is_none_or(is_digest)
    }

    fn is_engine_id(&self) -> bool {
        let hex = |text: &str| (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        self.registry.is_none()
            && ((self.path == "sha256" && self.tag.is_some_and(hex)) || (self.tag.is_none() && hex(self.path)))
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(label) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_component(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    edge(text.bytes().next())
        && edge(text.bytes().next_back())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && !text.contains("..")
        && !text.contains("___")
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len())
        && word(text.as_bytes()[0])
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::ImageName;

    #[test]
    fn parts() {
        let name = ImageName::parse("registry.example:5000/team/blog:1.2").unwrap();
        assert_eq!(name.registry(), Some("registry.example:5000"));
        assert_eq!(name.repository(), "registry.example:5000/team/blog");
        assert_eq!(name.tag(), Some("1.2"));
        assert_eq!(ImageName::parse("example-go").unwrap().with_tag(), "example-go:latest");
    }

    #[test]
    fn refuses() {
        let digest = "a".repeat(64);
        for bad in [
            "",
            "Upper",
            "a//b",
            "a b",
            "-a",
            "a:",
            "a@sha256:1",
            "a\n",
            "http://a/b",
            "../a",
            "a:tag:tag",
            &format!("sha256:{digest}"),
            &digest,
            "0123456789ab",
            "deis/router",
            "a:70000/b",
        ] {
            assert!(ImageName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(ImageName::parse(&format!("a/b@sha256:{digest}")).is_ok());
    }
}
