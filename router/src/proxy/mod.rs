//! One request, from its head to the last byte of its answer.

mod adorn;
mod answer;
mod check;
mod forward;
mod forwarded;
mod headers;
mod hop;
mod host;
mod outbound;
mod record;
mod secure;

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

pub(crate) use forwarded::is_trusted;
pub use record::ACCESS_LOG;

use crate::{
    client::{Client, Stream, Tunnel},
    respond::{self, Refusal},
    shared::Target,
    upstream::{Bounds, Reply},
};
use adorn::{Asked, adorn};
use answer::Answer;
use forward::{Forwarded, forward};
use host::HostName;
use outbound::Outbound;
use record::Record;

/// Answered on hosts that nobody has, for load balancers.
const HEALTH_PATH: &str = "/healthz";

/// Answers one request. Never fails: what goes wrong is an answer, too.
///
/// Not an `async fn`: what can be decided at once is, and the future, which hyper moves about, holds only the rest.
pub(crate) fn handle(
    client: Arc<Client>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> {
    client.begin();
    let mut record = Record::begin(&request);
    let mut asked = Asked { secure: headers::is_secure(request.headers(), &client.peer), ..Asked::default() };
    let plan = plan(&client, request, &mut record, &mut asked);
    async move {
        let mut response = match plan {
            Ok(plan) => answer(&client, plan, &mut record).await,
            Err(own) => own.response().map(|text| Answer::own(&client, text)),
        };
        if client.shared.draining() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        adorn(response.headers_mut(), &client.shared, &asked);
        let status = response.status();
        response.body_mut().record(record, status);
        Ok(response)
    }
}

/// Answers a request without having looked at it.
pub(crate) fn refuse(client: &Arc<Client>, refusal: Refusal) -> Response<Answer> {
    refusal.response(false).map(|text| Answer::own(client, text))
}

/// A request, ready to be sent to whom it is for.
struct Plan {
    target: Target,
    outbound: Box<Outbound>,
}

/// What the router answers by itself.
enum Own {
    Healthy,
    Refused(Refusal),
    /// The same address over https.
    Moved(HeaderValue),
}

impl Own {
    fn response(self) -> Response<Bytes> {
        match self {
            Self::Healthy => respond::healthy(),
            Self::Refused(refusal) => refusal.response(false),
            Self::Moved(location) => respond::moved(location),
        }
    }
}

/// Decides who answers a request.
fn plan(client: &Client, request: Request<Incoming>, record: &mut Record, asked: &mut Asked) -> Result<Plan, Own> {
    let (host, target) = route(client, &request).map_err(|refusal| match refusal {
        Refusal::UnknownHost if request.uri().path() == HEALTH_PATH => Own::Healthy,
        refusal => Own::Refused(refusal),
    })?;
    record.routed(&target);
    asked.referrers = target.app().map(|app| app.referrers.clone()).unwrap_or_default();
    let mut outbound = Outbound::new(host, request, &client.peer);
    let id = outbound.prepare_headers(&client.peer, &client.shared.trusted, target.is_api());
    asked.correlation = headers::tell_more(outbound.headers_mut(), &client.shared.settings, &target, &id);
    asked.id = Some(id.clone());
    record.id = Some(id);
    if let Some(location) = secure::elsewhere(client, &target, &outbound, asked.secure) {
        return Err(Own::Moved(location));
    }
    outbound.bounds = bounds(client, &target);
    if outbound.is_too_large() {
        return Err(Own::Refused(Refusal::BodyTooLarge));
    }
    Ok(Plan { target, outbound })
}

/// What a body for this target must keep to. The API knows by itself how much it takes.
fn bounds(client: &Client, target: &Target) -> Bounds {
    let shared = &client.shared;
    let watch = client.stream().and_then(Stream::watch);
    Bounds {
        patience: watch.map(|watch| (watch.clone(), shared.timeouts.request_body)),
        most: shared.settings.body_limit.filter(|_| !target.is_api()),
    }
}

fn route(client: &Client, request: &Request<Incoming>) -> Result<(HostName, Target), Refusal> {
    let host = check::check(request)?;
    // Nobody's host stays the balancers', whoever answers there otherwise.
    let asks_for_us = request.uri().path() == HEALTH_PATH && !client.shared.knows(host.as_str());
    let target = client.shared.lookup(host.as_str()).filter(|_| !asks_for_us).ok_or(Refusal::UnknownHost)?;
    if misdirected(client, host.as_str()) {
        return Err(Refusal::Misdirected);
    }
    Ok((host, target))
}

/// Whether the request came over a connection that was opened to another host, whose certificate says nothing about this one
/// (RFC 9110, 7.4). Browsers use one connection for all hosts of its certificate. Proxies are believed.
fn misdirected(client: &Client, host: &str) -> bool {
    let peer = &client.peer;
    let elsewhere = peer.server_name.as_deref().filter(|name| !peer.trusted && *name != host);
    elsewhere.is_some_and(|name| !client.shared.tls.serves_alike(name, host))
}

/// The instance's answer, or the router's own when there is none.
async fn answer(client: &Arc<Client>, plan: Plan, record: &mut Record) -> Response<Answer> {
    let Plan { target, outbound } = plan;
    let (for_api, upgrade) = (target.is_api(), outbound.upgrade);
    let answered = match forward(&client.shared, target, outbound).await {
        Ok(forwarded) => relay(client, forwarded, upgrade, record).await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| refusal.response(for_api).map(|text| Answer::own(client, text)))
}

async fn relay(
    client: &Arc<Client>,
    forwarded: Forwarded,
    upgrade: bool,
    record: &mut Record,
) -> Result<Response<Answer>, Refusal> {
    record.answered(&forwarded.lease);
    if forwarded.response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(upgraded) = upgrade.then(|| Box::pin(switch(client, forwarded))) else {
            return Err(Refusal::BadGateway);
        };
        return upgraded.await;
    }
    let Forwarded { response, lease, .. } = forwarded.stripped();
    Ok(response.map(|reply| Answer::relayed(client, reply, lease)))
}

/// Hands the connection over to the instance: it is to become a tunnel once the answer 101 is out.
async fn switch(client: &Arc<Client>, forwarded: Forwarded) -> Result<Response<Answer>, Refusal> {
    let Forwarded { response, lease, silence } = forwarded;
    let (parts, reply) = response.into_parts();
    let (socket, early) = Reply::into_socket(reply).await.ok_or(Refusal::BadGateway)?;
    let protocol = parts.headers.get(header::UPGRADE);
    let websocket = protocol.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let patience = silence.unwrap_or(client.shared.timeouts.tunnel);
    client.open_tunnel(Tunnel { socket, early, websocket, lease, patience });
    Ok(Response::from_parts(parts, Answer::own(client, Bytes::new())))
}
