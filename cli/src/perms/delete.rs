//! `perms:delete`.

use anyhow::Result;
use api::client::perms;

use super::Whom;
use crate::context::Context;

/// Revokes another user's permission to use an app, or revokes another user's system administrator privileges.
///
/// Collaborators may also end their own collaboration.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli perms:delete ana -a blog\n  \
    mycli perms:delete ana --admin")]
pub struct Args {
    #[command(flatten)]
    whom: Whom,
}

/// Revokes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let Whom { username: user, app, admin } = &args.whom;
    if *admin {
        let session = context.session()?;
        let progress = context.ui.begin(&format!("Removing {user} from system administrators... "))?;
        perms::revoke_admin(&session.client, user).await?;
        return Ok(progress.done("done")?);
    }
    let session = context.app(app)?;
    let progress = context.ui.begin(&format!("Removing {user} from {} collaborators... ", session.app))?;
    perms::revoke(&session.client, &session.app, user).await?;
    Ok(progress.done("done")?)
}
