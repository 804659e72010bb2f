//! One-off runs, streamed where the controller can.

use std::{collections::VecDeque, mem};

use reqwest::{Response, header};

use super::{Client, Error, Result, answer, retry::Resend};
use crate::{
    names::AppName,
    types::{Run, RunEvent, RunList, RunResult, RunView, StartRun},
};

/// The media type of a streamed run: one [`RunEvent`] a line.
const NDJSON: &str = "application/x-ndjson";

/// A run that the controller took on.
pub enum Running {
    /// It tells what happens while it happens.
    Streamed(RunStream),
    /// It told everything at the end, as the original controllers do.
    Whole(RunResult),
}

/// The events of a run as they come.
pub struct RunStream {
    response: Response,
    partial: Vec<u8>,
    ready: VecDeque<RunEvent>,
    origin: String,
}

/// Runs `command` in a container of its own. Sent again only where it cannot have started: nothing is run twice.
pub async fn start(client: &Client, app: &AppName, command: &str) -> Result<Running> {
    let response = client
        .post(&["apps", app.as_str(), "run"])?
        .accept("application/x-ndjson, application/json;q=0.9")
        .resend(Resend::Unsent)
        .body(&Run { command: command.to_owned() })?
        .open()
        .await?;
    let origin = client.origin();
    if answer::text(&response, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with(NDJSON)) {
        return Ok(Running::Streamed(RunStream { response, partial: Vec::new(), ready: VecDeque::new(), origin }));
    }
    let bytes = response.bytes().await.map_err(|source| Error::Lost { origin, source })?;
    serde_json::from_slice(&bytes).map(Running::Whole).map_err(Error::Unexpected)
}

/// Begins a run that nobody waits for.
pub async fn detach(client: &Client, app: &AppName, wanted: &StartRun) -> Result<RunView> {
    client.post(&["apps", app.as_str(), "runs"])?.body(wanted)?.json().await
}

/// The runs of an app that are under way.
pub async fn list(client: &Client, app: &AppName) -> Result<Vec<RunView>> {
    let RunList { results, .. } = client.get(&["apps", app.as_str(), "runs"])?.json().await?;
    Ok(results)
}

/// Ends one of them.
pub async fn stop(client: &Client, app: &AppName, name: &str) -> Result<()> {
    client.post(&["apps", app.as_str(), "runs", name, "stop"])?.nothing().await
}

impl RunStream {
    /// The next event. A stream that ends without [`RunEvent::Exited`] or [`RunEvent::Failed`] was cut off.
    pub async fn next(&mut self) -> Result<RunEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let chunk = self.response.chunk().await;
            let chunk = chunk.map_err(|source| Error::Lost { origin: self.origin.clone(), source })?;
            self.take(&chunk.ok_or(Error::CutOff)?)?;
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<()> {
        let mut lines = chunk.split(|byte| *byte == b'\n');
        self.partial.extend_from_slice(lines.next().unwrap_or_default());
        for rest in lines {
            let line = mem::replace(&mut self.partial, rest.to_vec());
            if !line.trim_ascii().is_empty() {
                self.ready.push_back(serde_json::from_slice(&line).map_err(Error::Unexpected)?);
            }
        }
        Ok(())
    }
}
