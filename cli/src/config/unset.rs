//! `config:unset`.

use anyhow::Result;
use api::{client, types::ConfigPatch};

use super::list;
use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Unsets an environment variable for an application.
///
/// Several can be named. The change makes a new release.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli config:unset DEBUG MODE -a blog")]
pub struct Args {
    /// The variables
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Removes them and shows what is left.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let progress = context.ui.begin("Removing config... ")?;
    let patch = ConfigPatch { values: items::unset(&args.keys), ..ConfigPatch::default() };
    let config = client::config::patch(&session.client, &session.app, &patch).await?;
    progress.done("done")?;
    context.ui.say("")?;
    list::print(&context.ui, &session.app, &config.values)
}
