//! `audit:list`.

use anyhow::Result;
use api::{client::audit, types::AuditEntry};

use crate::{
    context::Context,
    items::{JsonArg, PageArg},
    ui::Ui,
};

/// Lists who did what, newest first: to an application, or to the whole platform.
///
/// An application's log is for its owner, the platform's for administrators. Kept for a year.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli audit:list -a blog\n  \
    mycli audit:list --limit 1000 --json")]
pub struct Args {
    /// The application [default: the whole platform]
    #[arg(short, long, value_name = "APP")]
    app: Option<String>,
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let (title, page) = if args.app.is_some() {
        let session = context.app(&crate::items::AppArg { app: args.app.clone() })?;
        let limit = Some(session.settings.page(args.page.limit));
        (session.app.to_string(), audit::list_app(&session.client, &session.app, limit).await?)
    } else {
        let session = context.session()?;
        let limit = Some(session.settings.page(args.page.limit));
        ("Platform".to_owned(), audit::list(&session.client, limit).await?)
    };
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("{title} Audit{}", Ui::suffix(page.results.len(), page.count)))?;
    Ok(page.results.iter().try_for_each(|entry| ui.say(line(entry)))?)
}

/// `when`, `who`, `by what and where from`, `app`, `what`, `outcome`.
fn line(entry: &AuditEntry) -> String {
    let by = match (entry.via.as_str(), entry.token.as_str()) {
        ("", _) => "-".to_owned(),
        (via, "") => via.to_owned(),
        (via, token) => format!("{via} {token}"),
    };
    let from = if entry.address.is_empty() { by } else { format!("{by} from {}", entry.address) };
    // An app that is gone is still told from others.
    let gone = entry.app_uuid.map(|uuid| uuid.to_string());
    let app = entry.app.clone().or(gone).unwrap_or_else(|| "-".to_owned());
    let what = format!("{} {}", entry.action, entry.target);
    [&entry.created.to_string(), &entry.user, &from, &app, what.trim_end(), &entry.outcome].join("\t")
}
