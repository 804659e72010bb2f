//! `routing:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::settings, names::AppName};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest name and the values.
const GAP: usize = 6;

/// Lists how the router treats requests of an application, where not as those of all.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists it by name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let router = settings::get(&session.client, &session.app).await?.router;
    if args.json.json {
        return Ok(context.ui.json(&router)?);
    }
    print(&context.ui, &session.app, &router)
}

/// Prints the table.
pub fn print(ui: &Ui, app: &AppName, router: &BTreeMap<String, String>) -> Result<()> {
    ui.heading(format!("{app} Routing"))?;
    if router.is_empty() {
        return Ok(ui.say("As for all applications.")?);
    }
    let rows: Vec<_> = router.iter().map(|(name, value)| (format!("{name}:"), value)).collect();
    Ok(ui.pairs(rows.iter().map(|(name, value)| (name.as_str(), value.as_str())), GAP)?)
}
