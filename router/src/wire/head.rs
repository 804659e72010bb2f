//! A request head, line by line: are its lines whole, and which of the two framing headers does it carry.

use super::{Framing, Phase, Progress};

/// The line makes the request ambiguous or malformed.
struct Refused;

/// What is known of the head that is being read.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// The request line has been read.
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Head {
    pub fn phase(&self) -> Phase {
        if self.begun || !self.partial.is_empty() { Phase::Head } else { Phase::Between }
    }

    /// Reads up to the end of the head; an error is the offset of the byte that breaks it.
    ///
    /// Only the end of a line is ever refused, when the whole line is known: hyper gets the line without it and cannot
    /// have taken the head for complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress<Framing>, usize> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let ended = self.line(&bytes[start..end]).map_err(|Refused| end)?;
            start = end + 1;
            if ended.is_some() {
                return Ok(Progress { consumed: start, ended });
            }
        }
        self.partial.extend_from_slice(&bytes[start..]);
        Ok(Progress { consumed: bytes.len(), ended: None })
    }

    /// Takes the piece of a line before its LF; answers how the body is framed once the head is complete.
    fn line(&mut self, piece: &[u8]) -> Result<Option<Framing>, Refused> {
        if self.partial.is_empty() {
            return self.whole_line(piece);
        }
        let mut line = std::mem::take(&mut self.partial);
        line.extend_from_slice(piece);
        self.whole_line(&line)
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<Option<Framing>, Refused> {
        let line = line.strip_suffix(b"\r").ok_or(Refused)?;
        match line.first() {
            // Empty lines before a request are tolerated (RFC 9112, 2.2).
            None if !self.begun => {}
            None => return Ok(Some(self.framing())),
            Some(_) if !self.begun => self.request_line(line)?,
            Some(b'c' | b'C' | b't' | b'T') => self.header(line)?,
            // A continued line: what it continues depends on the reader.
            Some(b' ' | b'\t') => return Err(Refused),
            Some(_) => {}
        }
        Ok(None)
    }

    /// What follows the line of another protocol is not framed as is expected here.
    fn request_line(&mut self, line: &[u8]) -> Result<(), Refused> {
        self.begun = true;
        if line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0") { Ok(()) } else { Err(Refused) }
    }

    fn framing(&self) -> Framing {
        if self.chunked { Framing::Chunked } else { Framing::Length(self.length.unwrap_or(0)) }
    }

    /// Notes a framing header, unless it is the second one, of either kind, or cannot be understood.
    fn header(&mut self, line: &[u8]) -> Result<(), Refused> {
        // A line without a colon is for the parser to refuse.
        let Some(colon) = memchr::memchr(b':', line) else { return Ok(()) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let first = self.length.is_none() && !self.chunked;
        let fine = if name.eq_ignore_ascii_case(b"content-length") {
            self.length = decimal(value);
            first && self.length.is_some()
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.chunked = true;
            first && value.eq_ignore_ascii_case(b"chunked")
        } else {
            true
        };
        if fine { Ok(()) } else { Err(Refused) }
    }
}

/// `1*DIGIT`, and nothing that another reader could take for a number: no sign, no underscore, no list.
fn decimal(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
