//! The access log: one line per request, once it is over.

use std::{sync::Arc, time::Instant};

use http::{HeaderValue, Method, Request, StatusCode, Uri, header};

use crate::{
    balance::{App, Lease},
    client::Peer,
    shared::Target,
};

/// Target of the access log's lines, for filters: `router::access=off` switches it off.
pub const ACCESS_LOG: &str = "router::access";

/// What is written about a request. Queries are not: people put secrets into them.
#[derive(Default)]
pub(super) struct Record {
    /// None when nobody reads the log.
    line: Option<Box<Line>>,
    pub id: Option<HeaderValue>,
    pub status: StatusCode,
    pub bytes: u64,
}

/// Handles on what the request consists of; no text is made before the line is written.
struct Line {
    started: Instant,
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
    app: Option<Arc<App>>,
    instance: Option<Arc<crate::balance::Backend>>,
}

impl Record {
    pub fn begin<B>(request: &Request<B>) -> Self {
        if !tracing::enabled!(target: ACCESS_LOG, tracing::Level::INFO) {
            return Self::default();
        }
        let line = Line {
            started: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(header::HOST).cloned(),
            app: None,
            instance: None,
        };
        Self { line: Some(Box::new(line)), ..Self::default() }
    }

    pub fn routed(&mut self, target: &Target) {
        if let (Some(line), Target::App(app)) = (&mut self.line, target) {
            line.app = Some(app.clone());
        }
    }

    pub fn answered(&mut self, lease: &Lease) {
        if let Some(line) = &mut self.line {
            line.instance = Some(lease.backend().clone());
        }
    }

    pub fn write(&mut self, peer: &Peer) {
        let Some(line) = self.line.take() else { return };
        tracing::info!(
            target: ACCESS_LOG,
            method = line.method.as_str(),
            host = text(line.host.as_ref()),
            path = line.uri.path(),
            status = self.status.as_u16(),
            bytes = self.bytes,
            micros = u64::try_from(line.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            app = line.app.as_ref().map(|app| app.name.as_str()),
            instance = line.instance.as_ref().map(|backend| backend.instance.as_str()),
            client = %peer.address,
            id = text(self.id.as_ref()),
        );
    }
}

/// Header values may hold bytes that are no text; those are nobody's host name and no id of ours.
fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value.and_then(|value| value.to_str().ok())
}
