//! `apps:info`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{
    client::{apps, domains, pods, settings},
    types::{App, Domain, Pod},
};
use serde::Serialize;
use serde_json::Value;

use super::address;
use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    report::Failure,
    ui::Ui,
};

/// Prints info about the current application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

#[derive(Serialize)]
struct Info {
    #[serde(flatten)]
    app: App,
    url: String,
    processes: Vec<Pod>,
    domains: Vec<Domain>,
    labels: BTreeMap<String, Value>,
}

/// Prints the application, its processes, domains and labels.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let (client, app) = (&session.client, &session.app);
    let limit = Some(session.settings.page(None));
    let details = apps::get(client, app).await?;
    let url = address::of(&session).await.or_else(|error| match error.downcast::<Failure>() {
        Ok(failure) => Ok(failure.to_string()),
        Err(error) => Err(error),
    })?;
    let processes = pods::list(client, app, limit).await?.results;
    let domains = domains::list(client, app, limit).await?;
    let labels = settings::get(client, app).await?.label;
    if args.json.json {
        return Ok(context.ui.json(&Info { app: details, url, processes, domains: domains.results, labels })?);
    }
    print(&details, &url, &context.ui)?;
    context.ui.say("")?;
    crate::ps::list::print(&context.ui, app, &processes)?;
    context.ui.say("")?;
    crate::domains::list::print(&context.ui, app, &domains)?;
    context.ui.say("")?;
    crate::labels::list::print(&context.ui, app, &labels)?;
    Ok(context.ui.say("")?)
}

fn print(app: &App, url: &str, ui: &Ui) -> Result<()> {
    ui.heading(format!("{} Application", app.id))?;
    let rows = [
        ("updated:", app.updated.to_string()),
        ("uuid:", app.uuid.to_string()),
        ("created:", app.created.to_string()),
        ("url:", url.to_owned()),
        ("owner:", app.owner.clone()),
        ("id:", app.id.to_string()),
    ];
    Ok(rows.iter().try_for_each(|(label, value)| ui.say(format!("{label:<9} {value}")))?)
}
