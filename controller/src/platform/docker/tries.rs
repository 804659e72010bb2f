//! One try of a probe: a connection, a request or a command.

use std::{io, net::SocketAddr};

use api::types::{ExecAction, HttpGetAction, HttpHeader, Probe};
use async_trait::async_trait;
use bollard::{
    exec::{CreateExecOptions, StartExecResults},
    models::ExecInspectResponse,
};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderName, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::connect::{Engine, call};
use crate::platform::{
    Error,
    health::{Life, Try},
};

/// How much of a command's output is kept to explain its failure.
const OUTPUT: usize = 4096;

/// Tries probes from this process, and commands through the engine.
pub(super) struct Tries {
    engine: Engine,
}

impl Tries {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn exec(&self, life: &Life, action: &ExecAction) -> Result<(), String> {
        let (code, output) = self.execute(life, action).await.map_err(|error| words(&error))?;
        let name = action.command.first().map(String::as_str).unwrap_or_default();
        match (code, output.trim().lines().last()) {
            (0, _) => Ok(()),
            (code, None) => Err(format!("{name} exited with {code}")),
            (code, Some(last)) => Err(format!("{name} exited with {code}: {last}")),
        }
    }

    async fn execute(&self, life: &Life, action: &ExecAction) -> Result<(i64, String), Error> {
        let client = self.engine.client()?;
        let options = CreateExecOptions {
            cmd: Some(action.command.clone()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let exec = call(client.create_exec(&life.id.0, options)).await?.id;
        let mut kept = Vec::new();
        if let StartExecResults::Attached { mut output, .. } = call(client.start_exec(&exec, None)).await? {
            while let Some(Ok(chunk)) = output.next().await {
                keep(&mut kept, chunk.as_ref());
            }
        }
        let ExecInspectResponse { exit_code, .. } = call(client.inspect_exec(&exec)).await?;
        Ok((exit_code.unwrap_or(-1), String::from_utf8_lossy(&kept).into_owned()))
    }
}

#[async_trait]
impl Try for Tries {
    async fn try_once(&self, life: &Life, probe: &Probe) -> Result<(), String> {
        if let Some(action) = &probe.exec {
            return self.exec(life, action).await;
        }
        if let Some(action) = &probe.http_get {
            return http_get(life, action).await;
        }
        match &probe.tcp_socket {
            Some(action) => connect(life, action.port).await.map(drop),
            None => Err("the probe does not say what to try".to_owned()),
        }
    }
}

async fn connect(life: &Life, port: u16) -> Result<TcpStream, String> {
    let address = life.address.ok_or("it is on no network")?;
    TcpStream::connect(SocketAddr::new(address, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("nothing listens on port {port}"),
        _ => format!("port {port} cannot be reached: {error}"),
    })
}

async fn http_get(life: &Life, action: &HttpGetAction) -> Result<(), String> {
    let path = action.path.as_deref().unwrap_or("/");
    let stream = connect(life, action.port).await?;
    let broken = |error: hyper::Error| format!("GET {path} on port {} failed: {error}", action.port);
    let request = request(life, action, path).map_err(|error| format!("GET {path} cannot be sent: {error}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let answer = async { sender.send_request(request).await.map(|answer| answer.status()) };
    // The connection works only while it is polled, and what follows the answer's head is of no interest.
    let status = tokio::select! {
        status = answer => status.map_err(broken)?,
        Err(error) = connection => return Err(broken(error)),
    };
    if is_healthy(status) { Ok(()) } else { Err(format!("GET {path} on port {} answered {status}", action.port)) }
}

fn request(life: &Life, action: &HttpGetAction, path: &str) -> http::Result<Request<Empty<Bytes>>> {
    let address = life.address.map(|address| format!("{address}:{}", action.port)).unwrap_or_default();
    let host = action.host.as_deref().unwrap_or(&address);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut request = Request::get(format!("{slash}{path}")).header(header::USER_AGENT, "slipway-probe");
    if !action.http_headers.iter().any(is_host) {
        request = request.header(header::HOST, host);
    }
    for HttpHeader { name, value } in &action.http_headers {
        request = request.header(name, value);
    }
    request.body(Empty::new())
}

fn is_host(given: &HttpHeader) -> bool {
    HeaderName::try_from(&given.name).is_ok_and(|name| name == header::HOST)
}

/// As Kubernetes has it: redirects count.
fn is_healthy(status: StatusCode) -> bool {
    (200..400).contains(&status.as_u16())
}

fn keep(kept: &mut Vec<u8>, chunk: &[u8]) {
    let room = OUTPUT.saturating_sub(kept.len());
    kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
}

fn words(error: &Error) -> String {
    match error {
        Error::Unavailable(cause) => format!("the command cannot be tried: {cause}"),
        other => other.to_string(),
    }
}
