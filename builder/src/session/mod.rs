//! One command of a client that has logged in: what it wants, whether it may, and the git that does it.

mod command;
mod fetch;
mod lock;
mod preamble;
mod push;
mod relay;

use std::{path::PathBuf, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::command::{Command, Verb};
use crate::{
    client::Controller,
    config::{Config, Limits, Timeouts},
    git::Repositories,
};

/// The exit status of who was refused.
const REFUSED: u32 = 1;

/// What all sessions share.
pub(crate) struct Sessions {
    controller: Controller,
    repositories: Repositories,
    limits: Limits,
    timeouts: Timeouts,
    slots: Arc<Semaphore>,
    socket: PathBuf,
    credential_file: PathBuf,
    after: TaskTracker,
}

/// Whose key signed.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    /// The key, as `api::push::KeyQuestion` has it.
    pub public: String,
    /// Who registered it.
    pub username: String,
}

/// The other end.
pub(crate) struct Client<'a> {
    pub stdin: Box<dyn AsyncRead + Send + Unpin + 'a>,
    pub stdout: Box<dyn AsyncWrite + Send + Unpin + 'a>,
    pub stderr: Box<dyn AsyncWrite + Send + Unpin + 'a>,
    /// Cancelled when it is lost.
    pub gone: CancellationToken,
}

impl Client<'_> {
    /// Tells people something. Who is gone hears nothing.
    pub async fn say(&mut self, words: &str) {
        let lines: String = words.lines().flat_map(|line| [line, "\n"]).collect();
        write(&mut self.stderr, lines.as_bytes(), &self.gone).await;
    }

    async fn answer(&mut self, bytes: &[u8]) {
        write(&mut self.stdout, bytes, &self.gone).await;
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], gone: &CancellationToken) {
    let written = gone.run_until_cancelled(stream.write_all(bytes)).await;
    if let Some(Err(error)) = written {
        tracing::debug!(%error, "the client does not listen any more");
    }
}

impl Sessions {
    /// Sessions as configured; what they do after a client has left is tracked by `after`.
    pub fn new(config: &Config, controller: Controller, repositories: Repositories, after: TaskTracker) -> Self {
        Self {
            controller,
            repositories,
            limits: config.limits,
            timeouts: config.timeouts,
            slots: Arc::new(Semaphore::new(config.limits.sessions)),
            socket: config.internal_socket.clone(),
            credential_file: config.credential_file.clone(),
            after,
        }
    }

    pub(crate) fn controller(&self) -> &Controller {
        &self.controller
    }

    /// Runs a command; answers its exit status.
    pub async fn exec(&self, signer: &Signer, line: &[u8], mut client: Client<'_>) -> u32 {
        match Command::parse(line) {
            Ok(Command::Ping) => {
                client.answer(b"pong\n").await;
                0
            }
            Ok(Command::Git { verb, app }) => {
                let Ok(_slot) = self.slots.try_acquire() else {
                    client.say("Too many pushes are under way. Try again in a minute.").await;
                    return REFUSED;
                };
                match verb {
                    Verb::Push => self.push(signer, &app, client).await,
                    Verb::Fetch => self.fetch(signer, &app, client).await,
                }
            }
            Err(refused) => {
                client.say(&refused.to_string()).await;
                REFUSED
            }
        }
    }

    /// Answers who asks for a shell.
    pub async fn shell(&self, signer: &Signer, mut client: Client<'_>) -> u32 {
        let words = format!(
            "Hello {}! Your key works, but there is no shell here: push to deploy, `git push <remote> main`.",
            signer.username
        );
        client.say(&words).await;
        REFUSED
    }
}
