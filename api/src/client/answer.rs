//! What came back: headers looked at, errors told apart from results.

use std::time::Duration;

use reqwest::{Response, header};

use super::{Client, Error, Refusal, Result};
use crate::headers::{API_VERSION_HEADER, REQUEST_ID};

/// A refusal longer than this is no message; the rest is dropped.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// Passes 2xx on, turns the rest into [`Error::Refused`].
pub(super) async fn check(client: &Client, response: Response) -> Result<Response> {
    if let Some(server) = text(&response, API_VERSION_HEADER) {
        client.tell_version(&server);
    }
    if response.status().is_success() {
        return Ok(response);
    }
    let mut refusal = Refusal {
        status: response.status(),
        text: String::new(),
        retry_after: retry_after(&response),
        location: text(&response, header::LOCATION.as_str()),
        request_id: text(&response, REQUEST_ID),
    };
    refusal.text = body(response).await;
    Err(Error::Refused(Box::new(refusal)))
}

/// A header as text; none when it is absent or not text.
pub(super) fn text(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn retry_after(response: &Response) -> Option<Duration> {
    text(response, header::RETRY_AFTER.as_str())?.parse().ok().map(Duration::from_secs)
}

/// As much of the body as arrives: the status alone already says most.
async fn body(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= LONGEST_REFUSAL {
            bytes.truncate(LONGEST_REFUSAL);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
