//! `auth`: accounts, logging in and out.

mod cancel;
mod connect;
mod login;
mod logout;
mod passwd;
mod password;
mod regenerate;
mod register;
mod whoami;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `auth`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "auth:register", visible_alias = "register")]
    Register(register::Args),
    #[command(name = "auth:login", visible_alias = "login")]
    Login(login::Args),
    #[command(name = "auth:logout", visible_alias = "logout")]
    Logout(logout::Args),
    #[command(name = "auth:passwd", visible_alias = "passwd")]
    Passwd(passwd::Args),
    #[command(name = "auth:whoami", visible_alias = "whoami")]
    Whoami(whoami::Args),
    #[command(name = "auth:cancel")]
    Cancel(cancel::Args),
    #[command(name = "auth:regenerate")]
    Regenerate(regenerate::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Register(args) => register::run(args, context).await,
            Self::Login(args) => login::run(args, context).await,
            Self::Logout(_) => logout::run(context),
            Self::Passwd(args) => passwd::run(args, context).await,
            Self::Whoami(args) => whoami::run(&args, context).await,
            Self::Cancel(args) => cancel::run(args, context).await,
            Self::Regenerate(args) => regenerate::run(args, context).await,
        }
    }
}
