//! `ps:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::pods, names::AppName, types::Pod};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Lists processes servicing an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by type and name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let pods = pods::list(&session.client, &session.app, Some(session.settings.page(None))).await?.results;
    if args.json.json {
        return Ok(context.ui.json(&pods)?);
    }
    print(&context.ui, &session.app, &pods)
}

/// Prints the table that also closes every scaling and restart.
pub fn print(ui: &Ui, app: &AppName, pods: &[Pod]) -> Result<()> {
    ui.heading(format!("{app} Processes"))?;
    let mut types: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for pod in pods {
        types.entry(&pod.process_type).or_default().push(pod);
    }
    for (process_type, mut pods) in types {
        pods.sort_by(|a, b| a.name.cmp(&b.name));
        ui.say(format!("--- {process_type}:"))?;
        pods.iter().try_for_each(|pod| ui.say(format!("{} {} ({})", pod.name, pod.state, pod.release)))?;
    }
    Ok(())
}
