//! `perms:list`.

use anyhow::Result;
use api::client::perms;

use crate::{
    context::Context,
    items::{AppArg, JsonArg, PageArg},
    ui::Ui,
};

/// Lists all users with permission to use an app, or lists all users with system administrator privileges.
///
/// The owner of an application is not among them; `mycli info` shows who that is.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// List the administrators of the platform
    #[arg(long, conflicts_with = "app")]
    admin: bool,
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    if args.admin {
        return admins(args, context).await;
    }
    let session = context.app(&args.app)?;
    let users = perms::list(&session.client, &session.app).await?.users;
    print(&format!("{}'s Users", session.app), &users, args, &context.ui)
}

async fn admins(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let page = perms::list_admins(&session.client, Some(session.settings.page(args.page.limit))).await?;
    let users: Vec<_> = page.results.into_iter().map(|user| user.username).collect();
    print(&format!("Administrators{}", Ui::suffix(users.len(), page.count)), &users, args, &context.ui)
}

fn print(title: &str, users: &[String], args: &Args, ui: &Ui) -> Result<()> {
    if args.json.json {
        return Ok(ui.json(&users)?);
    }
    ui.heading(title)?;
    Ok(users.iter().try_for_each(|user| ui.say(user))?)
}
