//! From path to whatever it leads to, within one app: nginx's choice among its locations. Pure.

use std::borrow::Cow;

use api::names::{Location, PathPattern};
use percent_encoding::percent_decode_str;
use regex::Regex;

/// Locations and what they lead to.
#[derive(Debug)]
pub(crate) struct Paths<T> {
    exact: Vec<(Box<str>, T)>,
    /// The longest first.
    prefixes: Vec<Prefix<T>>,
    /// In the order in which they were added.
    expressions: Vec<(Regex, T)>,
}

#[derive(Debug)]
struct Prefix<T> {
    path: Box<str>,
    /// No expression is asked when this is the longest one that fits.
    only: bool,
    target: T,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self { exact: Vec::new(), prefixes: Vec::new(), expressions: Vec::new() }
    }
}

impl<T: Clone> Paths<T> {
    /// Adds all locations of a pattern.
    pub fn insert(&mut self, pattern: &PathPattern, target: &T) {
        for location in pattern.locations() {
            let target = target.clone();
            match location {
                Location::Exact(path) => self.exact.push((path.into(), target)),
                Location::Prefix { path, only } => self.prefixes.push(Prefix { path: path.into(), only, target }),
                Location::Expression(expression) => self.expressions.push((expression, target)),
            }
        }
        self.prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.path.len()));
    }
}

impl<T> Paths<T> {
    /// What the path of a request leads to: a whole path first, then an expression, unless the longest beginning forbids
    /// to ask one, then the longest beginning. None when no location fits.
    ///
    /// Like nginx it goes by the path as it is meant: decoded, without `.` and `..`, slashes merged.
    pub fn find(&self, path: &str) -> Option<&T> {
        if self.exact.is_empty() && self.prefixes.is_empty() && self.expressions.is_empty() {
            return None;
        }
        let path = &*meant(path);
        if let Some((_, target)) = self.exact.iter().find(|(exact, _)| **exact == *path) {
            return Some(target);
        }
        let prefix = self.prefixes.iter().find(|prefix| path.starts_with(&*prefix.path));
        if let Some(prefix) = prefix.filter(|prefix| prefix.only) {
            return Some(&prefix.target);
        }
        let expression = self.expressions.iter().find(|(expression, _)| expression.is_match(path));
        expression.map(|(_, target)| target).or(prefix.map(|prefix| &prefix.target))
    }
}

/// The path that is meant: `/a/%2e%2e//b` is `/b`.
fn meant(path: &str) -> Cow<'_, str> {
    if !path.contains('%') && !path.contains("//") && !path.contains("/.") {
        return Cow::Borrowed(path);
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut parts = Vec::new();
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let folder = decoded.ends_with('/') || decoded.ends_with("/.") || decoded.ends_with("/..");
    let end = if folder && !parts.is_empty() { "/" } else { "" };
    Cow::Owned(format!("/{}{end}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use api::names::PathPattern;
    use proptest::prelude::*;

    use super::{Paths, meant};

    fn paths(patterns: &[&'static str]) -> Paths<&'static str> {
        let mut paths = Paths::default();
        for pattern in patterns {
            paths.insert(&PathPattern::parse(pattern).unwrap(), pattern);
        }
        paths
    }

    #[test]
    fn chooses_as_nginx_does() {
        let paths = paths(&["/api", "/api/v2", "= /api/v2/ping", "^~ /static", "~ \\.PNG$", "~* \\.jpg$,~ ^/a"]);
        for (path, found) in [
            ("/", None),
            ("/api", Some("~* \\.jpg$,~ ^/a")),
            ("/api/v2/ping", Some("= /api/v2/ping")),
            ("/static/x.PNG", Some("^~ /static")),
            ("/x.PNG", Some("~ \\.PNG$")),
            ("/x.png", None),
            ("/x.JPG", Some("~* \\.jpg$,~ ^/a")),
            ("/b", None),
        ] {
            assert_eq!(paths.find(path).copied(), found, "{path}");
        }
        let paths = super::tests::paths(&["/api", "/api/v2"]);
        for (path, found) in [
            ("/api/v1", Some("/api")),
            ("/api/v2/x", Some("/api/v2")),
            ("/apish", Some("/api")),
            ("/ap", None),
            ("/x/../api/v2", Some("/api/v2")),
            ("/%61pi", Some("/api")),
            ("/API", None),
        ] {
            assert_eq!(paths.find(path).copied(), found, "{path}");
        }
    }

    #[test]
    fn paths_are_taken_as_they_are_meant() {
        for (path, wanted) in [
            ("/a/b", "/a/b"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/.", "/a/b/"),
            ("/a/../../b", "/b"),
            ("/a/%2E%2e/b", "/b"),
            ("/..", "/"),
            ("/.a", "/.a"),
            ("/%ff", "/\u{fffd}"),
            ("/a%2fb", "/a/b"),
        ] {
            assert_eq!(meant(path), wanted, "{path}");
        }
    }

    proptest! {
        /// Whoever reads the path again reads the same.
        #[test]
        fn what_is_meant_is_meant(path in "(/(\\.|\\.\\.|[a-c]{0,2})){1,6}") {
            let once = meant(&path).into_owned();
            prop_assert!(once.starts_with('/'));
            prop_assert_eq!(meant(&once).into_owned(), once);
        }
    }
}
