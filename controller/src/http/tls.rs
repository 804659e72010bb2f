//! `/v2/apps/{id}/tls`: whether plain requests are sent on to https.

use api::types::{Tls, UpdateTls};
use axum::{Json, http::StatusCode};

use super::{
    body::Body,
    extract::{Allowed, Use},
    idempotency::Ticket,
    route::{Created, Routes, get},
    settings::store,
};
use crate::{
    db::{
        self,
        app::App,
        settings::{self, Settings},
    },
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new().slashed(
        "/v2/apps/{id}/tls",
        get("Whether plain requests are sent on to https", show)
            .post("Send plain requests on to https, or not", change)
            .may_refuse([409]),
    )
}

async fn show(state: State, allowed: Allowed<Use>) -> Result<Json<Tls>, Error> {
    let found = settings::find(&state.pool, allowed.app.id).await?.ok_or(Error::Missing("TLS"))?;
    Ok(Json(shown(found, &allowed.app)))
}

async fn change(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(body): Body<UpdateTls>,
) -> Result<Created<Tls>, Error> {
    let (app, user) = (&allowed.app, &allowed.caller.user);
    let mut tx = db::begin(&state.pool).await?;
    let mut now = settings::lock(&mut *tx, app.id).await?.ok_or(Error::Missing("TLS"))?;
    let wanted = body.https_enforced.filter(|wanted| Some(*wanted) != now.https_enforced);
    let wanted = wanted.ok_or_else(|| Error::Conflict(format!("{} changed nothing", user.username)))?;
    now.https_enforced = Some(wanted);
    let (line, action) =
        if wanted { ("enforces https", "tls:enable") } else { ("enforces https no more", "tls:disable") };
    let shown = shown(store(&mut tx, &allowed, &now, &[line.to_owned()], (action, "")).await?, app);
    ticket.keep(&mut tx, StatusCode::CREATED, &shown).await?;
    db::commit(tx).await?;
    Ok(Created(shown))
}

fn shown(settings: Settings, app: &App) -> Tls {
    Tls {
        uuid: settings.tls_uuid,
        owner: settings.owner,
        app: app.name.to_string(),
        https_enforced: settings.https_enforced,
        created: settings.created_at.into(),
        updated: settings.updated_at.into(),
    }
}
