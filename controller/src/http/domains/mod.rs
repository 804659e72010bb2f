//! `/v2/apps/{id}/domains`

mod claim;

use api::{
    names::DomainName,
    types::{CreateDomain, Domain, Page},
};
use axum::{Json, http::StatusCode, response::NoContent};
use claim::Claim;
pub(super) use claim::kept_as;

use super::{
    body::Body,
    extract::{Allowed, Manage, Path, Use},
    idempotency::Ticket,
    page::Paging,
    route::{Created, Routes, delete, get},
};
use crate::{
    db::{
        self, audit, domain,
        event::{self, Level},
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps/{id}/domains", get("Domains", list).post("Add a domain", add))
        .slashed("/v2/apps/{id}/domains/{domain}", delete("Remove a domain", remove))
}

async fn list(state: State, allowed: Allowed<Use>, paging: Paging) -> Result<Json<Page<Domain>>, Error> {
    let app = &allowed.app;
    let count = domain::count(&state.pool, app.id).await?;
    let domains = domain::list(&state.pool, app.id, paging.limit, paging.offset).await?;
    let shown = domains.into_iter().map(|domain| Domain {
        owner: domain.owner,
        app: app.name.to_string(),
        domain: domain.domain,
        created: domain.created_at.into(),
        updated: domain.created_at.into(),
    });
    Ok(paging.page(count, shown.collect()))
}

async fn add(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(body): Body<CreateDomain>,
) -> Result<Created<Domain>, Error> {
    let claim = Claim::parse(&body.domain, &state.settings)?;
    let (app, user) = (&allowed.app, &allowed.caller.user);
    let mut tx = db::begin(&state.pool).await?;
    claim.check(&mut tx, app).await?;
    let domain = claim.domain();
    let created = domain::insert(&mut *tx, app.id, user.id, domain).await.map_err(|error| claim.in_use(error))?;
    event::add(&mut *tx, app.id, Level::Info, &format!("domain {domain} added")).await?;
    audit::insert(&mut *tx, allowed.did("domains:add", domain.as_str())).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    let shown = Domain {
        owner: user.username.clone(),
        app: app.name.to_string(),
        domain: domain.to_string(),
        created: created.into(),
        updated: created.into(),
    };
    ticket.keep(&mut tx, StatusCode::CREATED, &shown).await?;
    db::commit(tx).await?;
    Ok(Created(shown))
}

async fn remove(
    state: State,
    allowed: Allowed<Manage>,
    ticket: Ticket,
    Path((_, given)): Path<(String, String)>,
) -> Result<NoContent, Error> {
    let missing = || Error::Missing("Domain");
    let domain: DomainName = kept_as(&given, &state.settings.platform_domain).map_err(|_| missing())?;
    let app = &allowed.app;
    let mut tx = db::begin(&state.pool).await?;
    if !domain::delete(&mut *tx, app.id, &domain).await? {
        return Err(missing());
    }
    event::add(&mut *tx, app.id, Level::Info, &format!("domain {domain} removed")).await?;
    audit::insert(&mut *tx, allowed.did("domains:remove", domain.as_str())).await?;
    ticket.deleted(&mut tx).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}
