//! A chunked body, byte by byte except for the data itself.
//!
//! Stricter than hyper: nothing but hexadecimal digits in a size, no white space after it, no control character in an
//! extension, every line ended by CRLF.

use super::Progress;

/// Digits of a chunk size: as many as a `u64` has.
const MAX_DIGITS: u8 = 16;

/// What the next byte has to be.
#[derive(Debug)]
pub(super) enum Chunked {
    Size {
        size: u64,
        digits: u8,
    },
    Extension {
        size: u64,
    },
    /// The LF of a size line.
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// Within the trailer section.
    Trailer {
        empty: bool,
    },
    /// The LF of a line in the trailer section; after an empty one the body is over.
    TrailerEnd {
        empty: bool,
    },
}

impl Default for Chunked {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

impl Chunked {
    /// Reads up to the end of the body; an error is the offset of the byte that breaks it.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress<()>, usize> {
        let mut at = 0;
        while at < bytes.len() {
            if let Self::Data { left } = self {
                let taken = (bytes.len() - at).min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                at += taken;
                if *left == 0 {
                    *self = Self::DataCr;
                }
                continue;
            }
            let over = matches!(self, Self::TrailerEnd { empty: true });
            *self = self.step(bytes[at]).ok_or(at)?;
            at += 1;
            if over {
                return Ok(Progress { consumed: at, ended: Some(()) });
            }
        }
        Ok(Progress { consumed: at, ended: None })
    }

    /// Where one byte leads; None refuses it.
    fn step(&self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Size { digits: 1.., size } | Self::Extension { size }, b'\r') => Self::SizeEnd { size: *size },
            (Self::Size { digits: 1.., size }, b';') | (Self::Extension { size }, b'\t' | b' '..=b'~' | 0x80..) => {
                Self::Extension { size: *size }
            }
            (Self::Size { digits, size }, _) if *digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16)?;
                Self::Size { size: (size << 4) + u64::from(digit), digits: digits + 1 }
            }
            (Self::SizeEnd { size: 0 } | Self::TrailerEnd { .. }, b'\n') => Self::Trailer { empty: true },
            (Self::SizeEnd { size }, b'\n') => Self::Data { left: *size },
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::default(),
            (Self::Trailer { empty }, b'\r') => Self::TrailerEnd { empty: *empty },
            (Self::Trailer { .. }, b'\n' | 0) => return None,
            (Self::Trailer { .. }, _) => Self::Trailer { empty: false },
            _ => return None,
        })
    }
}
