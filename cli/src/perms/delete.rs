//! `perms:delete`.

use anyhow::Result;
use api::client::perms;

use crate::{context::Context, items::AppArg};

/// Revokes another user's permission to use an app, or revokes another user's system administrator privileges.
///
/// Collaborators may also end their own collaboration.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli perms:delete ana -a blog\n  \
    mycli perms:delete ana --admin")]
pub struct Args {
    /// The user
    username: String,
    #[command(flatten)]
    app: AppArg,
    /// Administration of the platform
    #[arg(long, conflicts_with = "app")]
    admin: bool,
}

/// Revokes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let user = &args.username;
    if args.admin {
        let session = context.session()?;
        let progress = context.ui.begin(&format!("Removing {user} from system administrators... "))?;
        perms::revoke_admin(&session.client, user).await?;
        return Ok(progress.done("done")?);
    }
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Removing {user} from {} collaborators... ", session.app))?;
    perms::revoke(&session.client, &session.app, user).await?;
    Ok(progress.done("done")?)
}
