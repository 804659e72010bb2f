//! The config value `SSH_KEY`: a private key that builds use, kept in base64 because it has many lines.

use std::fs;

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::report::Failure;

/// The kinds of keys that builders read.
const KINDS: [&str; 4] = ["DSA", "RSA", "EC", "OPENSSH"];

/// The key in base64; `value` is the key itself, its base64 or the path of its file.
pub fn encoded(value: &str) -> Result<String> {
    if is_key(value) {
        return Ok(STANDARD.encode(value));
    }
    if STANDARD.decode(value).is_ok_and(|bytes| is_key(&String::from_utf8_lossy(&bytes))) {
        return Ok(value.to_owned());
    }
    match fs::read_to_string(value) {
        Ok(text) if is_key(&text) => Ok(STANDARD.encode(text)),
        // Not what was given: it may be most of a key.
        _ => Err(Failure::new(
            "Could not parse SSH private key:\n it is neither a key, nor its base64, nor the path of a file with one",
        )
        .into()),
    }
}

fn is_key(text: &str) -> bool {
    KINDS.iter().any(|kind| text.contains(&format!("-----BEGIN {kind} PRIVATE KEY-----")))
}

#[cfg(test)]
mod tests {
    use super::encoded;
    use std::io::Write as _;

    #[test]
    fn all_three_forms() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";
        let base64 = encoded(key).unwrap();
        assert_eq!(encoded(&base64).unwrap(), base64);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(key.as_bytes()).unwrap();
        assert_eq!(encoded(file.path().to_str().unwrap()).unwrap(), base64);
        assert!(encoded("nonsense").is_err());
    }
}
