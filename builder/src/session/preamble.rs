//! What a push says before its objects come: the branches it would move, and how many objects follow. Who announces too
//! much is refused before git has read any of it, whatever that would cost.
//!
//! gitprotocol-pack(5): packets, each with its length in four hexadecimal digits in front, one a branch; an empty one; then
//! `PACK`, a version and the number of objects, four bytes each.

use std::fmt::{self, Display, Formatter};

/// Packets of one push: a branch, or a commit at which a shallow clone ends, each.
const PACKETS: u32 = 10_000;
/// Bytes of a packet's length.
const LENGTH: usize = 4;
/// Bytes before the first object.
const HEADER: usize = 12;

/// Why a push goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// More branches than anybody has.
    Branches,
    /// More objects than a push may have.
    Objects { announced: u32, most: u32 },
}

impl Display for Excess {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branches => f.write_str("A push deploys one branch. Push it alone: git push <remote> main"),
            Self::Objects { announced, most } => write!(
                f,
                "This push has {announced} objects, and at most {most} are taken. To push the newest commit without its history:\n\
                 git push <remote> \"$(git commit-tree -m Deploy 'HEAD^{{tree}}')\":refs/heads/main"
            ),
        }
    }
}

/// Where in the preamble a push is.
#[derive(Debug)]
pub(super) struct Preamble {
    most: u32,
    packets: u32,
    at: At,
}

#[derive(Debug)]
enum At {
    /// In the length of a packet.
    Length(Vec<u8>),
    /// So many bytes before the next packet.
    Packet(usize),
    /// In the header of the objects.
    Header(Vec<u8>),
    /// Past all that matters here. What cannot be read gets here, too: git refuses it.
    Past,
}

impl Preamble {
    /// That of a push that may have `most` objects.
    pub fn new(most: u32) -> Self {
        Self { most, packets: 0, at: At::Length(Vec::new()) }
    }

    /// Reads on. What follows an excess must not reach git.
    pub fn read(&mut self, mut bytes: &[u8]) -> Result<(), Excess> {
        while !bytes.is_empty() {
            bytes = match &mut self.at {
                At::Length(seen) => match fill(seen, LENGTH, bytes) {
                    (rest, true) => {
                        self.at = after_length(seen);
                        self.packets += 1;
                        if self.packets > PACKETS {
                            return Err(Excess::Branches);
                        }
                        rest
                    }
                    (rest, false) => rest,
                },
                At::Packet(left) => {
                    let (_, rest) = bytes.split_at(bytes.len().min(*left));
                    *left -= bytes.len() - rest.len();
                    if *left == 0 {
                        self.at = At::Length(Vec::new());
                    }
                    rest
                }
                At::Header(seen) => match fill(seen, HEADER, bytes) {
                    (rest, true) => {
                        let objects = objects(seen);
                        self.at = At::Past;
                        match objects {
                            Some(objects) if objects > self.most => {
                                return Err(Excess::Objects { announced: objects, most: self.most });
                            }
                            _ => rest,
                        }
                    }
                    (rest, false) => rest,
                },
                At::Past => return Ok(()),
            };
        }
        Ok(())
    }
}

/// Moves bytes into `seen` until it has `size`; answers what is left, and whether it has.
fn fill<'a>(seen: &mut Vec<u8>, size: usize, bytes: &'a [u8]) -> (&'a [u8], bool) {
    let (more, rest) = bytes.split_at(bytes.len().min(size - seen.len()));
    seen.extend_from_slice(more);
    (rest, seen.len() == size)
}

fn after_length(digits: &[u8]) -> At {
    let length = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
    match length {
        Some(0) => At::Header(Vec::new()),
        Some(LENGTH) => At::Length(Vec::new()),
        Some(length) if length > LENGTH => At::Packet(length - LENGTH),
        _ => At::Past,
    }
}

fn objects(header: &[u8]) -> Option<u32> {
    let counted = header.strip_prefix(b"PACK")?.last_chunk::<4>()?;
    Some(u32::from_be_bytes(*counted))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn push(branches: usize, objects: u32) -> Vec<u8> {
        let line = format!("{} {} refs/heads/main", "0".repeat(40), "a".repeat(40));
        let packet = format!("{:04x}{line}", line.len() + LENGTH).repeat(branches);
        let header = [&b"PACK\0\0\0\x02"[..], &objects.to_be_bytes()].concat();
        [packet.as_bytes(), b"0000", &header, b"and the objects, PACK\0\0\0\x02\xff\xff\xff\xff"].concat()
    }

    fn judged(bytes: &[u8], chunk: usize) -> Result<(), Excess> {
        let mut preamble = Preamble::new(100);
        bytes.chunks(chunk).try_for_each(|chunk| preamble.read(chunk))
    }

    #[test]
    fn what_is_announced_is_counted() {
        for chunk in [1, 3, 4096, usize::MAX] {
            assert_eq!(judged(&push(1, 100), chunk), Ok(()));
            assert_eq!(judged(&push(3, 101), chunk), Err(Excess::Objects { announced: 101, most: 100 }));
            assert_eq!(judged(&push(1, u32::MAX), chunk), Err(Excess::Objects { announced: u32::MAX, most: 100 }));
            assert_eq!(judged(&push(PACKETS as usize - 1, 1), chunk), Ok(()));
            assert_eq!(judged(&push(PACKETS as usize, 1), chunk), Err(Excess::Branches));
            assert_eq!(judged(b"0000", chunk), Ok(()));
            assert_eq!(judged(&b"0004".repeat(20_000), chunk), Err(Excess::Branches));
        }
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(bytes: Vec<u8>, branches in 0..4_usize, objects in 0..200_u32, chunk in 1..40_usize) {
            let bytes = [push(branches, objects), bytes].concat();
            prop_assert_eq!(judged(&bytes, chunk), judged(&bytes, usize::MAX));
        }

        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>, chunk in 1..40_usize) {
            let _ = judged(&bytes, chunk);
        }
    }
}
