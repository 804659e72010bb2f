//! `/v2/certs`: the caller's own certificates, for administrators too.

mod attach;

use std::collections::BTreeMap;

use api::{
    names::CertName,
    types::{Certificate, CreateCertificate, Page},
};
pub(super) use attach::take_off;
use axum::{Json, http::StatusCode, response::NoContent};
use sqlx::PgExecutor;

use super::{
    body::Body,
    extract::Path,
    idempotency::Ticket,
    page::Paging,
    route::{Created, Routes, delete, get, post},
};
use crate::{
    auth::Caller,
    certificate::{self, Pair},
    db::{self, audit, certificate as row},
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/certs", get("One's certificates", list).post("Add a certificate and its key", add))
        .slashed("/v2/certs/{name}", get("A certificate", show).delete("Remove a certificate", remove))
        .slashed(
            "/v2/certs/{name}/domain",
            post("Serve a domain with a certificate", attach::attach)
                .with(|operation| operation.answers_nothing(201))
                .may_refuse([409]),
        )
        // No slash at its end, as at Deis.
        .route(
            "/v2/certs/{name}/domain/{domain}",
            delete("Serve a domain with this certificate no longer", attach::detach)
                .post("Serve a domain with a certificate", attach::attach_named)
                .with(|operation| operation.answers_nothing(201))
                .may_refuse([409]),
        )
}

async fn list(state: State, caller: Caller, paging: Paging) -> Result<Json<Page<Certificate>>, Error> {
    let user = caller.user.id;
    let count = row::count(&state.pool, user).await?;
    let certificates = row::list(&state.pool, user, paging.limit, paging.offset).await?;
    Ok(paging.page(count, certificates.into_iter().map(shown).collect()))
}

async fn add(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Body(body): Body<CreateCertificate>,
) -> Result<Created<Certificate>, Error> {
    let (name, pair) = parse(&body)?;
    let mut tx = db::begin(&state.pool).await?;
    row::insert(&mut *tx, &state.vault, caller.user.id, &name, &pair).await?;
    audit::insert(&mut *tx, caller.did("certs:add", None, name.as_str())).await?;
    let added = shown(own(&mut *tx, &caller, &name).await?);
    ticket.keep(&mut tx, StatusCode::CREATED, &added).await?;
    db::commit(tx).await?;
    Ok(Created(added))
}

/// Every field that is wrong is told at once.
fn parse(body: &CreateCertificate) -> Result<(CertName, Pair), Error> {
    match (CertName::parse(&body.name), certificate::parse(&body.certificate, &body.key)) {
        (Ok(name), Ok(pair)) => Ok((name, pair)),
        (Ok(_), Err(error)) => Err(error),
        (Err(name), pair) => {
            let mut wrong = BTreeMap::from([("name".to_owned(), vec![name.0])]);
            if let Err(Error::Fields(others)) = pair {
                wrong.extend(others);
            }
            Err(Error::Fields(wrong))
        }
    }
}

async fn show(state: State, caller: Caller, Path(name): Path<String>) -> Result<Json<Certificate>, Error> {
    Ok(Json(shown(own(&state.pool, &caller, &known(&name)?).await?)))
}

async fn remove(state: State, caller: Caller, ticket: Ticket, Path(name): Path<String>) -> Result<NoContent, Error> {
    let name = known(&name)?;
    let mut tx = db::begin(&state.pool).await?;
    let certificate = own(&mut *tx, &caller, &name).await?;
    take_off(&mut tx, &caller, caller.user.id, Some(certificate.id)).await?;
    if !row::delete(&mut *tx, certificate.id).await? {
        return Err(MISSING);
    }
    audit::insert(&mut *tx, caller.did("certs:remove", None, name.as_str())).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

const MISSING: Error = Error::Missing("Certificate");

/// What cannot be a name need not be looked for.
fn known(name: &str) -> Result<CertName, Error> {
    CertName::parse(name).map_err(|_| MISSING)
}

async fn own(executor: impl PgExecutor<'_>, caller: &Caller, name: &CertName) -> Result<row::Certificate, Error> {
    row::find(executor, caller.user.id, name).await?.ok_or(MISSING)
}

fn shown(certificate: row::Certificate) -> Certificate {
    Certificate {
        id: certificate.id,
        owner: certificate.owner,
        name: certificate.name,
        common_name: certificate.common_name,
        san: certificate.san,
        domains: certificate.domains,
        fingerprint: certificate.fingerprint,
        expires: Some(certificate.expires_at.into()),
        starts: Some(certificate.starts_at.into()),
        issuer: certificate.issuer,
        subject: certificate.subject,
        created: certificate.created_at.into(),
        updated: certificate.created_at.into(),
    }
}
