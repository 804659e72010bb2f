//! `tokens`: what programs call the platform with, each good for a part of what its user may do.

mod create;
mod lifetime;
mod list;
mod revoke;

use anyhow::Result;
use api::types::ApiToken;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `tokens`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "tokens:list", alias = "tokens")]
    List(list::Args),
    #[command(name = "tokens:create")]
    Create(create::Args),
    #[command(name = "tokens:revoke")]
    Revoke(revoke::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Create(args) => create::run(args, context).await,
            Self::Revoke(args) => revoke::run(&args, context).await,
        }
    }
}

/// What a token is good for, and until when.
fn about(token: &ApiToken) -> [(&'static str, String); 3] {
    let apps = match token.apps.as_deref() {
        None => "all".to_owned(),
        Some([]) => "none, they are gone".to_owned(),
        Some(apps) => apps.join(", "),
    };
    let expires = match token.expires {
        None => "never".to_owned(),
        Some(at) if token.expired => format!("{at} (expired)"),
        Some(at) => at.to_string(),
    };
    [("Scopes:", token.scopes.join(", ")), ("Apps:", apps), ("Expires:", expires)]
}
