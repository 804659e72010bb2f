//! Reading on in an app's log while it is written, in any process that sees the files.

use std::{
    fmt,
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{
    Error, Line, Selection,
    record::{self, Record},
    segment::Segment,
};

/// Most bytes read at once.
const CHUNK: u64 = 256 * 1024;

/// A place in the log of an app, to be kept by whoever reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The first sequence of its segment.
    pub(super) segment: u64,
    /// Bytes in it, of whole records.
    pub(super) offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.segment, self.offset)
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (segment, offset) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { segment: segment.parse()?, offset: offset.parse()? })
    }
}

/// The last `count` lines that `selection` takes, in the order in which they were stored, and the place behind them.
pub(super) fn tail(folder: &Path, count: usize, selection: &Selection) -> Result<(Vec<Line>, Place), Error> {
    let segments = Segment::list(folder)?;
    let mut lines = Vec::new();
    let mut end = None;
    for segment in segments.iter().rev() {
        let bytes = segment.contents()?;
        let whole = whole(&bytes);
        end.get_or_insert(Place { segment: segment.first, offset: whole.len() as u64 });
        lines.extend(decode(whole).rev().filter(|line| selection.takes(line)));
        if lines.len() >= count {
            break;
        }
    }
    lines.truncate(count);
    lines.reverse();
    Ok((lines, end.unwrap_or_default()))
}

/// What was stored from `place` on, some at a time, and moves the place behind it. Nothing when there is no more now. Lines
/// that were dropped before they were read are passed over.
pub(super) fn next(folder: &Path, place: &mut Place) -> Result<Vec<Line>, Error> {
    loop {
        // Looked for first: a segment is complete once there is a newer one.
        let newer = Segment::list(folder)?.into_iter().find(|segment| segment.first > place.segment);
        let bytes = read(&Segment::new(folder, place.segment).path, place)?;
        let whole = whole(&bytes);
        place.offset += whole.len() as u64;
        let lines: Vec<_> = decode(whole).collect();
        if !lines.is_empty() {
            return Ok(lines);
        }
        match newer {
            _ if !whole.is_empty() => {}
            Some(newer) => *place = Place { segment: newer.first, offset: 0 },
            None => return Ok(lines),
        }
    }
}

pub(super) fn read(path: &PathBuf, place: &mut Place) -> Result<Vec<u8>, Error> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        file => file.map_err(Error::at(path))?,
    };
    // A write that failed was cut off again.
    place.offset = place.offset.min(file.metadata().map_err(Error::at(path))?.len());
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(place.offset)).map_err(Error::at(path))?;
    file.take(CHUNK).read_to_end(&mut bytes).map_err(Error::at(path))?;
    Ok(bytes)
}

/// What ends with the end of a line: the rest is being written.
pub(super) fn whole(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)]
}

pub(super) fn decode(whole: &[u8]) -> impl DoubleEndedIterator<Item = Line> {
    let records = whole.split(|byte| *byte == b'\n').filter_map(record::decode);
    records.filter_map(Record::line)
}
