//! `apps:create`.

use anyhow::Result;
use api::{
    client::{self, apps},
    names::AppName,
    types::{ConfigPatch, CreateApp},
};

use crate::{
    builder::Builder,
    context::{Context, Session},
    items,
    report::Failure,
    repository,
};

/// Creates a new application.
///
/// Without a name one is made up. In a git repository a remote is added that the application can be pushed to.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli create                    make up a name, add a git remote\n  \
    mycli create blog --no-remote   the application is deployed with `mycli pull`")]
pub struct Args {
    /// Name of the application
    id: Option<String>,
    /// Do not add a git remote
    #[arg(long)]
    no_remote: bool,
    /// URL of the buildpack that builds it
    #[arg(short, long, value_name = "BUILDPACK")]
    buildpack: Option<String>,
    /// Name of the git remote [default: the name of this program]
    #[arg(short, long, value_name = "REMOTE")]
    remote: Option<String>,
}

/// Creates it, and tells how it can be reached from git.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let progress = context.ui.begin("Creating Application... ")?;
    let app = apps::create(&session.client, &CreateApp { id: args.id }).await?.id;
    progress.done(&format!("done, created {app}"))?;
    if let Some(url) = &args.buildpack {
        let values = items::set([("BUILDPACK_URL", url.as_str())]);
        client::config::patch(&session.client, &app, &ConfigPatch { values, ..ConfigPatch::default() }).await?;
    }
    if args.no_remote {
        let name = &context.name;
        context
            .ui
            .say(format!("If you want to add a git remote for this app later, use `{name} git:remote -a {app}`"))?;
        return Ok(());
    }
    let remote = args.remote.unwrap_or_else(|| context.name.remote());
    add_remote(&remote, &app, &session, context).await
}

async fn add_remote(remote: &str, app: &AppName, session: &Session, context: &Context) -> Result<()> {
    if repository::url_of(remote).is_ok_and(|url| url.is_some()) {
        let text = format!(
            "A git remote with the name {remote} already exists. To overwrite this remote run:\n{} git:remote --force \
             --remote {remote} --app {app}",
            context.name
        );
        return Err(Failure::new(text).hint(exists(app)).into());
    }
    let builder = Builder::find(&session.client, &session.settings.controller).await?;
    repository::add_remote(remote, &builder.remote(app.as_str())).map_err(|error| {
        match error.downcast::<Failure>() {
            Ok(failure) => failure.hint(exists(app)).into(),
            Err(error) => error,
        }
    })?;
    Ok(context.ui.say(format!("Git remote {remote} successfully created for app {app}."))?)
}

fn exists(app: &AppName) -> String {
    format!("The application {app} exists all the same; --no-remote creates one without a remote.")
}
