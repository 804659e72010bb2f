//! `labels:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::settings, names::AppName};
use serde_json::Value;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest key and the values.
const GAP: usize = 6;

/// Prints a list of labels of the application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by key.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let labels = settings::get(&session.client, &session.app).await?.label;
    if args.json.json {
        return Ok(context.ui.json(&labels)?);
    }
    print(&context.ui, &session.app, &labels)
}

/// Prints the table.
pub fn print(ui: &Ui, app: &AppName, labels: &BTreeMap<String, Value>) -> Result<()> {
    ui.heading(format!("{app} Label"))?;
    if labels.is_empty() {
        return Ok(ui.say("No labels found.")?);
    }
    let rows: Vec<_> = labels.iter().map(|(key, value)| (format!("{key}:"), text(value))).collect();
    Ok(ui.pairs(rows.iter().map(|(key, value)| (key.as_str(), value.as_str())), GAP)?)
}

/// A text without its quotes, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
