//! Sends `GET` as a probe says.

use api::types::{HttpGetAction, HttpHeader};
use bytes::Bytes;
use http::{HeaderName, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{connect, tls};
use crate::platform::health::Life;

/// Succeeds when the answer is 200 to 399, as Kubernetes has it.
pub(super) async fn get(life: &Life, action: &HttpGetAction) -> Result<(), String> {
    let request = request(life, action)?;
    let stream = connect(life, action.port).await?;
    let is_https = action.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let status = if is_https {
        let host = action.host.clone().or(life.address.map(|address| address.to_string())).unwrap_or_default();
        let encrypted = tls::connect(stream, host).await.map_err(|error| failed(action, &error))?;
        send(encrypted, request).await
    } else {
        send(stream, request).await
    };
    match status.map_err(|error| failed(action, &error))? {
        status if is_healthy(status) => Ok(()),
        status => Err(format!("GET {} on port {} answered {status}", path(action), action.port)),
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Empty<Bytes>>,
) -> hyper::Result<StatusCode> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    // The connection works only while it is polled. Whether it ends well after the answer's head is of no interest.
    let answer = tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    };
    Ok(answer?.status())
}

fn request(life: &Life, action: &HttpGetAction) -> Result<Request<Empty<Bytes>>, String> {
    let path = path(action);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut request = Request::get(format!("{slash}{path}")).header(header::USER_AGENT, "slipway-probe");
    if !action.http_headers.iter().any(is_host) {
        let address = life.address.map(|address| format!("{address}:{}", action.port)).unwrap_or_default();
        request = request.header(header::HOST, action.host.as_deref().unwrap_or(&address));
    }
    for HttpHeader { name, value } in &action.http_headers {
        request = request.header(name, value);
    }
    request.body(Empty::new()).map_err(|error| format!("GET {path} cannot be sent: {error}"))
}

fn path(action: &HttpGetAction) -> &str {
    action.path.as_deref().unwrap_or("/")
}

fn is_host(given: &HttpHeader) -> bool {
    HeaderName::try_from(&given.name).is_ok_and(|name| name == header::HOST)
}

fn is_healthy(status: StatusCode) -> bool {
    (200..400).contains(&status.as_u16())
}

fn failed(action: &HttpGetAction, error: &dyn std::error::Error) -> String {
    format!("GET {} on port {} failed: {error}", path(action), action.port)
}

#[cfg(test)]
mod tests;
