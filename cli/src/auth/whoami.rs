//! `auth:whoami`.

use anyhow::Result;
use api::client;

use crate::{context::Context, items::JsonArg, settings::By};

/// Displays the currently logged in user.
#[derive(clap::Args)]
pub struct Args {
    /// Ask the controller and show all it knows
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    json: JsonArg,
}

/// From the settings file, or from the controller.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let ui = &context.ui;
    if !args.all && !args.json.json {
        let settings = session.settings;
        return Ok(ui.say(format!(
            "You are {} at {}{}",
            settings.username,
            settings.controller,
            remembered(context)?
        ))?);
    }
    let user = client::auth::whoami(&session.client).await?;
    if args.json.json {
        return Ok(ui.json(&user)?);
    }
    let last_login = user.last_login.map(|at| at.to_string()).unwrap_or_default();
    // Controllers do not tell the id; Deis's client printed the zero it had instead, and tests look for it.
    Ok(ui.say(format!(
        "ID: 0\nUsername: {}\nEmail: {}\nFirst Name: {}\nLast Name: {}\nLast Login: {last_login}\nIs Superuser: {}\n\
         Is Staff: {}\nIs Active: {}\nDate Joined: {}",
        user.username,
        user.email,
        user.first_name,
        user.last_name,
        user.is_superuser,
        user.is_staff,
        user.is_active,
        user.date_joined,
    ))?)
}

/// The profile, where nothing on the command line or in the environment tells that it is this one.
fn remembered(context: &Context) -> Result<String> {
    let choice = context.choice()?;
    Ok(if choice.by == By::Memory { format!(" (profile {})", choice.profile) } else { String::new() })
}
