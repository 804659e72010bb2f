//! Reading an app's log on by the sequence of its lines, so that what was dropped before it was read is known.

use std::path::Path;

use super::{
    Error, Line, Place,
    cursor::{decode, read, whole},
    segment::Segment,
};

/// The line to be read next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position {
    sequence: u64,
    /// Where that is, once it was looked for.
    place: Option<Place>,
}

/// Some lines, one after the other.
#[derive(Debug, Default)]
pub struct Piece {
    /// So many lines before these were dropped before they could be read.
    pub missed: u64,
    /// None when there is no more now.
    pub lines: Vec<Line>,
}

impl Position {
    /// The line with this number, counted from 0.
    #[must_use]
    pub fn at(sequence: u64) -> Self {
        Self { sequence, place: None }
    }

    /// The number of the line that is read next.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// The number of the line that will be stored next.
pub(super) fn end(folder: &Path) -> Result<u64, Error> {
    let Some(newest) = Segment::list(folder)?.pop() else { return Ok(0) };
    let bytes = newest.contents()?;
    Ok(newest.first + decode(whole(&bytes)).count() as u64)
}

/// What was stored from `position` on, some at a time, and moves the position behind it.
pub(super) fn next(folder: &Path, position: &mut Position) -> Result<Piece, Error> {
    let mut missed = 0;
    let Some(mut place) = find(folder, position, &mut missed)? else { return Ok(Piece::default()) };
    loop {
        // Looked for first: a segment is complete once there is a newer one.
        let newer = Segment::list(folder)?.into_iter().find(|segment| segment.first > place.segment);
        let bytes = read(&Segment::new(folder, place.segment).path, &mut place)?;
        let whole = whole(&bytes);
        let lines: Vec<_> = decode(whole).collect();
        place.offset += whole.len() as u64;
        *position = Position { sequence: position.sequence + lines.len() as u64, place: Some(place) };
        match newer {
            _ if !lines.is_empty() => return Ok(Piece { missed, lines }),
            _ if !whole.is_empty() => {}
            Some(newer) => {
                missed += newer.first.saturating_sub(position.sequence);
                place = Place { segment: newer.first, offset: 0 };
                *position = Position { sequence: newer.first, place: Some(place) };
            }
            None => return Ok(Piece { missed, lines }),
        }
    }
}

/// Where the position is. A position behind the end, as after files were lost, becomes the end.
fn find(folder: &Path, position: &mut Position, missed: &mut u64) -> Result<Option<Place>, Error> {
    if position.place.is_some() {
        return Ok(position.place);
    }
    let segments = Segment::list(folder)?;
    let Some(segment) = segments.iter().rev().find(|segment| segment.first <= position.sequence).or(segments.first())
    else {
        return Ok(None);
    };
    *missed += segment.first.saturating_sub(position.sequence);
    let (mut sequence, mut offset) = (segment.first, 0);
    for line in whole(&segment.contents()?).split_inclusive(|byte| *byte == b'\n') {
        if sequence >= position.sequence {
            break;
        }
        sequence += decode(line).count() as u64;
        offset += line.len() as u64;
    }
    *position = Position { sequence, place: Some(Place { segment: segment.first, offset }) };
    Ok(position.place)
}
