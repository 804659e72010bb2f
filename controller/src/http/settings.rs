//! `/v2/apps/{id}/settings`: what makes no release.

use std::collections::BTreeMap;

use api::types::{Settings, UpdateSettings};
use axum::{Json, http::StatusCode};
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    autoscale,
    body::Body,
    extract::{Allowed, Right, Use},
    idempotency::Ticket,
    route::{Created, Routes, get},
    whitelist,
};
use crate::{
    db::{
        self,
        app::App,
        audit,
        event::{self, Level},
        settings::{self, Label},
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

/// Longest key of a label.
const MAX_LABEL: usize = 253;

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps/{id}/settings", get("Settings", show).post("Change settings", change).may_refuse([409, 422]))
}

async fn show(state: State, allowed: Allowed<Use>) -> Result<Json<Settings>, Error> {
    let found = settings::find(&state.pool, allowed.app.id).await?.ok_or(Error::Missing("AppSettings"))?;
    Ok(Json(shown(found, &allowed.app)))
}

async fn change(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(body): Body<UpdateSettings>,
) -> Result<Created<Settings>, Error> {
    let (app, user) = (&allowed.app, &allowed.caller.user);
    let mut tx = db::begin(&state.pool).await?;
    let mut now = settings::lock(&mut *tx, app.id).await?.ok_or(Error::Missing("AppSettings"))?;
    let changes = apply(&mut now, &body)?;
    if changes.is_empty() {
        return Err(Error::Conflict(format!("{} changed nothing", user.username)));
    }
    let stored = store(&mut tx, &allowed, &now, &changes, ("settings:set", &changes.join(", "))).await?;
    let shown = shown(stored, app);
    ticket.keep(&mut tx, StatusCode::CREATED, &shown).await?;
    db::commit(tx).await?;
    Ok(Created(shown))
}

/// Writes the settings and tells the app's log who changed what (`lines`, which follow the user's name).
/// `action` is what the audit keeps: the command, and what it was done to.
pub(super) async fn store<R: Right + Sync>(
    tx: &mut PgConnection,
    allowed: &Allowed<R>,
    now: &settings::Settings,
    lines: &[String],
    (action, target): (&str, &str),
) -> Result<settings::Settings, Error> {
    let (app, user) = (&allowed.app, &allowed.caller.user);
    settings::update(&mut *tx, app.id, user.id, now).await?;
    for line in lines {
        event::add(&mut *tx, app.id, Level::Info, &format!("{} {line}", user.username)).await?;
    }
    audit::insert(&mut *tx, allowed.did(action, target)).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    settings::find(&mut *tx, app.id).await?.ok_or(Error::Missing("AppSettings"))
}

/// Changes `now` as asked and says what is different.
fn apply(now: &mut settings::Settings, wanted: &UpdateSettings) -> Result<Vec<String>, Error> {
    let mut changes = Vec::new();
    if let Some(maintenance) = wanted.maintenance.filter(|wanted| *wanted != now.maintenance) {
        now.maintenance = maintenance;
        changes.push(format!("turned maintenance mode {}", if maintenance { "on" } else { "off" }));
    }
    if let Some(routable) = wanted.routable.filter(|wanted| *wanted != now.routable) {
        now.routable = routable;
        changes.push(format!("{} routing", if routable { "enabled" } else { "disabled" }));
    }
    if let Some(wanted) = &wanted.whitelist {
        changes.extend(whitelist::replace(now, wanted.clone())?);
    }
    for (name, rule) in &wanted.autoscale {
        changes.extend(autoscale::change(&mut now.autoscale.0, name, rule.as_ref())?);
    }
    for (key, value) in &wanted.label {
        changes.extend(label(&mut now.label.0, key, value.as_ref())?);
    }
    for (name, value) in &wanted.router {
        changes.extend(treatment(&mut now.router.0, name, value.as_ref())?);
    }
    now.treatment().map_err(|invalid| Error::field("router", invalid.to_string()))?;
    Ok(changes)
}

fn label(label: &mut Label, key: &str, value: Option<&Value>) -> Result<Option<String>, Error> {
    if key.is_empty() || key.len() > MAX_LABEL {
        return Err(Error::field("label", format!("Label keys have 1 to {MAX_LABEL} characters.")));
    }
    let Some(value) = value else {
        let unknown = || Error::Unprocessable(format!("{key} does not exist under label"));
        label.remove(key).ok_or_else(unknown)?;
        return Ok(Some(format!("removed label {key}")));
    };
    let before = label.insert(key.to_owned(), value.clone());
    Ok((before.as_ref() != Some(value)).then(|| format!("set label {key}")))
}

/// Whether the router can do that is asked once all are changed.
fn treatment(
    router: &mut BTreeMap<String, String>,
    name: &str,
    value: Option<&Value>,
) -> Result<Option<String>, Error> {
    let Some(value) = value else {
        let unknown = || Error::Unprocessable(format!("{name} does not exist under router"));
        router.remove(name).ok_or_else(unknown)?;
        return Ok(Some(format!("removed {name} from what the router does")));
    };
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = format!("set {name} of the router to {value}");
    let before = router.insert(name.to_owned(), value.clone());
    Ok((before.as_ref() != Some(&value)).then_some(line))
}

fn shown(settings: settings::Settings, app: &App) -> Settings {
    Settings {
        uuid: settings.uuid,
        owner: settings.owner,
        app: app.name.to_string(),
        maintenance: settings.maintenance,
        routable: settings.routable,
        whitelist: settings.whitelist,
        autoscale: settings.autoscale.0.into_iter().map(|(name, rule)| (name.to_string(), rule)).collect(),
        label: settings.label.0,
        router: settings.router.0,
        created: settings.created_at.into(),
        updated: settings.updated_at.into(),
    }
}
