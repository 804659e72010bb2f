//! What becomes of a build, line by line.

use api::push::{PushEvent, events_path};
use bytes::{Buf, BytesMut};
use http::Request;
use http_body_util::BodyExt;
use uuid::Uuid;

use super::{
    Controller, Error,
    connection::{Answer, PATIENCE, whole},
};

/// More than the longest line: a chunk of log, escaped.
const LINE_BYTES: usize = 8 << 20;

/// The events of a build, from an offset in its log on.
pub(crate) struct Events {
    answer: Answer,
    read: BytesMut,
}

impl Controller {
    /// Follows a build from offset `from` of its log.
    pub async fn events(&self, build: Uuid, from: u64) -> Result<Events, Error> {
        let request = Request::get(format!("{}?from={from}", events_path(build)));
        let answer = tokio::time::timeout(PATIENCE, self.send(request, whole(""))).await;
        Ok(Events { answer: answer.map_err(Error::unanswered)??, read: BytesMut::new() })
    }
}

impl Events {
    /// The next one; nothing when the controller ended or broke the connection.
    pub async fn next(&mut self) -> Option<PushEvent> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(end);
                self.read.advance(1);
                match serde_json::from_slice(&line) {
                    Ok(event) => return Some(event),
                    // A newer controller may tell more than this builder knows.
                    Err(error) => tracing::debug!(%error, "an event that is not known"),
                }
                continue;
            }
            if self.read.len() > LINE_BYTES {
                return None;
            }
            if let Ok(chunk) = self.answer.body.frame().await?.ok()?.into_data() {
                self.read.extend_from_slice(&chunk);
            }
        }
    }
}
