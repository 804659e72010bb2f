//! What handlers take from a request, so that a handler's signature tells who may call it.

use std::{convert::Infallible, marker::PhantomData, net::IpAddr};

use api::{
    headers,
    names::{AppName, InvalidName},
};
use axum::{
    extract::{self, FromRequestParts, MatchedPath, RawPathParams},
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use super::{
    audit::Note,
    error::page_not_found,
    route::{Access, Argument, Operation},
};
use crate::{
    auth::{
        Caller,
        access::{self, Action, Relation},
        scope,
    },
    db::{app::App, audit::Entry},
    error::Error,
    operation::Actor,
    state::State,
};

impl FromRequestParts<State> for State {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, state: &State) -> Result<Self, Infallible> {
        Ok(state.clone())
    }
}

impl FromRequestParts<State> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let RequestId(request_id) = RequestId::from(&parts.headers);
        let address = address_of(&parts.headers);
        let caller = Self::authenticate(&state.pool, authorization(&parts.headers), address, request_id).await?;
        tracing::Span::current().record("user", caller.username());
        if let Some(note) = parts.extensions.get::<Note>() {
            note.caller(&caller);
        }
        permit(parts, state, &caller).await?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// Refuses what the caller's token is not good for, whatever the caller may do.
async fn permit(parts: &mut Parts, state: &State, caller: &Caller) -> Result<(), Error> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok();
    let app = params.as_ref().and_then(|params| params.iter().find(|(name, _)| *name == "id"));
    // A HEAD is answered by the GET of its route.
    let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let call = scope::Call { method: method.as_str(), route, app: app.map(|(_, text)| text) };
    scope::permit(&state.pool, &caller.token, call).await
}

/// The `Authorization` header as text.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// A caller who is an administrator of the platform.
pub(super) struct Admin(pub(super) Caller);

impl FromRequestParts<State> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, state).await?;
        access::admin(&caller)?;
        Ok(Self(caller))
    }
}

impl Argument for Admin {
    fn describe(operation: &mut Operation) {
        operation.asks_for(Access::Admin);
    }
}

/// What stands in the URL in the places that its pattern leaves open.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<State> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        match extract::Path::from_request_parts(parts, state).await {
            Ok(extract::Path(texts)) => Ok(Self(texts)),
            // What is no UTF-8 is in no URL of ours.
            Err(_) => Err(page_not_found().await),
        }
    }
}

impl<T> Argument for Path<T> {
    fn describe(operation: &mut Operation) {
        operation.may_be_no_url();
    }
}

/// A right on the app in the URL, as a type.
pub(super) trait Right: Send {
    /// What the right is for.
    const ACTION: Action;
}

/// [`Action::Use`].
pub(super) struct Use;

impl Right for Use {
    const ACTION: Action = Action::Use;
}

/// [`Action::Manage`].
pub(super) struct Manage;

impl Right for Manage {
    const ACTION: Action = Action::Manage;
}

/// A caller who has the right `R` on the app in the URL.
pub(super) struct Allowed<R> {
    /// Who calls.
    pub(super) caller: Caller,
    /// The app.
    pub(super) app: App,
    /// What the one is to the other.
    pub(super) relation: Relation,
    right: PhantomData<R>,
}

impl<R> Allowed<R> {
    /// The caller as operations know them.
    pub(super) fn actor(&self) -> Actor {
        Actor { user_id: self.caller.user.id, username: self.caller.user.username.clone() }
    }

    /// The audit row of what the caller does to the app, and to what in it.
    pub(super) fn did<'a>(&'a self, action: &'a str, target: &'a str) -> Entry<'a> {
        self.caller.did(action, Some(self.app.uuid), target)
    }
}

impl<R: Right> FromRequestParts<State> for Allowed<R> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        let caller = Caller::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Some(name) = app_name(parts, state).await else { return Err(page_not_found().await) };
        let found = match name {
            Ok(name) => access::app(&state.pool, &caller.user, &name, R::ACTION).await,
            Err(_) => Err(Error::Missing("App")),
        };
        let (app, relation) = found.map_err(IntoResponse::into_response)?;
        if let Some(note) = parts.extensions.get::<Note>() {
            note.app(app.uuid);
        }
        Ok(Self { caller, app, relation, right: PhantomData })
    }
}

impl<R: Right> Argument for Allowed<R> {
    fn describe(operation: &mut Operation) {
        operation.asks_for(match R::ACTION {
            Action::Use => Access::AppUser,
            Action::Manage => Access::AppOwner,
        });
    }
}

/// The app's name in the URL: none when the text could not even be one in Deis's URL patterns, an error when it is
/// just not one.
async fn app_name(parts: &mut Parts, state: &State) -> Option<Result<AppName, InvalidName>> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let (_, text) = params.iter().find(|(name, _)| *name == "id")?;
    let in_pattern = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.bytes().all(in_pattern).then(|| AppName::parse(text))
}

/// The id of the request: the router's, or the one that was made for lack of it.
pub(super) struct RequestId(pub(super) String);

impl From<&HeaderMap> for RequestId {
    fn from(headers: &HeaderMap) -> Self {
        let id = headers.get(headers::REQUEST_ID).and_then(|id| id.to_str().ok());
        Self(id.unwrap_or_default().to_owned())
    }
}

impl FromRequestParts<State> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Infallible> {
        Ok(Self::from(&parts.headers))
    }
}

impl Argument for RequestId {
    fn describe(_: &mut Operation) {}
}

/// Where a request comes from, as the router saw it; the router is the only client of this API.
pub(super) struct Peer {
    /// The last address of `X-Forwarded-For`, which is the router's.
    pub(super) address: Option<IpAddr>,
    /// The router says that it is this very machine.
    pub(super) is_local: bool,
}

impl FromRequestParts<State> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Infallible> {
        let is_local = parts.headers.get(headers::LOCAL_CALLER).is_some_and(|value| value == "1");
        Ok(Self { address: address_of(&parts.headers), is_local })
    }
}

impl Argument for Peer {
    fn describe(_: &mut Operation) {}
}

fn address_of(headers: &HeaderMap) -> Option<IpAddr> {
    let forwarded = headers.get_all("x-forwarded-for").into_iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok())
}
