//! No call that could change something goes without a row.
//!
//! What was done has its row from the transaction that did it. For what was refused, failed, or found nothing to change,
//! the row is written here, once the answer is known. The row is an app's only when the caller had a right there:
//! else it would later be taken for a proof that they had. Whoever proved to be nobody leaves none, nor does a
//! call that came while nothing could be changed (503).

use std::sync::{Arc, Mutex, PoisonError};

use api::names::AppName;
use axum::{
    extract::{MatchedPath, RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use uuid::Uuid;

use crate::{
    auth::Caller,
    db::audit::{self, Outcome},
    state::State,
};

/// What becomes known of a call while it is answered.
#[derive(Clone, Default)]
pub(in crate::http) struct Note(Arc<Mutex<Known>>);

#[derive(Clone, Default)]
struct Known {
    caller: Option<Caller>,
    app: Option<Uuid>,
}

impl Note {
    /// Notes who calls.
    pub(in crate::http) fn caller(&self, caller: &Caller) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).caller = Some(caller.clone());
    }

    /// Notes the app that the caller has a right to.
    pub(in crate::http) fn app(&self, app: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).app = Some(app);
    }

    fn known(&self) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers the call and sees to its row.
pub(in crate::http) async fn note(
    state: State,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let note = Note::default();
    if let Some(caller) = request.extensions().get::<Caller>() {
        note.caller(caller);
    }
    request.extensions_mut().insert(note.clone());
    let pattern = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let action = format!("{} {pattern}", request.method());
    let name = params.ok().and_then(|params| {
        let app = params.iter().find(|(name, _)| *name == "id");
        app.and_then(|(_, text)| AppName::parse(text).ok())
    });
    let response = next.run(request).await;
    write(&state, &note.known(), &action, name.as_ref(), response.status()).await;
    response
}

/// The change is made, or not; that this row cannot be written is no reason to tell anything else.
async fn write(state: &State, known: &Known, action: &str, name: Option<&AppName>, status: StatusCode) {
    let Some(caller) = &known.caller else { return };
    // Nothing was begun, and the call will be made again: by then there may be room to write.
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return;
    }
    let outcome = match status.as_u16() {
        ..400 => Outcome::Done,
        400..500 => Outcome::Refused,
        _ => Outcome::Failed,
    };
    let status = (outcome != Outcome::Done).then(|| status.as_u16().to_string());
    let target = name.map(ToString::to_string).into_iter().chain(status).collect::<Vec<_>>().join(" ");
    let entry = caller.did(action, known.app, &target);
    if let Err(error) = audit::insert_missing(&state.pool, entry, outcome).await {
        tracing::warn!(%error, "a call has no audit row");
    }
}
