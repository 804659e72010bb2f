//! One request, from its head to the last byte of its answer.

mod answer;
mod check;
mod forward;
mod forwarded;
mod headers;
mod hop;
mod host;
mod outbound;
mod record;

use std::{convert::Infallible, sync::Arc};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

pub(crate) use forwarded::is_trusted;
pub use record::ACCESS_LOG;

use crate::{
    client::{Client, Tunnel},
    respond::{self, Refusal},
    shared::Target,
    upstream::Reply,
};
use answer::Answer;
use forward::{Forwarded, forward};
use host::HostName;
use outbound::Outbound;
use record::Record;

/// Answered on hosts that nobody has, for load balancers.
const HEALTH_PATH: &str = "/healthz";

/// Answers one request. Never fails: what goes wrong is an answer, too.
pub(crate) async fn handle(client: Arc<Client>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    client.begin();
    let mut record = Record::begin(&request);
    let mut response = match answer(&client, request, &mut record).await {
        Ok(Answered::Relayed(forwarded)) => {
            let Forwarded { response, lease } = forwarded;
            response.map(|reply| Answer::relayed(&client, reply, lease))
        }
        Ok(Answered::Upgraded(head)) => head.map(|()| Answer::own(&client, bytes::Bytes::new())),
        Ok(Answered::Own(response)) => response.map(|text| Answer::own(&client, text)),
        Err(denied) => denied.refusal.response(denied.for_api).map(|text| Answer::own(&client, text)),
    };
    if client.shared.draining() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let status = response.status();
    response.body_mut().record(record, status);
    Ok(response)
}

/// Where an answer comes from.
enum Answered {
    Relayed(Forwarded),
    /// A 101: the connection is the instance's from now on.
    Upgraded(Response<()>),
    Own(Response<bytes::Bytes>),
}

/// A refusal, and for whom it is to be worded.
struct Denied {
    refusal: Refusal,
    for_api: bool,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, for_api: false }
    }
}

async fn answer(client: &Arc<Client>, request: Request<Incoming>, record: &mut Record) -> Result<Answered, Denied> {
    let healthy = request.uri().path() == HEALTH_PATH;
    let (host, target) = match route(client, &request) {
        Err(Refusal::UnknownHost) if healthy => return Ok(Answered::Own(respond::healthy())),
        routed => routed?,
    };
    let for_api = matches!(target, Target::Api(_));
    record.routed(&target);
    let mut outbound = Outbound::new(host, request);
    record.id = Some(outbound.prepare_headers(&client.peer, &client.shared.trusted, for_api));
    let upgrade = outbound.upgrade;
    let forwarded = forward(&client.shared, target, outbound).await;
    let forwarded = forwarded.map_err(|refusal| Denied { refusal, for_api })?;
    record.answered(&forwarded.lease);
    if forwarded.response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return upgraded(client, forwarded, upgrade).await.map_err(|refusal| Denied { refusal, for_api });
    }
    Ok(Answered::Relayed(forwarded.stripped()))
}

fn route(client: &Client, request: &Request<Incoming>) -> Result<(HostName, Target), Refusal> {
    let host = check::check(request)?;
    let target = client.shared.lookup(host.as_str()).ok_or(Refusal::UnknownHost)?;
    Ok((host, target))
}

/// Hands the connection over to the instance, if the client had asked for that.
async fn upgraded(client: &Client, forwarded: Forwarded, wanted: bool) -> Result<Answered, Refusal> {
    if !wanted {
        return Err(Refusal::BadGateway);
    }
    let Forwarded { response, lease } = forwarded;
    let (parts, reply) = response.into_parts();
    let (socket, early) = Reply::into_socket(reply).await.ok_or(Refusal::BadGateway)?;
    client.open_tunnel(Tunnel { socket, early, lease });
    Ok(Answered::Upgraded(Response::from_parts(parts, ())))
}
