//! `auth:logout`.

use anyhow::Result;

use crate::context::Context;

/// Logs out from a controller and clears the user session.
#[derive(clap::Args)]
pub struct Args {}

/// Removes the settings file.
pub fn run(context: &Context) -> Result<()> {
    context.store()?.remove()?;
    Ok(context.ui.say("Logged out")?)
}
