//! How a line lies in a segment: as text, so that `grep` works where everything else is broken.
//!
//! ```text
//! 1714557600123456789 blog-web-3f9a1c07-1vxqg web 3 GET / 200
//! @ 1714557600123456789 2 blog-web-3f9a1c07-1vxqg
//! ```
//!
//! The second form is a [`Mark`]. A record is whole when its line has an end and reads back; whatever a crash
//! left at the end of a file is not.

use std::str::FromStr;

use api::names::ProcessType;
use chrono::{DateTime, Utc};

use super::{Line, MAX_LINE, Source};

/// One line of a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Record {
    /// Something an instance wrote.
    Line(Line),
    /// How far an instance had been read when the segment began.
    Mark(Mark),
}

impl Record {
    /// The line, if it is one.
    pub fn line(self) -> Option<Line> {
        match self {
            Self::Line(line) => Some(line),
            Self::Mark(_) => None,
        }
    }
}

/// How far an instance was read: the segments that would tell may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which.
    pub instance: String,
    /// Latest time of its lines, in nanoseconds since 1970.
    pub at: i64,
    /// How many of them bear exactly that time.
    pub count: usize,
}

/// Nanoseconds since 1970; times that do not fit (after 2262) are the end of time.
pub fn nanos(at: DateTime<Utc>) -> i64 {
    at.timestamp_nanos_opt().unwrap_or(i64::MAX)
}

/// Appends a line to `bytes`. Its text is one of the [`pieces`]; should it not be, it must still not begin a record.
pub fn encode_line(line: &Line, bytes: &mut Vec<u8>) {
    let Source { instance, process_type, version } = &line.source;
    let text = line.text.replace('\n', " ");
    let record = format!("{} {instance} {} {version} {text}\n", nanos(line.at), process_type.as_str());
    bytes.extend_from_slice(record.as_bytes());
}

/// Appends a mark to `bytes`.
pub fn encode_mark(mark: &Mark, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("@ {} {} {}\n", mark.at, mark.count, mark.instance).as_bytes());
}

/// Reads one record, given without its end of line. None when it is not one.
pub fn decode(bytes: &[u8]) -> Option<Record> {
    let text = std::str::from_utf8(bytes).ok()?;
    match text.strip_prefix("@ ") {
        Some(mark) => decode_mark(mark).map(Record::Mark),
        None => decode_line(text).map(Record::Line),
    }
}

fn decode_mark(text: &str) -> Option<Mark> {
    let mut fields = text.splitn(3, ' ');
    let at = number(fields.next()?)?;
    let count = number(fields.next()?)?;
    Some(Mark { instance: fields.next()?.to_owned(), at, count })
}

fn decode_line(text: &str) -> Option<Line> {
    let mut fields = text.splitn(5, ' ');
    let at = DateTime::from_timestamp_nanos(number(fields.next()?)?);
    let instance = fields.next()?.to_owned();
    let process_type = ProcessType::parse(fields.next()?).ok()?;
    let version = number(fields.next()?)?;
    let text = fields.next()?.to_owned();
    Some(Line { at, source: Source { instance, process_type, version }, text })
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// Cuts what a platform calls a line into pieces that are lines here: no end of line inside, none over [`MAX_LINE`].
/// The same text always gives the same pieces, which resuming relies on.
pub fn pieces(text: &str) -> Vec<&str> {
    text.split('\n').flat_map(|line| cut(line, MAX_LINE)).collect()
}

/// Cuts a line into as few pieces of at most `most` bytes as there can be, between characters.
#[must_use]
pub fn cut(mut line: &str, most: usize) -> Vec<&str> {
    let mut found = Vec::new();
    while line.len() > most {
        let (head, rest) = line.split_at(line.floor_char_boundary(most));
        found.push(head);
        line = rest;
    }
    found.push(line);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(at in any::<i64>(), version in any::<u32>(), text in "[^\n]{0,40}") {
            let process_type = ProcessType::web();
            let source = Source { instance: "blog-web-3f9a1c07-1vxqg".to_owned(), process_type, version };
            let line = Line { at: DateTime::from_timestamp_nanos(at), source, text };
            let mut bytes = Vec::new();
            encode_line(&line, &mut bytes);
            prop_assert_eq!(bytes.pop(), Some(b'\n'));
            prop_assert_eq!(decode(&bytes), Some(Record::Line(line)));
        }

        #[test]
        fn no_bytes_are_too_strange_to_read(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }

        #[test]
        fn pieces_lose_nothing(text in any::<String>(), times in 1_usize..20_000) {
            let long = text.repeat(times.min(60_000 / (text.len() + 1)) + 1);
            let pieces = pieces(&long);
            prop_assert!(pieces.iter().all(|piece| piece.len() <= MAX_LINE && !piece.contains('\n')));
            prop_assert_eq!(pieces.concat(), long.replace('\n', ""));
        }
    }

    #[test]
    fn a_mark_reads_back() {
        let mark = Mark { instance: "blog-web-3f9a1c07-1vxqg".to_owned(), at: 17, count: 2 };
        let mut bytes = Vec::new();
        encode_mark(&mark, &mut bytes);
        assert_eq!(String::from_utf8_lossy(&bytes), "@ 17 2 blog-web-3f9a1c07-1vxqg\n");
        assert_eq!(decode(b"@ 17 2 blog-web-3f9a1c07-1vxqg"), Some(Record::Mark(mark)));
    }
}
