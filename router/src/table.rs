//! From host name to whatever it leads to: an immutable value, built once per change and only read by requests.

use std::collections::HashMap;

/// Host names and what they lead to. Pure: no I/O, no clock.
#[derive(Debug)]
pub(crate) struct Table<T> {
    exact: HashMap<Box<str>, T>,
    /// By the part after `*.`.
    wildcard: HashMap<Box<str>, T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), wildcard: HashMap::new() }
    }
}

impl<T> Table<T> {
    /// Adds a host name in the form of the route stream: lower case, ACE, without port or trailing dot, `*.` only as a
    /// whole first label. A name that is there already is replaced.
    pub fn insert(&mut self, host: &str, target: T) {
        match host.strip_prefix("*.") {
            Some(parent) => self.wildcard.insert(parent.into(), target),
            None => self.exact.insert(host.into(), target),
        };
    }

    /// Finds a host name in the same form. A whole name wins over a wildcard, a longer wildcard over a shorter one; a
    /// wildcard stands for one label or more, as it did at Deis.
    pub fn lookup(&self, host: &str) -> Option<&T> {
        if let Some(target) = self.exact.get(host) {
            return Some(target);
        }
        if self.wildcard.is_empty() {
            return None;
        }
        let mut rest = host;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(target) = self.wildcard.get(parent) {
                return Some(target);
            }
            rest = parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Table;

    fn table(hosts: &[&'static str]) -> Table<&'static str> {
        let mut table = Table::default();
        for host in hosts {
            table.insert(host, *host);
        }
        table
    }

    #[test]
    fn the_closest_name_wins() {
        let table = table(&["a.example.com", "*.example.com", "*.b.example.com", "*.com"]);
        for (host, found) in [
            ("a.example.com", Some("a.example.com")),
            ("c.example.com", Some("*.example.com")),
            ("d.c.example.com", Some("*.example.com")),
            ("x.b.example.com", Some("*.b.example.com")),
            ("b.example.com", Some("*.example.com")),
            ("example.com", Some("*.com")),
            ("com", None),
            ("", None),
            ("example.org", None),
        ] {
            assert_eq!(table.lookup(host).copied(), found, "{host}");
        }
    }

    proptest! {
        /// The definition, written as a search over all names.
        #[test]
        fn agrees_with_a_linear_search(hosts in prop::collection::vec("(\\*\\.)?[ab](\\.[ab]){0,3}", 0..8),
                                       asked in "[ab](\\.[ab]){0,4}") {
            let mut table = Table::default();
            for host in &hosts {
                table.insert(host, host.clone());
            }
            let matches = |host: &&String| match host.strip_prefix('*') {
                Some(suffix) => asked.ends_with(suffix) && asked.len() > suffix.len(),
                None => **host == asked,
            };
            let wanted = hosts.iter().filter(matches).max_by_key(|host| (!host.starts_with('*'), host.len()));
            prop_assert_eq!(table.lookup(&asked), wanted);
        }
    }
}
