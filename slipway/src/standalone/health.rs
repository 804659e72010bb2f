//! Whether a part does its work, asked of the part itself.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use super::{accepted, part::Part, paths::Paths, postgres};

/// A part that does not answer within this is not serving.
const PATIENCE: Duration = Duration::from_secs(2);
/// The header in which a controller says which process it is.
const PROCESS: &str = "x-slipway-process";
/// Most of an answer that is read.
const LONGEST: u64 = 4096;

/// Where the parts answer.
#[derive(Clone, Debug)]
pub struct Contacts {
    /// Sockets in the file system.
    pub paths: Paths,
    /// Where the builder serves, if there is one.
    pub ssh: Option<SocketAddr>,
    /// Where the registry serves, if there is one.
    pub registry: SocketAddr,
}

/// True when the part, running as `pid`, serves now: this process, and not another one on the same sockets.
pub async fn is_serving(part: Part, pid: u32, contacts: &Contacts) -> bool {
    let paths = &contacts.paths;
    let asked = async {
        match part {
            Part::Postgres => postgres::is_serving(&paths.postgres(), pid),
            Part::Registry => asks_for_password(contacts.registry).await,
            Part::Controller => is_ready(&paths.api_socket(), pid).await,
            Part::Builder => greets_as(contacts.ssh, pid).await,
            Part::Router => {
                let control = paths.router_control();
                let status = router_status(&control).await?;
                Ok(status.is_some_and(|status| !status.draining) && listens(&control, pid).await?)
            }
        }
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)))
}

/// True when a part answers at all; whether it can do its work is another question. PostgreSQL watches over its own
/// processes.
pub async fn is_alive(part: Part, contacts: &Contacts) -> bool {
    let paths = &contacts.paths;
    let asked = async {
        match part {
            Part::Postgres => Ok(true),
            Part::Registry => asks_for_password(contacts.registry).await,
            Part::Controller => answers_ok(&paths.api_socket(), "/healthz").await,
            Part::Builder => greets(contacts.ssh).await,
            Part::Router => Ok(router_status(&paths.router_control()).await?.is_some()),
        }
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)))
}

/// What the router answers its supervisor, if it does.
async fn router_status(control: &Path) -> io::Result<Option<router::control::Status>> {
    let client = router::control::Client::new(control);
    Ok(tokio::task::spawn_blocking(move || client.status()).await?.ok())
}

/// Whether this process is the one that opened the socket.
async fn listens(socket: &Path, pid: u32) -> io::Result<bool> {
    let listener = UnixStream::connect(socket).await?.peer_cred()?.pid();
    Ok(listener == Some(pid.cast_signed()))
}

/// Whether the controller says that it can work, and is this process.
async fn is_ready(socket: &Path, pid: u32) -> io::Result<bool> {
    let mut answer = String::new();
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(request("/readiness").as_bytes()).await?;
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    let named = format!("\r\n{PROCESS}: {pid}\r\n");
    Ok(answer.starts_with("HTTP/1.1 200 ") && answer.contains(&named))
}

/// Whether a GET over a unix socket is answered with 200.
async fn answers_ok(socket: &Path, path: &str) -> io::Result<bool> {
    Ok(status(UnixStream::connect(socket).await?, path).await? == *b"200")
}

/// Whether the registry answers, and nobody without its credential.
async fn asks_for_password(address: SocketAddr) -> io::Result<bool> {
    Ok(status(TcpStream::connect(address).await?, "/v2/").await? == *b"401")
}

/// The status of the answer to a GET.
async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> io::Result<[u8; 3]> {
    stream.write_all(request(path).as_bytes()).await?;
    let mut start = [0; 9];
    stream.read_exact(&mut start).await?;
    let mut status = [0; 3];
    stream.read_exact(&mut status).await?;
    Ok(if &start == b"HTTP/1.1 " { status } else { *b"000" })
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// Whether an SSH server says first what it is.
async fn greets(address: Option<SocketAddr>) -> io::Result<bool> {
    let Some(address) = address else { return Ok(false) };
    is_greeted(&mut TcpStream::connect(address).await?).await
}

/// The same, when it is this process that has taken the connection.
async fn greets_as(address: Option<SocketAddr>, pid: u32) -> io::Result<bool> {
    let Some(address) = address else { return Ok(false) };
    let mut stream = TcpStream::connect(address).await?;
    Ok(is_greeted(&mut stream).await? && accepted::by(pid, stream.peer_addr()?, stream.local_addr()?)?)
}

async fn is_greeted(stream: &mut TcpStream) -> io::Result<bool> {
    let mut greeting = [0; 8];
    stream.read_exact(&mut greeting).await?;
    Ok(&greeting == b"SSH-2.0-")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Says this to whoever connects.
    async fn speaker(words: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(words.as_bytes()).await;
                let _ = stream.read(&mut [0; 1024]).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn who_answers_in_another_way_does_not_serve() {
        let (ssh, http) = (speaker("SSH-2.0-slipway\r\n").await, speaker("HTTP/1.1 401 Unauthorized\r\n\r\n").await);
        let contacts = |ssh, registry| {
            let paths = Paths { config: "/c".into(), data: "/d".into(), run: "/r".into() };
            Contacts { paths, ssh: Some(ssh), registry }
        };
        let (right, wrong) = (contacts(ssh, http), contacts(http, ssh));
        for part in [Part::Builder, Part::Registry] {
            let own = std::process::id();
            assert!(is_serving(part, own, &right).await && is_alive(part, &right).await, "{part}");
            assert!(!is_serving(part, own, &wrong).await && !is_alive(part, &wrong).await, "{part}");
        }
    }

    #[tokio::test]
    async fn a_process_does_not_serve_because_another_one_does() {
        let ssh = speaker("SSH-2.0-slipway\r\n").await;
        let paths = Paths { config: "/c".into(), data: "/d".into(), run: "/r".into() };
        let contacts = Contacts { paths, ssh: Some(ssh), registry: ssh };
        assert!(!is_serving(Part::Builder, std::os::unix::process::parent_id(), &contacts).await);
        assert!(is_alive(Part::Builder, &contacts).await);
    }
}
