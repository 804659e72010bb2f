//! `apps:logs`.

use anyhow::Result;
use api::client::logs;

use crate::{context::Context, items::AppArg, report::Failure, ui::Ui};

/// The colour of what the controller says itself.
const CONTROLLER: u8 = 35;

/// Retrieves the most recent log events of an application.
///
/// Lines of the controller tell of releases and of processes that start and stop; the others are what the
/// application's processes wrote.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli logs -a blog\n  \
    mycli logs -a blog -n 1000 | grep ERROR")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// How many lines [default: 100]
    #[arg(short = 'n', long, value_name = "LINES")]
    lines: Option<u32>,
}

/// Prints them, oldest first, each source in a colour of its own.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let text = logs::get(&session.client, &session.app, args.lines.filter(|lines| *lines > 0)).await?;
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(none(context, session.app.as_str()).into());
    }
    Ok(lines.iter().try_for_each(|line| print(&context.ui, line))?)
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
