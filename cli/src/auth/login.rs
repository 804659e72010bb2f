//! `auth:login`.

use anyhow::Result;
use api::{
    client::{self, Client},
    types::Credentials,
};
use serde_json::Map;

use super::{
    connect::{connect, is_on},
    password,
};
use crate::{context::Context, settings::Settings};

/// Logs in by authenticating against a controller.
///
/// The token that comes of it is kept in the settings file, where the other commands find it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli login http://slipway.example.com\n  \
    mycli login http://slipway.example.com --username ana --password-stdin < password.txt\n  \
    mycli -c staging login http://slipway.staging.example.com   a profile of its own")]
pub struct Args {
    /// URL of the controller
    controller: String,
    /// The user's name
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    /// The password; other users of this machine can read it, so prefer --password-stdin
    #[arg(long, value_name = "PASSWORD", conflicts_with = "password_stdin")]
    password: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// `false` accepts every TLS certificate
    #[arg(long, value_name = "BOOL", default_value = "true")]
    ssl_verify: String,
}

/// Asks for what is missing and logs in.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let verify_tls = is_on(&args.ssl_verify);
    let client = connect(&args.controller, None, verify_tls, context).await?;
    let username = match args.username {
        Some(username) => username,
        None => context.ui.ask("username: ")?,
    };
    let password = password::existing(args.password, args.password_stdin, "password: ", &context.ui)?;
    log_in(&client, Credentials { username, password }, verify_tls, context).await
}

/// Exchanges the password for a token and keeps it.
pub async fn log_in(client: &Client, credentials: Credentials, verify_tls: bool, context: &Context) -> Result<()> {
    let token = client::auth::login(client, &credentials).await?.token;
    let store = context.store()?;
    // What the user or another version wrote there stays; a file that cannot be read any more does not.
    let before = store.find().ok().flatten();
    let (response_limit, other) =
        before.map_or_else(|| (0, Map::new()), |before| (before.response_limit, before.other));
    let settings = Settings {
        username: credentials.username,
        ssl_verify: verify_tls,
        controller: client.origin(),
        token,
        response_limit,
        other,
    };
    store.save(&settings)?;
    context.ui.say(format!("Logged in as {}", settings.username))?;
    Ok(context.ui.say(format!("Configuration file written to {}", store.path().display()))?)
}
