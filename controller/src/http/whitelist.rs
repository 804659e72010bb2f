//! `/v2/apps/{id}/whitelist`: the clients whose requests the router passes on to an app.

use api::{
    names::ClientNetwork,
    types::{ChangeWhitelist, Whitelist},
};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::{Allowed, Manage, Use},
    idempotency::Ticket,
    route::{Created, Routes, get},
    settings::store,
};
use crate::{
    auth::Caller,
    db::{
        self,
        settings::{self, Settings},
    },
    error::Error,
    state::State,
};

/// The router compares each request with all of them.
const MAX: usize = 1000;

pub(super) fn router() -> Routes {
    Routes::new().slashed(
        "/v2/apps/{id}/whitelist",
        get("Clients that may reach the app", show)
            .post("Let clients reach the app", add)
            .may_refuse([409])
            .delete("Let clients reach the app no longer", remove)
            .may_refuse([409, 422]),
    )
}

async fn show(state: State, allowed: Allowed<Use>) -> Result<Json<Whitelist>, Error> {
    let found = settings::find(&state.pool, allowed.app.id).await?.ok_or_else(missing)?;
    Ok(Json(Whitelist { addresses: found.whitelist }))
}

async fn add(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(body): Body<ChangeWhitelist>,
) -> Result<Created<Whitelist>, Error> {
    let mut tx = db::begin(&state.pool).await?;
    let mut now = settings::lock(&mut *tx, allowed.app.id).await?.ok_or_else(missing)?;
    let all = now.whitelist()?.into_iter().chain(body.addresses.iter().cloned());
    let changes = replace(&mut now, all.collect())?;
    refuse_nothing(&changes, &allowed.caller)?;
    let stored = store(&mut tx, &allowed, &now, &changes, ("whitelist:add", &list(&body.addresses))).await?;
    let shown = Whitelist { addresses: stored.whitelist };
    ticket.keep(&mut tx, StatusCode::CREATED, &shown).await?;
    db::commit(tx).await?;
    Ok(Created(shown))
}

async fn remove(
    state: State,
    allowed: Allowed<Manage>,
    ticket: Ticket,
    Body(body): Body<ChangeWhitelist>,
) -> Result<NoContent, Error> {
    let mut tx = db::begin(&state.pool).await?;
    let mut now = settings::lock(&mut *tx, allowed.app.id).await?.ok_or_else(missing)?;
    let old = now.whitelist()?;
    let unknown = lacking(&old, &body.addresses);
    if !unknown.is_empty() {
        // A set as Python writes it: scripts look for the text.
        let set = unknown.iter().map(|address| format!("'{address}'")).collect::<Vec<_>>().join(", ");
        return Err(Error::Unprocessable(format!("addresses {{{set}}} does not exist in whitelist")));
    }
    let changes = replace(&mut now, lacking(&body.addresses, &old))?;
    refuse_nothing(&changes, &allowed.caller)?;
    store(&mut tx, &allowed, &now, &changes, ("whitelist:remove", &list(&body.addresses))).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

/// Makes `wanted` the whole whitelist, and says what is different.
pub(super) fn replace(now: &mut Settings, wanted: Vec<ClientNetwork>) -> Result<Vec<String>, Error> {
    let old = now.whitelist()?;
    let mut new: Vec<ClientNetwork> = Vec::new();
    for address in wanted {
        if !has(&new, &address) {
            new.push(address);
        }
        if new.len() > MAX {
            let text = format!("A whitelist has at most {MAX} entries; a network takes the place of many addresses.");
            return Err(Error::BadRequest(text));
        }
    }
    let (added, removed) = (lacking(&old, &new), lacking(&new, &old));
    if !(added.is_empty() && removed.is_empty()) {
        now.whitelist = new.into_iter().map(String::from).collect();
    }
    let added = (!added.is_empty()).then(|| format!("added {} to the whitelist", list(&added)));
    let removed = (!removed.is_empty()).then(|| format!("removed {} from the whitelist", list(&removed)));
    Ok(added.into_iter().chain(removed).collect())
}

fn has(all: &[ClientNetwork], address: &ClientNetwork) -> bool {
    all.iter().any(|one| one.network() == address.network())
}

/// Those of `wanted` that `all` lacks, however they are written.
fn lacking(all: &[ClientNetwork], wanted: &[ClientNetwork]) -> Vec<ClientNetwork> {
    wanted.iter().filter(|address| !has(all, address)).cloned().collect()
}

fn list(addresses: &[ClientNetwork]) -> String {
    addresses.iter().map(ClientNetwork::as_str).collect::<Vec<_>>().join(", ")
}

fn refuse_nothing(changes: &[String], caller: &Caller) -> Result<(), Error> {
    if changes.is_empty() { Err(Error::Conflict(format!("{} changed nothing", caller.username()))) } else { Ok(()) }
}

fn missing() -> Error {
    Error::Missing("AppSettings")
}
