//! Logs.

use std::collections::VecDeque;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::{Response, header};

use super::{Client, Error, Result};
use crate::{
    names::{AppName, ProcessType},
    types::LogBatch,
};

const NDJSON: &str = "application/x-ndjson";

/// The last lines of an app, oldest first, as the controller writes them; empty when there are none.
pub async fn get(client: &Client, app: &AppName, lines: Option<u32>) -> Result<String> {
    client.get(&["apps", app.as_str(), "logs"])?.accept("text/plain").query("log_lines", lines).text().await
}

/// Which lines are wanted; nothing said is everything.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// At most so many of the last ones to begin with.
    pub lines: Option<u32>,
    /// Of this process type.
    pub process_type: Option<ProcessType>,
    /// Of this instance: its name, or how that ends.
    pub instance: Option<String>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// Go on as they are written.
    pub follow: bool,
    /// What stands behind this [`LogBatch::cursor`], instead of the last ones.
    pub after: Option<String>,
}

/// The wanted lines, as they come. None where the controller cannot choose: an original one.
pub async fn open(client: &Client, app: &AppName, wanted: &Wanted) -> Result<Option<Batches>> {
    let since = wanted.since.map(|since| since.to_rfc3339_opts(SecondsFormat::Nanos, true));
    let mut call = client.get(&["apps", app.as_str(), "logs"])?.accept(NDJSON).query("log_lines", wanted.lines);
    for (name, value) in [
        ("type", wanted.process_type.as_ref().map(ProcessType::as_str)),
        ("instance", wanted.instance.as_deref()),
        ("since", since.as_deref()),
        ("after", wanted.after.as_deref()),
    ] {
        call = call.text_query(name, value);
    }
    let call = if wanted.follow { call.flag("follow") } else { call };
    let response = call.open().await?;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let understood = kind.is_some_and(|kind| kind.starts_with(NDJSON));
    let batches = Batches { response, origin: client.origin(), read: Vec::new(), ready: VecDeque::new() };
    Ok(understood.then_some(batches))
}

/// Lines as they come.
pub struct Batches {
    response: Response,
    origin: String,
    /// The beginning of a batch.
    read: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
}

impl Batches {
    /// The next ones; none when the controller has no more, or stops.
    pub async fn next(&mut self) -> Result<Option<LogBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return serde_json::from_slice(&batch).map(Some).map_err(Error::Unexpected);
            }
            let chunk = self.response.chunk().await;
            let Some(chunk) = chunk.map_err(|source| Error::Lost { origin: self.origin.clone(), source })? else {
                return Ok(None);
            };
            for part in chunk.split_inclusive(|byte| *byte == b'\n') {
                self.read.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    self.ready.push_back(std::mem::take(&mut self.read));
                }
            }
        }
    }
}
