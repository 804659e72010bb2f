//! `auth:regenerate`.

use anyhow::Result;
use api::client;

use crate::context::Context;

/// Regenerates the auth token, defaults to the current user.
///
/// Tokens from earlier logins stop working. Administrators can do it for others.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli auth:regenerate\n  \
    mycli auth:regenerate --all   everybody has to log in again")]
pub struct Args {
    /// Whose token
    #[arg(short, long, value_name = "USERNAME", conflicts_with = "all")]
    username: Option<String>,
    /// Everybody's
    #[arg(long)]
    all: bool,
}

/// Regenerates it and keeps the new one when it is the user's own.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    if args.all {
        client::auth::regenerate_all(&session.client).await?;
    } else {
        let own = args.username.is_none();
        let token = client::auth::regenerate(&session.client, args.username).await?.token;
        if own {
            let mut settings = session.settings;
            settings.token = token;
            context.store()?.save(&settings)?;
        }
    }
    Ok(context.ui.say("Token Regenerated")?)
}
