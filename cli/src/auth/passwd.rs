//! `auth:passwd`.

use anyhow::Result;
use api::{client, types::ChangePassword};

use super::password;
use crate::context::Context;

/// Changes the password for the current user.
///
/// Administrators can change the password of others.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli passwd\n  \
    mycli passwd --username ana   for administrators\n  \
    mycli passwd --password-stdin < two-lines.txt")]
pub struct Args {
    /// The current password; other users of this machine can read it, so prefer --password-stdin
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// The new password; the same applies
    #[arg(long, value_name = "PASSWORD")]
    new_password: Option<String>,
    /// Read the current password (not with --username) and the new one from two lines of standard input
    #[arg(long, conflicts_with_all = ["password", "new_password"])]
    password_stdin: bool,
    /// Whose password, for administrators
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
}

/// Asks for what is missing and changes it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let ui = &context.ui;
    let password = match (args.password, &args.username) {
        (None, Some(_)) => None,
        (given, _) => Some(password::existing(given, args.password_stdin, "current password: ", ui)?),
    };
    let new_password = password::new(args.new_password, args.password_stdin, "new password", "not changing", ui)?;
    let change = ChangePassword { new_password: Some(new_password), password, username: args.username };
    if let Err(error) = client::auth::change_password(&session.client, &change).await {
        ui.lead("Password change failed: ")?;
        return Err(error.into());
    }
    Ok(ui.say("Password change succeeded.")?)
}
