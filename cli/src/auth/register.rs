//! `auth:register`.

use std::{env, fs, path::PathBuf};

use anyhow::{Context as _, Result};
use api::{
    client::{self, Error, Refusal, StatusCode},
    types::{Credentials, Register},
};

use super::{
    connect::{connect, is_on},
    login, password,
};
use crate::{
    context::{Context, controller_url},
    report::Failure,
};

/// Registers a new user with a controller.
///
/// The first user becomes the platform's administrator: on the platform's own machine as it is, from elsewhere with
/// the one-time token that the installation printed. Later ones are registered by an administrator who is logged in.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli register http://slipway.localhost\n  \
    mycli register http://slipway.example.com --bootstrap-token-file bootstrap.token\n  \
    mycli register http://slipway.example.com --username ana --email ana@example.com --login=false")]
pub struct Args {
    /// URL of the controller
    controller: String,
    /// The new user's name
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    /// The password; other users of this machine can read it, so prefer --password-stdin
    #[arg(long, value_name = "PASSWORD", conflicts_with = "password_stdin")]
    password: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, requires = "username", requires = "email")]
    password_stdin: bool,
    /// The new user's address
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// `false` does not log in as the new user
    #[arg(long, value_name = "BOOL", default_value = "true")]
    login: String,
    /// `false` accepts every TLS certificate
    #[arg(long, value_name = "BOOL", default_value = "true")]
    ssl_verify: String,
    /// File with the installation's one-time token; the environment variable `<NAME>_BOOTSTRAP_TOKEN` does the same
    #[arg(long, value_name = "FILE")]
    bootstrap_token_file: Option<PathBuf>,
}

/// Asks for what is missing, registers and logs in.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let verify_tls = is_on(&args.ssl_verify);
    let token = token(&args, context)?;
    let client = connect(&args.controller, token.as_deref(), verify_tls, context).await?;
    let user = who(&args, context)?;
    if let Err(error) = client::auth::register(&client, &user).await {
        context.ui.lead("Registration failed: ")?;
        return Err(refused(error));
    }
    context.ui.say(format!("Registered {}", user.username))?;
    if !is_on(&args.login) {
        return Ok(());
    }
    let credentials = Credentials { username: user.username, password: user.password };
    login::log_in(&client, credentials, verify_tls, context).await
}

fn who(args: &Args, context: &Context) -> Result<Register> {
    let ask = |given: &Option<String>, question| match given {
        Some(answer) => Ok(answer.clone()),
        None => context.ui.ask(question),
    };
    let username = ask(&args.username, "username: ")?;
    let given = args.password.clone();
    let password = password::new(given, args.password_stdin, "password", "aborting registration", &context.ui)?;
    let email = ask(&args.email, "email: ")?;
    Ok(Register { username, password, email, ..Register::default() })
}

/// The installation's one-time token, else that of an administrator who is logged in to the same controller.
fn token(args: &Args, context: &Context) -> Result<Option<String>> {
    if let Some(path) = &args.bootstrap_token_file {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(Some(text.trim().to_owned()));
    }
    if let Ok(token) = env::var(context.name.variable("BOOTSTRAP_TOKEN")) {
        return Ok(Some(token.trim().to_owned()));
    }
    let wanted = controller_url(&args.controller)?;
    let settings = context.store()?.find().ok().flatten();
    let same = |controller: &str| controller_url(controller).is_ok_and(|url| url.origin() == wanted.origin());
    Ok(settings.filter(|settings| same(&settings.controller)).map(|settings| settings.token))
}

fn refused(error: Error) -> anyhow::Error {
    if error.refusal().is_none_or(|refusal| refusal.status != StatusCode::FORBIDDEN) {
        return error.into();
    }
    let text = match error.refusal().and_then(Refusal::body) {
        Some(api::error::ErrorBody::Detail { detail }) => detail,
        _ => "You do not have permission to perform this action.".to_owned(),
    };
    Failure::new(text)
        .hint(
            "The first user registers on the platform's own machine, or with --bootstrap-token-file.\n\
             Later ones are registered by an administrator who is logged in here.",
        )
        .into()
}
