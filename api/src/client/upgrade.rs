//! How a request asks for a websocket (RFC 6455, part 4), and how the answer is read.
//!
//! The request is an ordinary one until it is answered, so that proxies, certificates and names under `localhost` are what they
//! are everywhere else.

use reqwest::{
    Response, StatusCode, Upgraded,
    header::{self, HeaderMap, HeaderValue},
};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::{Client, Error, Refusal, Result, answer};
use crate::types::SESSION_PROTOCOL;

/// A wish for a websocket.
pub(super) struct Wish {
    key: String,
}

impl Wish {
    pub(super) fn new() -> Self {
        Self { key: generate_key() }
    }

    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SESSION_PROTOCOL));
        // Base64 is what headers can hold.
        headers.extend(HeaderValue::from_str(&self.key).ok().map(|key| (header::SEC_WEBSOCKET_KEY, key)));
        headers
    }

    /// The connection; none where the other side knows of no such thing.
    pub(super) async fn check(&self, client: &Client, response: Response) -> Result<Option<Upgraded>> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return match answer::check(client, response).await {
                Err(Error::Refused(refusal)) if !knows_sessions(&refusal) => Ok(None),
                Err(error) => Err(error),
                Ok(_) => Ok(None),
            };
        }
        let accept = answer::text(&response, header::SEC_WEBSOCKET_ACCEPT.as_str());
        let protocol = answer::text(&response, header::SEC_WEBSOCKET_PROTOCOL.as_str());
        if accept != Some(derive_accept_key(self.key.as_bytes())) || protocol.as_deref() != Some(SESSION_PROTOCOL) {
            return Ok(None);
        }
        let origin = client.origin();
        response.upgrade().await.map(Some).map_err(|source| Error::Lost { origin, source })
    }
}

/// False for what a controller of another age says, and for what is said where something on the way takes the wish away.
fn knows_sessions(refusal: &Refusal) -> bool {
    match refusal.status {
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::UPGRADE_REQUIRED | StatusCode::NOT_IMPLEMENTED => false,
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => refusal.body().is_some(),
        _ => true,
    }
}
