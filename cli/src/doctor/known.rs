//! Host keys, as OpenSSH's own programs see them: `known_hosts` may be hashed, and the protocol is theirs.

use std::{io, path::Path, process::Stdio};

use crate::child;

/// Seconds that a host may take.
const PATIENCE: &str = "5";

/// The keys that a host shows.
pub fn shown_by(host: &str, port: u16) -> io::Result<Vec<String>> {
    let port = port.to_string();
    output("ssh-keyscan", &["-T", PATIENCE, "-p", &port, "--", host])
}

/// The keys that the user trusts for a host.
pub fn trusted(name: &str, folder: &Path) -> io::Result<Vec<String>> {
    let file = folder.join("known_hosts");
    if !file.exists() {
        return Ok(Vec::new());
    }
    output("ssh-keygen", &["-F", name, "-f", &file.to_string_lossy()])
}

fn output(program: &str, words: &[&str]) -> io::Result<Vec<String>> {
    let output = child::command(program).args(words).stdin(Stdio::null()).output()?;
    Ok(keys(&String::from_utf8_lossy(&output.stdout)))
}

/// `type key` of every line `host type key`.
fn keys(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with(['#', '@']));
    lines.filter_map(|line| line.split_once(' ')).map(|(_, key)| without_comment(key)).collect()
}

fn without_comment(key: &str) -> String {
    key.split_ascii_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn lines_of_hosts() {
        let text = "# Host [a]:2222 found: line 1\n|1|x=|y= ssh-ed25519 AAAA root@a\n@revoked a ssh-rsa AAAB\nbroken\n";
        assert_eq!(keys(text), ["ssh-ed25519 AAAA"]);
    }
}
