//! Builds, asked for at the supervisor's socket: one line of JSON each way, one connection a question.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, anyhow};
use api::sandbox::{BuildAnswer, BuildOrder, BuildRequest, BuildState, BuildView, LOG_CHUNK};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};
use uuid::Uuid;

use super::{Shared, image};
use crate::platform::{AppRef, Error};

/// Longest question: shorter than the lease of whoever asks.
const CALL: Duration = Duration::from_secs(8);
/// Longest answer: a chunk of log in which JSON escapes every byte, and the rest.
const LONGEST: u64 = 6 * LOG_CHUNK as u64 + 1024 * 1024;

/// What is said where nothing builds.
const NONE: &str = "This installation builds nothing. Build the image elsewhere, and deploy it: mycli pull <image>.";

/// The way to what builds.
pub(super) struct Builds {
    socket: Option<PathBuf>,
}

impl Builds {
    pub(super) fn new(socket: Option<PathBuf>) -> Self {
        Self { socket }
    }

    /// No build has this uuid, so that the answer tells nothing but that there is one.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        match self.ask(&BuildRequest::Look { build: Uuid::nil(), from: 0 }).await? {
            None => Err(Error::Rejected(NONE.to_owned())),
            Some(_) => Ok(()),
        }
    }

    pub(super) async fn begin(&self, order: &BuildOrder) -> Result<(), Error> {
        match self.ask(&BuildRequest::Start(Box::new(order.clone()))).await? {
            None => Err(Error::Rejected(NONE.to_owned())),
            Some(_) => Ok(()),
        }
    }

    pub(super) async fn look(&self, build: Uuid, from: u64) -> Result<BuildView, Error> {
        match self.ask(&BuildRequest::Look { build, from }).await? {
            None => Ok(BuildView { state: BuildState::Unknown, log: String::new(), next: from }),
            Some(BuildAnswer::Seen(view)) => Ok(view),
            Some(_) => Err(Error::Unavailable(anyhow!("a look at a build was answered with something else"))),
        }
    }

    /// Asks for the end of something; where nothing builds there is nothing of that kind.
    pub(super) async fn tell(&self, request: &BuildRequest) -> Result<(), Error> {
        self.ask(request).await.map(drop)
    }

    /// The answer; nothing where nothing builds.
    async fn ask(&self, request: &BuildRequest) -> Result<Option<BuildAnswer>, Error> {
        let Some(socket) = &self.socket else { return Ok(None) };
        let answer = timeout(CALL, converse(socket, request)).await;
        let answer = answer.unwrap_or_else(|_| Err(anyhow!("no answer within {} s", CALL.as_secs())));
        let answer = answer.with_context(|| format!("asking at {}", socket.display())).map_err(Error::Unavailable)?;
        match answer {
            BuildAnswer::Failed { reason } => Err(Error::Rejected(reason)),
            answer => Ok(Some(answer)),
        }
    }
}

async fn converse(socket: &PathBuf, request: &BuildRequest) -> anyhow::Result<BuildAnswer> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&line).await?;
    let mut answer = Vec::new();
    BufReader::new(stream).take(LONGEST).read_until(b'\n', &mut answer).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Lets an image that was built for the app leave the registry; others are not there.
pub(super) async fn forget_image(shared: &Shared, app: &AppRef, reference: &str) -> Result<(), Error> {
    if !image::is_built(shared, app, reference) {
        return Ok(());
    }
    let request = BuildRequest::ForgetImage { app: app.uuid, reference: reference.to_owned() };
    shared.builds.tell(&request).await
}
