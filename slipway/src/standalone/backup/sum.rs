//! The length and checksum of what passes by.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::manifest::Member;

/// What has passed by so far.
#[derive(Default)]
pub struct Sum {
    /// Bytes.
    pub bytes: u64,
    hash: Sha256,
}

impl Sum {
    /// All of it.
    pub fn end(self) -> Member {
        Member { bytes: self.bytes, sha256: hex::encode(self.hash.finalize()) }
    }

    /// The sum of this.
    pub fn of(content: &[u8]) -> String {
        hex::encode(Sha256::digest(content))
    }
}

impl Write for Sum {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.hash.update(content);
        self.bytes += content.len() as u64;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
