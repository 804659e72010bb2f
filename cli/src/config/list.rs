//! `config:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::config, names::AppName};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest key and the values.
const GAP: usize = 6;

/// Lists environment variables for an application.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli config -a blog\n  \
    mycli config -a blog --json")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Print all on one line, as arguments for other programs
    #[arg(long, conflicts_with = "diff")]
    oneline: bool,
    /// Print one a line, to be compared
    #[arg(long)]
    diff: bool,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let values = config::get(&session.client, &session.app).await?.values;
    let ui = &context.ui;
    let pairs = || values.iter().map(|(key, value)| format!("{key}={value}"));
    if args.json.json {
        Ok(ui.json(&values)?)
    } else if args.oneline {
        // Nothing set is no line, not an empty one.
        let line = Some(pairs().collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty());
        Ok(line.map_or(Ok(()), |line| ui.say(line))?)
    } else if args.diff {
        Ok(pairs().try_for_each(|pair| ui.say(pair))?)
    } else {
        print(ui, &session.app, &values)
    }
}

/// Prints the table that also closes every change.
pub fn print(ui: &Ui, app: &AppName, values: &BTreeMap<String, String>) -> Result<()> {
    ui.heading(format!("{app} Config"))?;
    Ok(ui.pairs(values.iter().map(|(key, value)| (key.as_str(), value.as_str())), GAP)?)
}
