//! `auth:cancel`.

use anyhow::Result;
use api::{client, types::Credentials};

use super::{connect::connect, login, password};
use crate::{context::Context, report::Failure};

/// Cancels and removes a user account.
///
/// Without --username it is your own, and you have to log in once more. A user who still owns applications cannot be
/// removed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli auth:cancel\n  \
    mycli auth:cancel --username ana --yes   for administrators")]
pub struct Args {
    /// Whose account
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    /// Log in with this password first; other users of this machine can read it
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Skip the question
    #[arg(long)]
    yes: bool,
}

/// Removes the account once that was confirmed.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    if !args.yes && !context.ui.can_ask() {
        return Err(Failure::new("the account was not cancelled: there is nobody to confirm it")
            .hint("--yes cancels it without a question.")
            .into());
    }
    if args.username.is_none() || args.password.is_some() {
        context.ui.say("Please log in again in order to cancel this account")?;
        log_in_again(&args, &session.settings.controller, session.settings.ssl_verify, context).await?;
    }
    let session = context.session()?;
    let own = session.settings.username.clone();
    let username = args.username.clone().unwrap_or_else(|| own.clone());
    let question = format!("cancel account {username} at {}?", session.settings.controller);
    if !args.yes && !context.ui.confirm(&question)? {
        return Ok(context.ui.warn("Account not changed")?);
    }
    client::auth::cancel(&session.client, args.username).await?;
    if username == own {
        context.store()?.remove()?;
    }
    Ok(context.ui.say("Account cancelled")?)
}

async fn log_in_again(args: &Args, controller: &str, verify_tls: bool, context: &Context) -> Result<()> {
    let client = connect(controller, None, verify_tls, context).await?;
    let username = match &args.username {
        Some(username) => username.clone(),
        None => context.ui.ask("username: ")?,
    };
    let password = password::existing(args.password.clone(), false, "password: ", &context.ui)?;
    login::log_in(&client, Credentials { username, password }, verify_tls, context).await
}
