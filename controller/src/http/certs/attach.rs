//! `/v2/certs/{name}/domain`: which domains a certificate serves. It is always said, never guessed from names in it.

use api::{names::DomainName, types::AttachCertificate};
use axum::{http::StatusCode, response::NoContent};
use sqlx::PgConnection;

use super::{
    super::{body::Body, domains::kept_as, extract::Path, idempotency::Ticket},
    known, own,
};
use crate::{
    auth::{
        Caller,
        access::{self, Action},
    },
    db::{
        self,
        app::App,
        audit,
        certificate::{self, Attachment},
        event::{self, Level},
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

const MISSING: Error = Error::Missing("Domain");

pub(super) async fn attach(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Path(name): Path<String>,
    Body(body): Body<AttachCertificate>,
) -> Result<StatusCode, Error> {
    attach_to(&state, &caller, &ticket, &name, &body.domain).await
}

pub(super) async fn attach_named(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Path((name, domain)): Path<(String, String)>,
    Body(body): Body<AttachCertificate>,
) -> Result<StatusCode, Error> {
    let domain = if body.domain.is_empty() { domain } else { body.domain };
    attach_to(&state, &caller, &ticket, &name, &domain).await
}

async fn attach_to(
    state: &State,
    caller: &Caller,
    ticket: &Ticket,
    name: &str,
    given: &str,
) -> Result<StatusCode, Error> {
    let certificate = own(&state.pool, caller, &known(name)?).await?;
    if given.is_empty() {
        return Err(Error::BadRequest("domain is a required field".to_owned()));
    }
    let (domain, app) = usable(state, caller, given).await?;
    let mut tx = db::begin(&state.pool).await?;
    if !certificate::attach(&mut *tx, certificate.id, app.id, &domain).await? {
        return Err(Error::Conflict("Domain already has a certificate attached to it".to_owned()));
    }
    let done =
        Attachment { certificate: certificate.name, domain: domain.to_string(), app_id: app.id, app_uuid: app.uuid };
    tell(&mut tx, caller, &done, ("certs:attach", "attached to")).await?;
    ticket.keep_empty(&mut tx, StatusCode::CREATED).await?;
    db::commit(tx).await?;
    Ok(StatusCode::CREATED)
}

/// The domain, and its app, which the caller may use; of others' domains nobody hears.
async fn usable(state: &State, caller: &Caller, given: &str) -> Result<(DomainName, App), Error> {
    let domain = kept_as(given, &state.settings.platform_domain).map_err(|_| MISSING)?;
    let app = db::domain::find_app(&state.pool, &domain).await?.ok_or(MISSING)?;
    let app = db::app::get(&state.pool, app).await?.filter(|app| !app.destroyed).ok_or(MISSING)?;
    let relation = access::relation(&state.pool, &caller.user, &app).await?;
    relation.require(Action::Use).map_err(|error| if matches!(error, Error::Missing(_)) { MISSING } else { error })?;
    Ok((domain, app))
}

pub(super) async fn detach(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Path((name, given)): Path<(String, String)>,
) -> Result<NoContent, Error> {
    let certificate = own(&state.pool, &caller, &known(&name)?).await?;
    let domain = kept_as(&given, &state.settings.platform_domain).map_err(|_| MISSING)?;
    let mut tx = db::begin(&state.pool).await?;
    let done = certificate::detach(&mut *tx, certificate.id, &domain).await?.ok_or(MISSING)?;
    tell(&mut tx, &caller, &done, ("certs:detach", "detached from")).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

/// Tells the apps concerned that the certificate with `id` goes, or all of the user, in the transaction that deletes them.
pub(in crate::http) async fn take_off(
    tx: &mut PgConnection,
    caller: &Caller,
    user_id: i64,
    id: Option<i64>,
) -> Result<(), Error> {
    for attachment in certificate::attachments(&mut *tx, user_id, id).await? {
        tell(tx, caller, &attachment, ("certs:detach", "detached from")).await?;
    }
    Ok(())
}

/// `action` is what the audit keeps, `words` what the app's log says.
async fn tell(
    tx: &mut PgConnection,
    caller: &Caller,
    Attachment { certificate, domain, app_id, app_uuid }: &Attachment,
    (action, words): (&str, &str),
) -> Result<(), Error> {
    let line = format!("certificate {certificate} {words} domain {domain}");
    event::add(&mut *tx, *app_id, Level::Info, &line).await?;
    audit::insert(&mut *tx, caller.did(action, Some(*app_uuid), &format!("{certificate} {domain}"))).await?;
    Ok(notify(&mut *tx, Signal::App(*app_id)).await?)
}
