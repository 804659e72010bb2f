//! The log of a build: valid text, of bounded length, whatever the build writes.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Most bytes that are kept.
const LARGEST: u64 = 8 << 20;
/// The last line of a log that would have been longer.
const LEFT_OUT: &str = "\n[the build writes more than 8 MiB; the rest is left out]\n";
/// What a line with the reason of a failure begins with.
const ERROR: &str = "Error: ";

/// An open log.
pub struct Log {
    file: File,
    written: u64,
    /// The start of a character whose end has not come yet.
    rest: Vec<u8>,
    full: bool,
    /// The last line so far, without its end.
    line: String,
    /// The newest reason.
    error: Option<String>,
    /// The last line told it.
    is_error_last: bool,
}

impl Log {
    /// Opens the file to append.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(Self {
            file,
            written,
            rest: Vec::new(),
            full: false,
            line: String::new(),
            error: None,
            is_error_last: false,
        })
    }

    /// Takes what a build wrote.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rest.extend_from_slice(bytes);
        let (text, rest) = split(&self.rest);
        self.rest = rest;
        self.put(&text)
    }

    /// Nothing more comes.
    pub fn finish(&mut self) -> io::Result<()> {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned();
        self.put(&text)
    }

    /// Nothing more comes, and there is no image: the last line says why, whoever reads.
    pub fn fail(&mut self, reason: &str) -> io::Result<()> {
        self.finish()?;
        let is_said = self.is_error_last && self.error.as_deref() == Some(reason);
        if is_said && !self.full {
            return Ok(());
        }
        let start = if self.line.is_empty() || self.full { "" } else { "\n" };
        self.file.write_all(format!("{start}{ERROR}{reason}\n").as_bytes())
    }

    /// The reason with which the program in the sandbox ended, from its last lines.
    pub fn last_error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.look(text);
        if self.full {
            return Ok(());
        }
        let room = usize::try_from(LARGEST.saturating_sub(self.written)).unwrap_or(usize::MAX);
        let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.file.write_all(&text.as_bytes()[..end])?;
        self.written += end as u64;
        if end < text.len() {
            self.full = true;
            self.file.write_all(LEFT_OUT.as_bytes())?;
        }
        Ok(())
    }

    /// Keeps the newest line that tells a reason.
    fn look(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            if self.line.len() < 2000 {
                self.line.push_str(piece);
            }
            if piece.ends_with('\n') {
                let reason = self.line.trim_end().strip_prefix(ERROR);
                self.is_error_last = reason.is_some();
                if let Some(reason) = reason {
                    self.error = Some(reason.chars().take(500).collect());
                }
                self.line.clear();
            }
        }
    }
}

/// The text in `bytes`, what is no text replaced, and the start of a character at the end.
fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let begun = match std::str::from_utf8(&bytes[bytes.len().saturating_sub(3)..]) {
        Err(error) if error.error_len().is_none() => bytes.len().min(3) - error.valid_up_to(),
        _ => (1..=3.min(bytes.len())).find(|back| is_begun(&bytes[bytes.len() - back..])).unwrap_or(0),
    };
    let (text, rest) = bytes.split_at(bytes.len() - begun);
    (String::from_utf8_lossy(text).replace('\0', "\u{fffd}"), rest.to_vec())
}

fn is_begun(tail: &[u8]) -> bool {
    matches!(std::str::from_utf8(tail), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_come_in_pieces_stay_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = Log::open(&path).unwrap();
        for byte in "a é 😀\n".bytes() {
            log.take(&[byte]).unwrap();
        }
        log.take(b"\xff\xfe ok\nError: no such file\n\xf0\x9f").unwrap();
        log.finish().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "a é 😀\n\u{fffd}\u{fffd} ok\nError: no such file\n\u{fffd}"
        );
        assert_eq!(log.last_error(), Some("no such file"));
    }

    #[test]
    fn the_reason_is_the_last_line_and_stands_there_once() {
        let dir = tempfile::tempdir().unwrap();
        let told = |text: &str, reason: &str| {
            let path = dir.path().join("log");
            std::fs::write(&path, "").unwrap();
            let mut log = Log::open(&path).unwrap();
            log.take(text.as_bytes()).unwrap();
            log.fail(reason).unwrap();
            std::fs::read_to_string(&path).unwrap()
        };
        assert_eq!(told("a\nError: no such file\n", "no such file"), "a\nError: no such file\n");
        assert_eq!(told("Error: one\nhalf", "too slow"), "Error: one\nhalf\nError: too slow\n");
        assert_eq!(told("Error: one\nb\n", "one"), "Error: one\nb\nError: one\n");
        let long = told(&"y\n".repeat(5 << 20), "too slow");
        assert!(long.ends_with(&format!("{LEFT_OUT}Error: too slow\n")));
    }

    #[test]
    fn an_endless_log_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = Log::open(&path).unwrap();
        for _ in 0..200 {
            log.take(&b"y\n".repeat(32 * 1024)).unwrap();
        }
        log.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with(LEFT_OUT) && text.len() as u64 == LARGEST + LEFT_OUT.len() as u64);
    }
}
