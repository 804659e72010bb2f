//! `/v2/keys`: the caller's own SSH keys.

use std::collections::BTreeMap;

use api::{
    names::{KeyId, PublicKey},
    types::{CreateKey, Key, Page},
};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::Path,
    idempotency::Ticket,
    page::Paging,
    route::{Created, Routes, get},
};
use crate::{
    auth::Caller,
    db::{self, audit, key},
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    // A name may hold slashes, and one at its end belongs to it, as at Deis.
    Routes::new()
        .slashed("/v2/keys", get("One's SSH keys", list).post("Add an SSH key", add))
        .route("/v2/keys/{*key}", get("An SSH key", show).delete("Remove an SSH key", remove))
}

async fn list(state: State, caller: Caller, paging: Paging) -> Result<Json<Page<Key>>, Error> {
    let user = caller.user.id;
    let count = key::count(&state.pool, user).await?;
    let keys = key::list(&state.pool, user, paging.limit, paging.offset).await?;
    Ok(paging.page(count, keys.into_iter().map(shown).collect()))
}

async fn add(state: State, caller: Caller, ticket: Ticket, Body(body): Body<CreateKey>) -> Result<Created<Key>, Error> {
    let (id, public) = parse(&body)?;
    let mut tx = db::begin(&state.pool).await?;
    let added = shown(key::insert(&mut *tx, caller.user.id, &id, &public).await?);
    audit::insert(&mut *tx, caller.did("keys:add", None, id.as_str())).await?;
    ticket.keep(&mut tx, StatusCode::CREATED, &added).await?;
    db::commit(tx).await?;
    Ok(Created(added))
}

/// Every field that is wrong is told at once.
fn parse(body: &CreateKey) -> Result<(KeyId, PublicKey), Error> {
    match (KeyId::parse(&body.id), PublicKey::parse(&body.public)) {
        (Ok(id), Ok(public)) => Ok((id, public)),
        (id, public) => {
            let wrong = [("id", id.err()), ("public", public.err())];
            let told = |(field, error): (&str, Option<_>)| {
                error.map(|error: api::names::InvalidName| (field.to_owned(), vec![error.0]))
            };
            Err(Error::Fields(wrong.into_iter().filter_map(told).collect::<BTreeMap<_, _>>()))
        }
    }
}

async fn show(state: State, caller: Caller, Path(name): Path<String>) -> Result<Json<Key>, Error> {
    let found = key::find(&state.pool, caller.user.id, known(&name)?).await?.ok_or(MISSING)?;
    Ok(Json(shown(found)))
}

async fn remove(state: State, caller: Caller, ticket: Ticket, Path(name): Path<String>) -> Result<NoContent, Error> {
    let mut tx = db::begin(&state.pool).await?;
    if !key::delete(&mut *tx, caller.user.id, known(&name)?).await? {
        return Err(MISSING);
    }
    audit::insert(&mut *tx, caller.did("keys:remove", None, &name)).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

const MISSING: Error = Error::Missing("Key");

/// What cannot be a name need not be looked for.
fn known(name: &str) -> Result<&str, Error> {
    KeyId::parse(name).map(|_| name).map_err(|_| MISSING)
}

fn shown(key: key::Key) -> Key {
    Key {
        uuid: key.uuid,
        id: key.name,
        owner: key.owner,
        public: key.public,
        fingerprint: key.fingerprint,
        created: key.created_at.into(),
        updated: key.created_at.into(),
    }
}
