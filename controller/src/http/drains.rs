//! `/v2/apps/{id}/drains`: where lines of an app are sent on to. And `/v2/drains`: where the operator has those of all apps
//! sent to. Ours; Deis had neither.

use std::sync::Arc;

use anyhow::Context;
use api::{
    names::{DrainUrl, Transport},
    types::{CreateDrain, Drain, Page},
};
use axum::{Json, http::StatusCode, response::NoContent};
use uuid::Uuid;

use super::{
    body::Body,
    extract::{Admin, Allowed, Path, Use},
    idempotency::Ticket,
    page::Paging,
    route::{Created, Routes, delete, get},
};
use crate::{
    auth::{Caller, scope::Need},
    db::{
        self, audit,
        drain::{self, MAX, Mark},
        event::{self, Level},
        signal::{Signal, notify},
    },
    drains,
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/drains", get("Where the logs of all apps are sent to", list_platform))
        .slashed(
            "/v2/apps/{id}/drains",
            get("Where the log is sent to", list).post("Send the log somewhere", add).may_refuse([409, 422]),
        )
        .slashed("/v2/apps/{id}/drains/{uuid}", delete("Send the log there no longer", remove))
}

async fn list_platform(state: State, _: Admin, paging: Paging) -> Result<Json<Page<Drain>>, Error> {
    // Who may read the operator's file reads them there.
    Ok(page(&paging, drain::list(&state.pool, &state.vault, None).await?, DrainUrl::masked))
}

async fn list(state: State, allowed: Allowed<Use>, paging: Paging) -> Result<Json<Page<Drain>>, Error> {
    let drains = drain::list(&state.pool, &state.vault, Some(allowed.app.id)).await?;
    let plain = may_read_secrets(&allowed.caller);
    Ok(page(&paging, drains, |url| if plain { url.as_str().to_owned() } else { url.masked() }))
}

/// As with config, which is secret in the same way.
fn may_read_secrets(caller: &Caller) -> bool {
    caller.token.scopes.iter().any(|scope| Need::ReadProtected.is_met_by(*scope))
}

fn page(paging: &Paging, drains: Vec<drain::Drain>, url: impl Fn(&DrainUrl) -> String) -> Json<Page<Drain>> {
    let count = i64::try_from(drains.len()).unwrap_or(i64::MAX);
    let [offset, limit] = [paging.offset, paging.limit].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let shown = drains.into_iter().skip(offset).take(limit).map(|drain| shown(drain, &url));
    paging.page(count, shown.collect())
}

fn shown(drain: drain::Drain, url: impl Fn(&DrainUrl) -> String) -> Drain {
    Drain {
        uuid: drain.uuid,
        // The log tells of one that does not open.
        url: drain.url.as_ref().map_or_else(|| "***".to_owned(), url),
        created: drain.created_at.into(),
        sent: drain.sent,
        dropped: drain.dropped,
        last_sent: drain.sent_at.map(Into::into),
        last_error: drain.last_error,
        last_error_at: drain.last_error_at.map(Into::into),
    }
}

async fn add(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(CreateDrain { url }): Body<CreateDrain>,
) -> Result<Created<Drain>, Error> {
    check(&state, &url)?;
    let (app, user) = (&allowed.app, &allowed.caller.user);
    let (store, uuid) = (Arc::clone(&state.logs), app.uuid);
    let end = tokio::task::spawn_blocking(move || store.end(uuid)).await.context("reading a log panicked")?;
    let mut tx = db::begin(&state.pool).await?;
    // Locked, so that what is looked up stays so.
    db::app::lock_structure(&mut *tx, app.id).await?.ok_or(Error::Missing("App"))?;
    let known = drain::list(&mut *tx, &state.vault, Some(app.id)).await?;
    if known.iter().any(|known| known.url.as_ref() == Some(&url)) {
        return Err(Error::Conflict("The app's log is sent there already.".to_owned()));
    }
    if known.len() >= MAX {
        return Err(Error::Unprocessable(format!("An app has at most {MAX} drains. Remove one first.")));
    }
    let added = drain::insert(&mut *tx, &state.vault, Some(app.id), &url).await?;
    let mark = Mark { sequence: end.context("reading a log")?, event_id: event::newest(&mut *tx, app.id).await? };
    drain::put_marks(&mut tx, added.id, &[(app.id, mark)].into()).await?;
    let masked = url.masked();
    event::add(&mut *tx, app.id, Level::Info, &format!("{} added the log drain {masked}", user.username)).await?;
    audit::insert(&mut *tx, allowed.did("drains:add", &target(added.uuid, &masked))).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    notify(&mut *tx, Signal::Drains).await?;
    // Answers are kept for those who ask twice: no secrets in them.
    let shown = shown(added, DrainUrl::masked);
    ticket.keep(&mut tx, StatusCode::CREATED, &shown).await?;
    db::commit(tx).await?;
    Ok(Created(shown))
}

/// What a name leads to is judged at each connection.
fn check(state: &State, url: &DrainUrl) -> Result<(), Error> {
    if url.transport() == Transport::Http {
        return Err(Error::field("url", "Lines are posted over https:// only."));
    }
    match drains::refusal(&state.settings, url) {
        Some(why) => Err(Error::field("url", format!("A drain leads to the Internet; {} {why}.", url.host()))),
        None => Ok(()),
    }
}

async fn remove(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Path((_, given)): Path<(String, String)>,
) -> Result<NoContent, Error> {
    let missing = || Error::Missing("Drain");
    let uuid = Uuid::try_parse(&given).map_err(|_| missing())?;
    let (app, user) = (&allowed.app, &allowed.caller.user);
    let mut tx = db::begin(&state.pool).await?;
    let removed = drain::delete(&mut *tx, &state.vault, Some(app.id), uuid).await?.ok_or_else(missing)?;
    let masked = removed.url.as_ref().map_or_else(|| "***".to_owned(), DrainUrl::masked);
    event::add(&mut *tx, app.id, Level::Info, &format!("{} removed the log drain {masked}", user.username)).await?;
    audit::insert(&mut *tx, allowed.did("drains:remove", &target(uuid, &masked))).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    notify(&mut *tx, Signal::Drains).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

fn target(uuid: Uuid, masked: &str) -> String {
    format!("{masked} {uuid}")
}
