//! `Idempotency-Key`: a POST or DELETE that is sent twice is done once.
//!
//! The first request takes its key by a row, and renews its hold while it is answered; the same one sent again waits for
//! the answer and gets it. A request that started an operation keeps the operation's id in place of an answer, written
//! in the transaction that queued it, so that no crash can part the two. A request that failed changed nothing and is
//! forgotten, and so is one whose operation could not be begun at the time (503). Whoever stood still for longer than a
//! hold lasts may find the request made by another; it is not made again. Keys are one user's, and a POST's are one app's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use api::headers::IDEMPOTENCY_KEY;
use axum::{
    Json,
    body::{Bytes, to_bytes},
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request},
    http::{Method, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use tokio::time::{Instant, interval, sleep};

use super::{
    body,
    route::{Argument, Operation},
};
use crate::{
    auth::Caller,
    db::{
        self,
        idempotency::{self, HOLD_SECONDS, Key, Known},
    },
    error::Error,
    state::State,
};

/// Longest key we take; a uuid has 36.
const MAX_KEY: usize = 255;
/// Between two looks at a request that another connection is answering.
const LOOK: Duration = Duration::from_millis(250);
/// As long as the router waits for any answer.
const PATIENCE: Duration = Duration::from_secs(1300);

/// The request's hold on its key; empty for a request without one.
#[derive(Clone, Default)]
pub(super) struct Ticket(Option<Arc<Hold>>);

struct Hold {
    key: Key,
    /// The operation that this request started when it was first made.
    resumed: Option<i64>,
    /// The answer is not what the handler returns, but what was written already.
    settled: AtomicBool,
}

impl Ticket {
    /// The operation that this very request has started before: its outcome is the answer.
    pub(super) fn operation(&self) -> Option<i64> {
        self.0.as_ref()?.resumed
    }

    /// Notes the operation that the request starts, in the transaction that queues it.
    pub(super) async fn attach(&self, connection: &mut PgConnection, operation_id: i64) -> Result<(), Error> {
        if let Some(hold) = &self.0 {
            let ours = idempotency::attach(connection, &hold.key, operation_id).await?;
            ours.then_some(()).ok_or_else(made_elsewhere)?;
            hold.settled.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Keeps the answer in the transaction that makes the change.
    pub(super) async fn keep(
        &self,
        connection: &mut PgConnection,
        status: StatusCode,
        body: &impl Serialize,
    ) -> Result<(), Error> {
        let body = serde_json::to_value(body).context("an answer cannot be written")?;
        self.finish(connection, status, Some(&body)).await
    }

    /// Keeps that the deletion was made, as [`Ticket::keep`]: sent again, it finds nothing and must not be told so.
    pub(super) async fn deleted(&self, connection: &mut PgConnection) -> Result<(), Error> {
        self.keep_empty(connection, StatusCode::NO_CONTENT).await
    }

    /// Keeps an answer that has no body, as [`Ticket::keep`].
    pub(super) async fn keep_empty(&self, connection: &mut PgConnection, status: StatusCode) -> Result<(), Error> {
        self.finish(connection, status, None).await
    }

    async fn finish(
        &self,
        connection: &mut PgConnection,
        status: StatusCode,
        body: Option<&Value>,
    ) -> Result<(), Error> {
        if let Some(hold) = &self.0 {
            let ours = idempotency::finish(connection, &hold.key, status.as_u16(), body).await?;
            ours.then_some(()).ok_or_else(made_elsewhere)?;
            hold.settled.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Lets the key be used no second time, before something begins that cannot be repeated: whoever tries is told
    /// `refusal`. Should it not begin after all, the key is free again.
    pub(super) async fn spend(&self, state: &State, refusal: &Error) -> Result<(), Error> {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT);
        self.keep(&mut *state.pool.acquire().await?, status, &refusal.body()).await
    }
}

impl FromRequestParts<State> for Ticket {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Which routes take keys is said where they are put together.
impl Argument for Ticket {
    fn describe(_: &mut Operation) {}
}

/// Lets a request through once per key.
pub(super) async fn once(state: State, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::POST | Method::DELETE) || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    answer_once(state, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer_once(state: State, request: Request, next: Next) -> Result<Response, Error> {
    let (mut parts, body) = request.into_parts();
    let caller = match Caller::from_request_parts(&mut parts, &state).await {
        Ok(caller) => caller,
        // Asking the database once more would only make the client wait twice as long.
        Err(error @ Error::Unavailable { .. }) => return Err(error),
        // Whether nobody in particular may do this is for the handler to say.
        Err(_) => return Ok(next.run(Request::from_parts(parts, body)).await),
    };
    let bytes = to_bytes(body, body::MAX).await.map_err(|_| body::unreadable(StatusCode::PAYLOAD_TOO_LARGE))?;
    let key = key(&state, &caller, &mut parts, &bytes).await?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if idempotency::claim(&state.pool, &key).await? {
            return answer(state, parts, bytes, next, Hold::new(key, None)).await;
        }
        match idempotency::find(&state.pool, &key).await? {
            Some(known) if known.request_sha256 != key.request_sha256 => return Err(reused()),
            Some(Known { operation_id: Some(operation), .. }) => {
                return answer(state, parts, bytes, next, Hold::new(key, Some(operation))).await;
            }
            Some(Known { status: Some(status), body, .. }) => return Ok(replay(status, body)),
            Some(_) => sleep(LOOK).await,
            None => {}
        }
    }
    Err(Error::Unavailable {
        detail: "The same request is still being answered.".to_owned(),
        source: anyhow::anyhow!("an idempotency key was held for {PATIENCE:?}"),
    })
}

impl Hold {
    fn new(key: Key, resumed: Option<i64>) -> Arc<Self> {
        let settled = AtomicBool::new(resumed.is_some());
        Arc::new(Self { key, resumed, settled })
    }
}

/// Said where this process stood still for so long that another one was let through with the same request.
fn made_elsewhere() -> Error {
    Error::Unavailable {
        detail: "The same request is being answered elsewhere; ask again.".to_owned(),
        source: anyhow::anyhow!("the hold of an idempotency key was lost"),
    }
}

fn reused() -> Error {
    Error::Unprocessable("This Idempotency-Key was used for another request. Use a new one.".to_owned())
}

/// Runs the handler in a task of its own: a client that hangs up must not leave it half done.
async fn answer(state: State, mut parts: Parts, bytes: Bytes, next: Next, hold: Arc<Hold>) -> Result<Response, Error> {
    parts.extensions.insert(Ticket(Some(hold.clone())));
    let request = Request::from_parts(parts, bytes.into());
    let task = async move {
        let response = tokio::select! {
            response = next.run(request) => response,
            error = renew(&state, &hold) => return Err(error),
        };
        settle(&state, &hold, response).await
    };
    let task = tokio::spawn(tracing::Instrument::in_current_span(task));
    task.await.context("a handler with an idempotency key panicked")?
}

/// Keeps the hold as long as it is polled; ends only when it is lost.
async fn renew(state: &State, hold: &Hold) -> Error {
    let mut ticks = interval(Duration::from_secs_f64(HOLD_SECONDS / 3.0));
    loop {
        ticks.tick().await;
        if hold.settled.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
        if let Err(error) = idempotency::renew(&state.pool, &hold.key).await {
            tracing::warn!(%error, "cannot renew the hold of an idempotency key");
        }
    }
}

/// Keeps the answer of what was done, and forgets what was not. Should that not work, the client has its answer all the
/// same, and no reason to ask again.
async fn settle(state: &State, hold: &Hold, response: Response) -> Result<Response, Error> {
    if !response.status().is_success() {
        let forgotten = idempotency::forget(&state.pool, &hold.key).await;
        forgotten.unwrap_or_else(|error| tracing::warn!(%error, "an idempotency key stays held for a while"));
        return Ok(response);
    }
    if hold.settled.load(Ordering::Acquire) {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.context("reading an answer of our own")?;
    let value: Option<Value> = serde_json::from_slice(&bytes).ok();
    let kept = idempotency::finish(&state.pool, &hold.key, parts.status.as_u16(), value.as_ref()).await;
    if let Err(error) = kept {
        tracing::warn!(%error, "the answer to an idempotency key is not kept");
    }
    Ok(Response::from_parts(parts, bytes.into()))
}

fn replay(status: i32, body: Option<Value>) -> Response {
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::OK);
    match body {
        Some(body) => (status, Json(body)).into_response(),
        None => status.into_response(),
    }
}

async fn key(state: &State, caller: &Caller, parts: &mut Parts, body: &[u8]) -> Result<Key, Error> {
    let given = parts.headers.get(IDEMPOTENCY_KEY).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    if given.is_empty() || given.len() > MAX_KEY {
        return Err(Error::BadRequest(format!("An Idempotency-Key has 1 to {MAX_KEY} characters.")));
    }
    let path = parts.uri.path().trim_end_matches('/');
    let parts_of_request: [&[u8]; 4] = [&given, parts.method.as_str().as_bytes(), path.as_bytes(), body];
    let mut request = Sha256::new();
    for part in parts_of_request {
        request.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        request.update(part);
    }
    Ok(Key {
        user_id: caller.user.id,
        scope: scope(state, parts).await?,
        key_sha256: Sha256::digest(&given).to_vec(),
        request_sha256: request.finalize().to_vec(),
    })
}

/// The uuid of the app in the URL, so that a new app of an old name starts with no keys; empty when there is none, and for
/// what may leave no app of that name: a DELETE, and a change of the app itself, which may be of its name.
async fn scope(state: &State, parts: &mut Parts) -> Result<String, Error> {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if parts.method == Method::DELETE || route.trim_end_matches('/') == "/v2/apps/{id}" {
        return Ok(String::new());
    }
    let Ok(params) = RawPathParams::from_request_parts(parts, state).await else { return Ok(String::new()) };
    let name = params.iter().find(|(name, _)| *name == "id").and_then(|(_, text)| text.parse().ok());
    let Some(name) = name else { return Ok(String::new()) };
    let app = db::app::find(&state.pool, &name).await?;
    Ok(app.map(|app| app.uuid.to_string()).unwrap_or_default())
}
