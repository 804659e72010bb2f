//! `perms:create`.

use anyhow::Result;
use api::client::perms;

use super::Whom;
use crate::context::Context;

/// Gives another user permission to use an app, or gives another user system administrator privileges.
///
/// A collaborator can do everything with an application but destroy it, transfer it or remove its domains.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli perms:create ana -a blog\n  \
    mycli perms:create ana --admin")]
pub struct Args {
    #[command(flatten)]
    whom: Whom,
}

/// Grants it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let Whom { username: user, app, admin } = &args.whom;
    if *admin {
        let session = context.session()?;
        let progress = context.ui.begin(&format!("Adding {user} to system administrators... "))?;
        perms::grant_admin(&session.client, user).await?;
        return Ok(progress.done("done")?);
    }
    let session = context.app(app)?;
    let progress = context.ui.begin(&format!("Adding {user} to {} collaborators... ", session.app))?;
    perms::grant(&session.client, &session.app, user).await?;
    Ok(progress.done("done")?)
}
