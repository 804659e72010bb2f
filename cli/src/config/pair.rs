//! `KEY=value` as the verbs of `config` take it.

use anyhow::Result;

use super::{dotenv, ssh_key};
use crate::report::Failure;

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub key: String,
    /// Its value, which may hold line ends.
    pub value: String,
}

/// Reads arguments; what begins with `#` is a comment.
pub fn read(items: &[String]) -> Result<Vec<Pair>> {
    items.iter().filter(|item| !item.starts_with('#')).map(|item| one(item, &named(item))).collect()
}

/// Reads the text of a file. A line that is none is told by its number: it may be a part of a secret.
pub fn read_lines(text: &str) -> Result<Vec<Pair>> {
    let lines = dotenv::parse(text);
    lines.iter().map(|(number, item)| one(item, &format!("line {number}"))).collect()
}

/// An argument in an error, without its value.
fn named(item: &str) -> String {
    item.split_once('=').map_or_else(|| format!("'{item}'"), |(key, _)| format!("'{key}=...'"))
}

fn one(item: &str, named: &str) -> Result<Pair> {
    let Some((key, value)) = item.split_once('=').filter(|(key, _)| is_key(key)) else {
        // The line end is Deis's.
        return Err(Failure::new(format!("{named} does not match the pattern 'key=var', ex: MODE=test\n")).into());
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
    use super::{Pair, read, read_lines};

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

    #[test]
    fn errors_tell_no_values() {
        let error = read(&["1A=secret".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "'1A=...' does not match the pattern 'key=var', ex: MODE=test\n");
        let error = read_lines("# ours\nA=1\nc2Vj+cmV0==\n").unwrap_err().to_string();
        assert_eq!(error, "line 3 does not match the pattern 'key=var', ex: MODE=test\n");
    }
}
