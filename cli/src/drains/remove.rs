//! `drains:remove`.

use anyhow::Result;
use api::{client::drains, names::DrainUrl};

use crate::{context::Context, items::AppArg, report::Failure};

/// Has the log of an application sent there no more.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli drains:remove syslog+tls://logs.example.com:6514 -a blog\n  \
                        mycli drains:remove 0193b1f8-6c5e-7cc0-b9a0-0242ac120002 -a blog")]
pub struct Args {
    /// Its id, as drains:list shows it, or its URL
    #[arg(value_name = "DRAIN")]
    drain: String,
    #[command(flatten)]
    app: AppArg,
}

/// Removes it. A URL is compared here: it may be secret, and the URL of a request is in logs.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let uuid = if let Ok(uuid) = args.drain.parse() {
        uuid
    } else {
        let wanted = DrainUrl::parse(&args.drain).map_err(|invalid| Failure::new(invalid.to_string()))?;
        let known = drains::list(&session.client, &session.app).await?;
        let found = known.iter().find(|drain| drain.url == wanted.as_str());
        found.map(|drain| drain.uuid).ok_or_else(|| {
            Failure::new(format!("{} has no drain with this URL", session.app))
                .hint("`mycli drains` lists them; one can be removed by its id, too.")
        })?
    };
    let progress = context.ui.begin(&format!("Removing drain {uuid} from {}... ", session.app))?;
    drains::remove(&session.client, &session.app, uuid).await?;
    Ok(progress.done("done")?)
}
