//! `perms:create`.

use anyhow::Result;
use api::client::perms;

use crate::{context::Context, items::AppArg};

/// Gives another user permission to use an app, or gives another user system administrator privileges.
///
/// A collaborator can do everything with an application but destroy it, transfer it or remove its domains.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli perms:create ana -a blog\n  \
    mycli perms:create ana --admin")]
pub struct Args {
    /// The user
    username: String,
    #[command(flatten)]
    app: AppArg,
    /// Administration of the platform
    #[arg(long, conflicts_with = "app")]
    admin: bool,
}

/// Grants it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let user = &args.username;
    if args.admin {
        let session = context.session()?;
        let progress = context.ui.begin(&format!("Adding {user} to system administrators... "))?;
        perms::grant_admin(&session.client, user).await?;
        return Ok(progress.done("done")?);
    }
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Adding {user} to {} collaborators... ", session.app))?;
    perms::grant(&session.client, &session.app, user).await?;
    Ok(progress.done("done")?)
}
