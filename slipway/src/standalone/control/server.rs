//! The supervisor's side: takes requests and hands each on with a place for its answer.

use std::{io, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::{mpsc, oneshot},
};
use tokio_util::task::TaskTracker;

use super::{Answer, Request};

/// A request is one short line.
const LONGEST: u64 = 4096;
/// Who connects has this long to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request, and where its answer goes.
pub type Asked = (Request, oneshot::Sender<Answer>);

/// The open control socket.
pub struct Server {
    /// What was asked.
    pub requests: mpsc::Receiver<Asked>,
    connections: TaskTracker,
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
        let connections = TaskTracker::new();
        tokio::spawn(accept(listener, sender, connections.clone()));
        Ok(Self { requests, connections })
    }

    /// Lets the answers that were given reach who asked.
    pub async fn finish(self) {
        drop(self.requests);
        self.connections.close();
        if tokio::time::timeout(PATIENCE, self.connections.wait()).await.is_err() {
            tracing::debug!("somebody did not take the answer to a request");
        }
    }
}

async fn accept(listener: UnixListener, requests: mpsc::Sender<Asked>, connections: TaskTracker) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let requests = requests.clone();
                connections.spawn(async move {
                    if let Err(error) = answer(stream, requests).await {
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

async fn answer(stream: UnixStream, requests: mpsc::Sender<Asked>) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    tokio::time::timeout(PATIENCE, BufReader::new(reader.take(LONGEST)).read_line(&mut line)).await??;
    let (sender, receiver) = oneshot::channel();
    let request = serde_json::from_str(&line)?;
    requests.send((request, sender)).await.map_err(io::Error::other)?;
    let answer = receiver.await.map_err(io::Error::other)?;
    writer.write_all(format!("{}\n", serde_json::to_string(&answer)?).as_bytes()).await?;
    writer.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::{super::client, *};

    #[tokio::test]
    async fn a_request_gets_its_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("supervisor.sock");
        assert_eq!(client::ask(&path, Request::Status).unwrap(), None);

        let mut server = Server::open(&path).unwrap();
        let client = tokio::task::spawn_blocking(move || client::ask(&path, Request::Stop).unwrap());
        let (request, answer) = server.requests.recv().await.unwrap();
        assert_eq!(request, Request::Stop);
        answer.send(Answer::Done).unwrap();
        server.finish().await;
        assert_eq!(client.await.unwrap(), Some(Answer::Done));
    }
}
