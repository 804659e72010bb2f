//! Whether a part does its work, asked of the part itself.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::{part::Part, paths::Paths, postgres};

/// A part that does not answer within this is not serving.
const PATIENCE: Duration = Duration::from_secs(2);

/// True when the part, running as `pid`, serves now.
pub async fn is_serving(part: Part, pid: u32, paths: &Paths) -> bool {
    let asked = async {
        match part {
            Part::Postgres => postgres::is_serving(&paths.postgres(), pid),
            Part::Controller => answers_ok(&paths.api_socket(), "/readiness").await,
            Part::Router => router_serves(&paths.router_control()).await,
        }
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)))
}

/// Whether the router has answered its supervisor, and is not on its way out.
async fn router_serves(control: &Path) -> io::Result<bool> {
    let client = router::control::Client::new(control);
    let status = tokio::task::spawn_blocking(move || client.status()).await?;
    Ok(status.is_ok_and(|status| !status.draining))
}

/// Whether a GET over a unix socket is answered with 200.
async fn answers_ok(socket: &Path, path: &str) -> io::Result<bool> {
    let mut stream = UnixStream::connect(socket).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}
