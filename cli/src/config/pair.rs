//! `KEY=value` as the verbs of `config` take it.

use anyhow::Result;

use super::ssh_key;
use crate::report::Failure;

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub key: String,
    /// Its value, which may hold line ends.
    pub value: String,
}

/// Reads arguments or the lines of a file; what begins with `#` is a comment.
pub fn read(items: &[String]) -> Result<Vec<Pair>> {
    items.iter().filter(|item| !item.starts_with('#')).map(|item| one(item)).collect()
}

fn one(item: &str) -> Result<Pair> {
    let Some((key, value)) = item.split_once('=').filter(|(key, _)| is_key(key)) else {
        // The line end is Deis's.
        return Err(Failure::new(format!("'{item}' does not match the pattern 'key=var', ex: MODE=test\n")).into());
    };
    let value = if key == "SSH_KEY" { ssh_key::encoded(value)? } else { value.to_owned() };
    Ok(Pair { key: key.to_owned(), value })
}

fn is_key(key: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !key.is_empty() && !key.as_bytes()[0].is_ascii_digit() && key.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use super::{Pair, read};

    #[test]
    fn pairs() {
        let items = ["A=1".to_owned(), "#B=2".to_owned(), "_c=a=b\nc".to_owned(), "E=".to_owned()];
        let pairs = [("A", "1"), ("_c", "a=b\nc"), ("E", "")];
        let pairs = pairs.map(|(key, value)| Pair { key: key.to_owned(), value: value.to_owned() });
        assert_eq!(read(&items).unwrap(), pairs);
        for bad in ["A", "=1", "1A=1", "A-B=1", ""] {
            assert!(read(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
    }
}
