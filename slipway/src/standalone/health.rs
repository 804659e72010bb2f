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
            Part::Router => {
                let status = router_status(&paths.router_control()).await?;
                Ok(status.is_some_and(|status| !status.draining))
            }
        }
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)))
}

/// True when a part answers at all; whether it can do its work is another question. PostgreSQL watches over its own
/// processes.
pub async fn is_alive(part: Part, paths: &Paths) -> bool {
    let asked = async {
        match part {
            Part::Postgres => Ok(true),
            Part::Controller => answers_ok(&paths.api_socket(), "/healthz").await,
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

/// Whether a GET over a unix socket is answered with 200.
async fn answers_ok(socket: &Path, path: &str) -> io::Result<bool> {
    let mut stream = UnixStream::connect(socket).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}
