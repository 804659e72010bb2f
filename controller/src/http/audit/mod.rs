//! `/v2/audit` and `/v2/apps/{id}/audit`: who did what. Ours; Deis kept no such log.

mod note;

use api::types::{AuditEntry, Page};
use axum::Json;
pub(super) use note::{Note, note};

use super::{
    extract::{Admin, Allowed, Manage},
    page::Paging,
    route::{Routes, get},
};
use crate::{db::audit, error::Error, state::State};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/audit", get("Who did what", list))
        .slashed("/v2/apps/{id}/audit", get("Who did what to an app", list_app))
}

async fn list(state: State, _: Admin, paging: Paging) -> Result<Json<Page<AuditEntry>>, Error> {
    page(&state, None, &paging).await
}

async fn list_app(state: State, allowed: Allowed<Manage>, paging: Paging) -> Result<Json<Page<AuditEntry>>, Error> {
    page(&state, Some(allowed.app.uuid), &paging).await
}

async fn page(state: &State, app: Option<uuid::Uuid>, paging: &Paging) -> Result<Json<Page<AuditEntry>>, Error> {
    let count = audit::count(&state.pool, app).await?;
    let rows = audit::list(&state.pool, app, paging.limit, paging.offset).await?;
    Ok(paging.page(count, rows.into_iter().map(shown).collect()))
}

fn shown(row: audit::Row) -> AuditEntry {
    AuditEntry {
        created: row.at.into(),
        user: row.username,
        via: row.via,
        token: row.token_name,
        address: row.address,
        action: row.action,
        target: row.target,
        app_uuid: row.app_uuid,
        app: row.app,
        outcome: row.outcome,
        request_id: row.request_id,
    }
}
