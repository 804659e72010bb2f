//! The supervisor's side: takes requests and hands each on with a place for its answer.

use std::{io, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

use super::{Answer, Request};

/// A request is one short line.
const LONGEST: u64 = 8192;
/// Who connects has this long to ask, and to take an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request, and where its answer goes.
pub type Asked = (Request, Reply);

/// Where answers to one request go.
pub struct Reply(UnixStream);

impl Reply {
    /// Whoever asked, to be answered by another runtime.
    pub fn leave(self) -> io::Result<std::os::unix::net::UnixStream> {
        self.0.into_std()
    }

    /// Takes over from [`Reply::leave`].
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        UnixStream::from_std(stream).map(Self)
    }

    /// Gives an answer. Whoever asked may have gone away; then nobody hears it.
    pub async fn give(&mut self, answer: &Answer) {
        let Ok(line) = serde_json::to_string(answer) else { return };
        let line = format!("{line}\n");
        if !matches!(tokio::time::timeout(PATIENCE, self.0.write_all(line.as_bytes())).await, Ok(Ok(()))) {
            tracing::debug!("somebody did not take the answer to a request");
        }
    }
}

/// The open control socket.
pub struct Server {
    /// What was asked.
    pub requests: mpsc::Receiver<Asked>,
}

impl Server {
    /// Opens the socket and serves it; one that a dead supervisor left is replaced.
    pub fn open(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let (sender, requests) = mpsc::channel(8);
        tokio::spawn(accept(listener, sender));
        Ok(Self { requests })
    }
}

async fn accept(listener: UnixListener, requests: mpsc::Sender<Asked>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let requests = requests.clone();
                tokio::spawn(async move {
                    if let Err(error) = take(stream, requests).await {
                        tracing::debug!(%error, "a request to the supervisor was not answered");
                    }
                });
            }
            Err(error) => {
                tracing::error!(%error, "cannot accept requests to the supervisor");
                // Out of descriptors, most likely: to try again at once would only burn the processor.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn take(mut stream: UnixStream, requests: mpsc::Sender<Asked>) -> io::Result<()> {
    let mut line = String::new();
    tokio::time::timeout(PATIENCE, BufReader::new((&mut stream).take(LONGEST)).read_line(&mut line)).await??;
    let request = serde_json::from_str(&line)?;
    requests.send((request, Reply(stream))).await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::{super::client, *};

    #[tokio::test]
    async fn a_request_gets_its_answers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("supervisor.sock");
        assert_eq!(client::ask(&path, &Request::Status).unwrap(), None);

        let mut server = Server::open(&path).unwrap();
        let client = tokio::task::spawn_blocking(move || {
            let mut answers = Vec::new();
            client::follow(&path, &Request::Stop, |answer| {
                answers.push(answer);
                Ok(())
            })
            .unwrap();
            answers
        });
        let (request, mut reply) = server.requests.recv().await.unwrap();
        assert_eq!(request, Request::Stop);
        let failed = Answer::Failed { reason: "not now".to_owned() };
        reply.give(&failed).await;
        reply.give(&Answer::Done).await;
        drop(reply);
        assert_eq!(client.await.unwrap(), [failed, Answer::Done]);
    }
}
