//! `POST /v2/apps/{id}/scale`: another formation, answered when it runs.

use std::{collections::BTreeMap, time::Duration};

use anyhow::anyhow;
use api::names::ProcessType;
use axum::response::NoContent;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    body::Body,
    extract::{Allowed, Use},
    reachable::Reachable,
    route::{Routes, post},
};
use crate::{
    db::{self, app::Structure, audit},
    error::Error,
    instances, operation,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps/{id}/scale", post("Ask for other numbers of instances, and wait until they run", scale))
}

/// Wanted instances of process types.
#[derive(Deserialize)]
struct Counts(BTreeMap<String, Value>);

/// What clients should send; digits in quotes are taken, too.
impl PartialSchema for Counts {
    fn schema() -> RefOr<Schema> {
        BTreeMap::<String, u32>::schema()
    }
}

impl ToSchema for Counts {}

async fn scale(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    Body(Counts(body)): Body<Counts>,
) -> Result<NoContent, Error> {
    let wanted = body.iter().map(|(name, count)| Ok((process_type(name)?, number(count)?)));
    let wanted: Structure = wanted.collect::<Result<_, Error>>()?;
    if !want(&state, &allowed, &wanted).await? {
        return Ok(NoContent);
    }
    let types = wanted.into_keys().collect();
    let patience = Duration::from_secs(state.settings.deploy_timeout.into());
    if instances::wait_up(&state, &allowed.app, Some(&types), patience).await? {
        return Ok(NoContent);
    }
    let count = |name: &ProcessType| allowed.app.structure.get(name).copied().unwrap_or(0);
    let before = types.into_iter().map(|name| (name.clone(), count(&name))).collect();
    want(&state, &allowed, &before).await?;
    let (name, seconds) = (&allowed.app.name, patience.as_secs());
    let detail = format!(
        "{name} (scale): not every instance came up within {seconds} s. The counts are as before; see the log."
    );
    Err(Error::Unavailable { detail, source: anyhow!("the formation did not come up") })
}

/// Asks for the counts. False when they are wanted already.
async fn want(state: &State, allowed: &Allowed<Use>, counts: &Structure) -> Result<bool, Error> {
    let mut tx = db::begin(&state.pool).await?;
    let changed = operation::scale(&mut tx, &allowed.app, &allowed.actor(), counts).await?;
    if changed {
        let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name}={count}")).collect();
        audit::insert(&mut *tx, allowed.did("ps:scale", &counts.join(" "))).await?;
    }
    db::commit(tx).await?;
    Ok(changed)
}

fn process_type(text: &str) -> Result<ProcessType, Error> {
    ProcessType::parse(text).map_err(|_| unknown_type(text))
}

/// The reference's 404 for a type that the app does not have.
fn unknown_type(text: &str) -> Error {
    Error::NotFound(format!("Container type {text} does not exist in application"))
}

/// A count, as a number or as the digits of one.
fn number(value: &Value) -> Result<u32, Error> {
    let count = match value {
        Value::Number(count) => count.as_u64().and_then(|count| u32::try_from(count).ok()),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    };
    count.ok_or_else(|| Error::BadRequest(format!("Invalid scaling format: {value} is not a count")))
}
