//! One try of a probe: a connection, a request or a command.

mod exec;
mod http;
mod tls;

use std::{io, net::SocketAddr};

use api::types::Probe;
use async_trait::async_trait;
use tokio::net::TcpStream;

use super::connect::Engine;
use crate::platform::health::{Life, Try};

/// Tries probes from this process, and commands through the engine.
pub(super) struct Tries {
    engine: Engine,
}

impl Tries {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl Try for Tries {
    async fn try_once(&self, life: &Life, probe: &Probe) -> Option<Result<(), String>> {
        if let Some(action) = &probe.exec {
            return exec::succeeds(&self.engine, life, action).await;
        }
        if let Some(action) = &probe.http_get {
            return Some(http::get(life, action).await);
        }
        Some(match &probe.tcp_socket {
            Some(action) => connect(life, action.port).await.map(drop),
            None => Err("the probe does not say what to try".to_owned()),
        })
    }
}

async fn connect(life: &Life, port: u16) -> Result<TcpStream, String> {
    let address = life.address.ok_or("it is on no network")?;
    TcpStream::connect(SocketAddr::new(address, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("nothing listens on port {port}"),
        _ => format!("port {port} cannot be reached: {error}"),
    })
}
