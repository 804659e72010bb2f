//! `apps:logs`.

mod follow;

use anyhow::Result;
use api::{
    client::logs::{self, Batches, Wanted},
    names::ProcessType,
    types::LogLine,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    context::{AppSession, Context},
    items::{AppArg, JsonArg},
    report::Failure,
    ui::Ui,
};

/// The colour of what the controller says itself.
const CONTROLLER: u8 = 35;

/// Retrieves the most recent log events of an application, or all that are to come.
///
/// Lines of the controller tell of releases and of processes that start and stop; the others are what the
/// application's processes wrote.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli logs -a blog\n  \
    mycli logs -a blog --follow\n  \
    mycli logs -a blog --type worker --since 2h -n 1000 | grep ERROR\n  \
    mycli logs -a blog -f --json | jq -r 'select(.release == 7) | .text'")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// How many lines [default: 100]
    #[arg(short = 'n', long, value_name = "LINES")]
    lines: Option<u32>,
    /// Go on until Ctrl-C: through deploys, with instances that come and go
    #[arg(short, long)]
    follow: bool,
    /// Of this process type only
    #[arg(long = "type", value_name = "TYPE", value_parser = ProcessType::parse)]
    process_type: Option<ProcessType>,
    /// Of this instance only, as `mycli ps` names it; the end of its name is enough
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// Not before: 30s, 10m, 2h, 1d ago, or a time like 2024-05-01T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    #[command(flatten)]
    json: JsonArg,
}

impl Args {
    /// True for what Deis had.
    fn is_plain(&self) -> bool {
        !self.follow
            && !self.json.json
            && self.process_type.is_none()
            && self.instance.is_none()
            && self.since.is_none()
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            lines: self.lines.filter(|lines| *lines > 0),
            process_type: self.process_type.clone(),
            instance: self.instance.clone(),
            since: self.since,
            follow: self.follow,
            after: None,
        }
    }
}

/// Prints them, oldest first, each source in a colour of its own.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    if args.follow {
        return follow::run(args, &session, &context.ui).await;
    }
    if !args.is_plain() {
        return choose(args, &session, context).await;
    }
    let text = logs::get(&session.client, &session.app, args.wanted().lines).await?;
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(none(context, session.app.as_str()).into());
    }
    Ok(lines.iter().try_for_each(|line| print(&context.ui, line))?)
}

async fn choose(args: &Args, session: &AppSession, context: &Context) -> Result<()> {
    let mut batches = open(session, &args.wanted()).await?;
    while let Some(batch) = batches.next().await? {
        tell(args, &context.ui, &batch.lines)?;
    }
    Ok(())
}

async fn open(session: &AppSession, wanted: &Wanted) -> Result<Batches> {
    let unable = || {
        Failure::new(
            "This controller shows the last lines of all processes and nothing else: only -n can be used with it.",
        )
    };
    Ok(logs::open(&session.client, &session.app, wanted).await?.ok_or_else(unable)?)
}

fn tell(args: &Args, ui: &Ui, lines: &[LogLine]) -> Result<()> {
    for line in lines {
        if args.json.json {
            ui.json_line(line)?;
        } else {
            print(ui, &line.to_string())?;
        }
    }
    Ok(())
}

/// A point in time: so long ago, or as it is.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let ago = humantime::parse_duration(text).ok().and_then(|ago| TimeDelta::from_std(ago).ok());
    let at = ago.and_then(|ago| Utc::now().checked_sub_signed(ago));
    at.ok_or_else(|| "it is neither like 10m nor like 2024-05-01T10:00:00Z".to_owned())
}

fn print(ui: &Ui, line: &str) -> std::io::Result<()> {
    ui.coloured(colour(line), line)
}

/// Each source, the word behind the timestamp, has a colour of its own, and keeps it from call to call.
fn colour(line: &str) -> u8 {
    let source = line.split_whitespace().nth(1).unwrap_or_default();
    if source.starts_with("deis[controller]") || line.starts_with("INFO") {
        return CONTROLLER;
    }
    // Deis's choice: the sum of the bytes picks one of six, of which the controller's is replaced by the terminal's own.
    match source.bytes().fold(0_u8, u8::wrapping_add) % 6 + 1 {
        5 => 39,
        colour => 30 + colour,
    }
}

fn none(context: &Context, app: &str) -> Failure {
    let name = &context.name;
    Failure::new(format!(
        "There are currently no log messages. Please check the following things:\n\
         1) Has the application been deployed? `{name} releases -a {app}` lists what was.\n\
         2) Do its processes run? `{name} ps -a {app}` lists them.\n\
         3) Do they write to standard output or standard error? Nothing else is recorded."
    ))
}

#[cfg(test)]
mod tests {
    use super::colour;

    #[test]
    fn sources_differ_and_stay() {
        let controller = "2024-05-01T10:00:00Z deis[controller]: INFO ana created initial release";
        let web = "2024-05-01T10:00:00Z blog[web.1]: listening";
        assert_eq!(colour(controller), 35);
        assert_eq!(colour(web), colour(web));
        assert_ne!(colour(web), 35);
        assert_eq!(colour("INFO ana created initial release"), 35);
    }
}
