//! The way to one receiver, whatever it speaks.

use std::sync::Arc;

use api::names::{DrainUrl, Transport};
use uuid::Uuid;

use super::{
    message::{Dialect, Message},
    outside::{Outside, Trust},
    post::Post,
    syslog::Syslog,
};

/// Why a batch did not arrive, or is not known to have.
#[derive(Debug)]
pub enum Failure {
    /// Another try may work.
    Away(anyhow::Error),
    /// The receiver has heard this batch, and does not want it.
    Refused(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Away(error)
    }
}

impl Failure {
    pub fn error(&self) -> &anyhow::Error {
        match self {
            Self::Away(error) | Self::Refused(error) => error,
        }
    }
}

/// See the module.
pub enum Link {
    Syslog(Syslog),
    Post(Box<Post>),
}

impl Link {
    pub fn new(url: DrainUrl, drain: Uuid, trust: Trust, outside: Arc<Outside>) -> Self {
        match url.transport() {
            Transport::Syslog | Transport::SyslogTls => Self::Syslog(Syslog::new(url, trust, outside)),
            Transport::Http | Transport::Https => Self::Post(Box::new(Post::new(url, drain, trust, outside))),
        }
    }

    /// True where what was sent without an error has arrived.
    pub fn confirms(&self) -> bool {
        matches!(self, Self::Post(_))
    }

    /// Sends messages. Answers how many bytes they took.
    pub async fn send(&mut self, messages: &[Message]) -> Result<usize, Failure> {
        let dialect = if self.confirms() { Dialect::Logplex } else { Dialect::Syslog };
        let mut frames = Vec::new();
        for message in messages {
            message.frame(dialect, &mut frames);
        }
        let bytes = frames.len();
        match self {
            Self::Syslog(syslog) => syslog.send(&frames).await?,
            Self::Post(post) => post.send(frames, messages.len()).await?,
        }
        Ok(bytes)
    }

    /// Returns when the receiver has gone away.
    pub async fn closed(&mut self) {
        match self {
            Self::Syslog(syslog) => syslog.closed().await,
            Self::Post(_) => std::future::pending().await,
        }
    }

    /// Lets go of the receiver. True when it has everything that was sent.
    pub async fn finish(&mut self) -> bool {
        match self {
            Self::Syslog(syslog) => syslog.finish().await,
            Self::Post(_) => true,
        }
    }
}
