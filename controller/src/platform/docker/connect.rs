//! The way to the engine: found late, because it may start after us, and never waited for without a limit.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::anyhow;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker as Client, errors::Error as EngineError};
use http::HeaderValue;
use tokio::time::timeout;

use super::errors;
use crate::platform::Error;

/// Longest call that is not a stream: shorter than the lease of whoever calls, so that nobody acts after losing it.
pub(super) const CALL: Duration = Duration::from_secs(8);

/// Until a stream begins to answer: for a pull, until the registry has.
const STREAM: Duration = Duration::from_mins(15);

/// bollard logs requests, and with them the secrets of apps, at levels that must not be compiled in.
const _: () = assert!(log::STATIC_MAX_LEVEL as usize <= log::LevelFilter::Info as usize);

const REGISTRY_AUTH: &str = "X-Registry-Auth";

/// A client of the engine, made at the first call that finds the socket.
#[derive(Clone)]
pub(super) struct Engine {
    socket: PathBuf,
    client: Arc<OnceLock<Client>>,
}

impl Engine {
    pub(super) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), client: Arc::default() }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = self.connect().map_err(Error::Unavailable)?;
        Ok(self.client.get_or_init(|| client))
    }

    fn connect(&self) -> anyhow::Result<Client> {
        let path = self.socket.to_str().ok_or_else(|| anyhow!("{} is not UTF-8", self.socket.display()))?;
        let client = Client::connect_with_unix(path, STREAM.as_secs(), API_DEFAULT_VERSION)?;
        Ok(client.with_request_modifier(url_safe_auth))
    }
}

/// Waits for one answer, within the limit of a call.
pub(super) async fn call<T>(answer: impl Future<Output = Result<T, EngineError>>) -> Result<T, Error> {
    call_raw(answer).await?.map_err(errors::from_engine)
}

/// The same, for callers to whom the engine's own words matter.
pub(super) async fn call_raw<T>(
    answer: impl Future<Output = Result<T, EngineError>>,
) -> Result<Result<T, EngineError>, Error> {
    timeout(CALL, answer)
        .await
        .map_err(|_| Error::Unavailable(anyhow!("the Docker engine did not answer within {} s", CALL.as_secs())))
}

/// The engine reads this header as base64url and takes what it cannot read for no login at all; bollard 0.21 writes
/// plain base64.
fn url_safe_auth(mut request: BollardRequest) -> BollardRequest {
    if let Some(value) = request.headers_mut().get_mut(REGISTRY_AUTH) {
        let safe: Vec<u8> = value.as_bytes().iter().map(|&byte| url_safe(byte)).collect();
        if let Ok(mut safe) = HeaderValue::from_bytes(&safe) {
            safe.set_sensitive(true);
            *value = safe;
        }
    }
    request
}

fn url_safe(byte: u8) -> u8 {
    match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    }
}
