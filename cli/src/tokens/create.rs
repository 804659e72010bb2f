//! `tokens:create`.

use anyhow::Result;
use api::{
    client::tokens,
    names::{AppName, Scope},
    types::CreateApiToken,
};

use super::{about, lifetime};
use crate::{context::Context, items::JsonArg};

/// Makes a token for a program and prints it, this one time.
///
/// What it may be used for is the sum of its scopes:
///   identity         who you are
///   read             apps, without their config; the default
///   read-protected   apps, config included
///   write            read, and change what makes no release: scale, domains, settings
///   write-protected  everything with apps: deploy, configure, run; config included
///   global           everything that you may do, passwords, keys and tokens included
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  \
    mycli tokens:create ci --scope write-protected --app blog --expires 90d\n  \
    mycli tokens:create monitoring --scope read --json"
)]
pub struct Args {
    /// What to call it
    name: String,
    /// What it may be used for; may be given several times [default: read]
    #[arg(short, long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// An app that it is good for; may be given several times [default: all]
    #[arg(short, long = "app", value_name = "APP")]
    apps: Vec<AppName>,
    /// How long it is good: minutes, hours, days or weeks (`30m`, `12h`, `90d`, `52w`) [default: for ever]
    #[arg(short, long, value_name = "TIME", value_parser = lifetime::parse)]
    expires: Option<i64>,
    #[command(flatten)]
    json: JsonArg,
}

/// Makes it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let scopes = if args.scopes.is_empty() { vec![Scope::Read.to_string()] } else { args.scopes };
    let apps = (!args.apps.is_empty()).then(|| args.apps.into_iter().map(String::from).collect());
    let wanted = CreateApiToken { name: args.name, scopes, apps, expires_in: args.expires };
    let made = tokens::create(&session.client, &wanted).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&made)?);
    }
    ui.heading(format!("{} Token", made.about.name))?;
    let rows = [("Token:", made.token)].into_iter().chain(about(&made.about));
    rows.into_iter().try_for_each(|(label, value)| ui.say(format!("{label:<9} {value}")))?;
    ui.warn("The token is shown this one time only. Keep it where the program finds it, and nobody else.")?;
    Ok(())
}
