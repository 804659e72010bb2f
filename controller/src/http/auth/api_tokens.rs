//! `/v2/auth/api-tokens`: the tokens that a user makes for programs. Ours; Deis had one token a user.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    names::{AppName, Scope, TokenName},
    types::{ApiToken, CreateApiToken, NewApiToken, Page},
};
use axum::{Json, response::NoContent};
use uuid::Uuid;

use super::super::{body::Body, extract::Path, idempotency::Ticket, page::Paging, route::Created};
use crate::{
    auth::{
        Caller,
        access::{self, Action},
        token::NewToken,
    },
    db::{self, api_token, audit},
    error::Error,
    state::State,
};

/// Longest life that can be asked for: ten years. Whoever wants more wants a token that does not expire.
const LONGEST: i64 = 10 * 366 * 24 * 3600;

const MISSING: Error = Error::Missing("Token");

/// What is wanted, as far as it can be read without the database.
struct Wanted {
    name: TokenName,
    scopes: Vec<Scope>,
    apps: Option<Vec<AppName>>,
    expires_in: Option<f64>,
}

pub(super) async fn list(state: State, caller: Caller, paging: Paging) -> Result<Json<Page<ApiToken>>, Error> {
    let user = caller.user.id;
    let count = api_token::count(&state.pool, user).await?;
    let tokens = api_token::list(&state.pool, user, paging.limit, paging.offset).await?;
    Ok(paging.page(count, tokens.into_iter().map(shown).collect()))
}

/// Makes one. Its text is in this answer and nowhere else, so that there is none to repeat for an idempotency key.
pub(super) async fn create(
    state: State,
    caller: Caller,
    Body(body): Body<CreateApiToken>,
) -> Result<Created<NewApiToken>, Error> {
    let wanted = parse(&body)?;
    let apps = match &wanted.apps {
        None => None,
        Some(names) => Some(uuids(&state, &caller, names).await?),
    };
    let (user_id, name, token) = (caller.user.id, &wanted.name, NewToken::for_program());
    let new = api_token::NewApiToken {
        user_id,
        name,
        scopes: &wanted.scopes,
        apps: apps.as_deref(),
        expires_in: wanted.expires_in,
        sha256: &token.sha256,
    };
    let mut tx = db::begin(&state.pool).await?;
    api_token::insert(&mut tx, new).await?;
    audit::insert(&mut *tx, caller.did("tokens:create", None, name.as_str())).await?;
    let made = api_token::find(&mut *tx, user_id, name).await?.ok_or(MISSING)?;
    db::commit(tx).await?;
    Ok(Created(NewApiToken { token: token.shown, about: shown(made) }))
}

pub(super) async fn revoke(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Path(name): Path<String>,
) -> Result<NoContent, Error> {
    // What cannot be a name need not be looked for.
    let name = TokenName::parse(&name).map_err(|_| MISSING)?;
    let mut tx = db::begin(&state.pool).await?;
    if !api_token::delete(&mut *tx, caller.user.id, &name).await? {
        return Err(MISSING);
    }
    audit::insert(&mut *tx, caller.did("tokens:revoke", None, name.as_str())).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

/// Every field that is wrong is told at once.
fn parse(body: &CreateApiToken) -> Result<Wanted, Error> {
    let mut wrong = BTreeMap::new();
    let mut note = |field: &str, text: String| drop(wrong.insert(field.to_owned(), vec![text]));
    let name = TokenName::parse(&body.name).map_err(|error| note("name", error.0)).ok();
    let scopes: Result<BTreeSet<_>, _> = body.scopes.iter().map(|scope| Scope::parse(scope)).collect();
    let scopes: Vec<_> = scopes.map_err(|error| note("scopes", error.0)).unwrap_or_default().into_iter().collect();
    if body.scopes.is_empty() {
        note("scopes", "This list may not be empty.".to_owned());
    }
    let apps = body.apps.as_ref().map(|apps| apps.iter().map(|app| AppName::parse(app)).collect::<Result<Vec<_>, _>>());
    let apps = apps.transpose().map_err(|error| note("apps", error.0)).unwrap_or_default();
    if body.apps.as_ref().is_some_and(Vec::is_empty) {
        note("apps", "This list may not be empty.".to_owned());
    }
    if body.expires_in.is_some_and(|seconds| !(1..=LONGEST).contains(&seconds)) {
        note("expires_in", format!("Ensure this value is between 1 and {LONGEST}."));
    }
    #[allow(clippy::cast_precision_loss, reason = "at most ten years of seconds")]
    let expires_in = body.expires_in.map(|seconds| seconds as f64);
    match name {
        Some(name) if wrong.is_empty() => Ok(Wanted { name, scopes, apps, expires_in }),
        _ => Err(Error::Fields(wrong)),
    }
}

/// The apps of these names, all of which the caller has to know of.
async fn uuids(state: &State, caller: &Caller, names: &[AppName]) -> Result<Vec<Uuid>, Error> {
    let mut uuids = BTreeSet::new();
    for name in names {
        match access::app(&state.pool, &caller.user, name, Action::Use).await {
            Ok((app, _)) => drop(uuids.insert(app.uuid)),
            Err(Error::Missing(_) | Error::Forbidden(_)) => {
                return Err(Error::field("apps", format!("There is no app {name} that you may use.")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(uuids.into_iter().collect())
}

fn shown(token: api_token::ApiToken) -> ApiToken {
    ApiToken {
        uuid: token.uuid,
        name: token.name,
        scopes: token.scopes,
        apps: token.apps,
        created: token.created_at.into(),
        expires: token.expires_at.map(Into::into),
        expired: token.expired,
    }
}
