//! Which requests of an app go to a process type of their own: the path pattern of a service (Hephy).

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// Locations in the form of nginx, separated by commas: `/api` is every path that begins so, `= /ping` that one alone,
/// `^~ /static` what begins so whatever expressions say, `~ ^/v[0-9]/` a regular expression, `~* \.png$` one that takes
/// no notice of case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(String);

name_traits!(PathPattern);

/// One of a pattern's locations.
#[derive(Clone, Debug)]
pub enum Location<'a> {
    /// This path.
    Exact(&'a str),
    /// Every path that begins so.
    Prefix {
        /// The beginning.
        path: &'a str,
        /// No expression is asked when this is the longest beginning.
        only: bool,
    },
    /// Every path in which this is found.
    Expression(Regex),
}

impl PathPattern {
    /// Longest pattern.
    pub const MAX: usize = 1024;
    /// Bytes that an expression may take once it is compiled. It takes time in proportion to a path's length, whatever it
    /// says.
    const MAX_COMPILED: usize = 64 * 1024;

    /// The only way to a `PathPattern`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("Ensure this field has no more than {} characters.", Self::MAX)));
        }
        for part in text.split(',') {
            location(part).map_err(|why| {
                InvalidName::new(format!("Service value should be valid regex (or set of regex split by comma): {why}"))
            })?;
        }
        Ok(Self(text.to_owned()))
    }

    /// Its locations, in their order.
    pub fn locations(&self) -> impl Iterator<Item = Location<'_>> {
        // All of them could be read when this came to be.
        self.0.split(',').filter_map(|part| location(part).ok())
    }
}

fn location(part: &str) -> Result<Location<'_>, String> {
    let part = part.trim();
    if part.is_empty() {
        return Err("a location is empty".to_owned());
    }
    if part.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("a location has a control character".to_owned());
    }
    if let Some(text) = part.strip_prefix("~*") {
        return expression(text.trim_start(), true);
    }
    if let Some(text) = part.strip_prefix('~') {
        return expression(text.trim_start(), false);
    }
    if let Some(text) = part.strip_prefix('=') {
        return path(text.trim_start()).map(Location::Exact);
    }
    if let Some(text) = part.strip_prefix("^~") {
        return path(text.trim_start()).map(|path| Location::Prefix { path, only: true });
    }
    path(part).map(|path| Location::Prefix { path, only: false })
}

fn path(text: &str) -> Result<&str, String> {
    if text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(format!("{text:?} is no path: it begins with /, or with ~ and an expression"))
    }
}

fn expression(text: &str, ignore_case: bool) -> Result<Location<'static>, String> {
    if text.is_empty() {
        return Err("an expression is empty".to_owned());
    }
    let mut builder = RegexBuilder::new(text);
    let built = builder.case_insensitive(ignore_case).size_limit(PathPattern::MAX_COMPILED).build();
    built.map(Location::Expression).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("{text:?} is too large"),
        _ => format!("{text:?} cannot be read"),
    })
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[test]
    fn accepts_and_refuses() {
        for good in ["/api", "= /ping", "^~/static", "~ ^/v[0-9]/", "~* \\.png$", "/a,/b, ~ ^/c(/|$)", "/testep/notify"]
        {
            let pattern = PathPattern::parse(good).unwrap();
            assert_eq!(pattern.as_str(), good);
            assert_eq!(pattern.locations().count(), good.split(',').count(), "{good}");
        }
        for bad in [
            "",
            "api",
            "/a,",
            ",/a",
            "~",
            "~ (",
            "/a b",
            "= ping",
            "/a\nb",
            "~ a{9999}{9999}",
            &format!("/{}", "a".repeat(PathPattern::MAX)),
        ] {
            let refused = PathPattern::parse(bad).unwrap_err();
            assert!(!refused.to_string().is_empty(), "{bad:?}");
        }
    }
}
