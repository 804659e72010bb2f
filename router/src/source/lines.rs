//! Cuts a body into lines.

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;

use super::internal::Answer;

/// Longest line: an app with thousands of instances.
const LONGEST: usize = 4 * 1024 * 1024;

/// The lines of an answer.
pub(super) struct Lines {
    answer: Answer,
    rest: BytesMut,
}

impl Lines {
    pub fn new(answer: Answer) -> Self {
        Self { answer, rest: BytesMut::new() }
    }

    /// All lines that have come since the last call, at least one; none once the answer has ended.
    pub async fn next(&mut self) -> anyhow::Result<Option<Vec<Bytes>>> {
        loop {
            let Some(frame) = self.answer.body.frame().await else { return Ok(None) };
            if let Ok(data) = frame?.into_data() {
                self.rest.extend_from_slice(&data);
            }
            let lines = self.take();
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
            anyhow::ensure!(self.rest.len() <= LONGEST, "the controller sent a line that does not end");
        }
    }

    fn take(&mut self) -> Vec<Bytes> {
        let mut lines = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', &self.rest) {
            lines.push(self.rest.split_to(end).freeze());
            self.rest.advance(1);
        }
        lines
    }
}
