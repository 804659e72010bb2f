//! `git:remote`.

use anyhow::Result;

use crate::{builder::Builder, context::Context, items::AppArg, report::Failure, repository};

/// Adds a git remote of an application to this repository.
///
/// A remote of that name that leads elsewhere is left alone, unless it is to be replaced.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli git:remote -a blog                     add the remote mycli\n  \
    mycli git:remote -a blog -r staging --force  make the remote staging lead to blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Name of the git remote [default: the name of this program]
    #[arg(short, long, value_name = "REMOTE")]
    remote: Option<String>,
    /// Replace a remote that leads elsewhere
    #[arg(short, long)]
    force: bool,
}

/// Adds or replaces it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let (app, name) = (&session.app, args.remote.clone().unwrap_or_else(|| context.name.remote()));
    let builder = Builder::find(&session.client, &session.settings.controller).await?;
    let url = builder.remote(app.as_str());
    match repository::url_of(&name)? {
        Some(there) if there == url => {
            return Ok(context
                .ui
                .say(format!("Remote {name} already exists and is correctly configured for app {app}."))?);
        }
        Some(there) if !args.force => {
            let text = format!(
                "Remote {name} already exists, please run '{} git:remote -f' to overwrite\nExisting remote URL: {there}\n\
                 When forced, will overwrite with: {url}",
                context.name
            );
            return Err(Failure::new(text).into());
        }
        Some(_) => {
            context.ui.say(format!("Deleting git remote {name}."))?;
            repository::remove_remote(&name)?;
        }
        None => {}
    }
    repository::add_remote(&name, &url)?;
    Ok(context.ui.say(format!("Git remote {name} successfully created for app {app}."))?)
}
