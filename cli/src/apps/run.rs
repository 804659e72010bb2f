//! `apps:run`.

mod detached;
mod streamed;

use std::time::Duration;

use anyhow::Result;
use api::{client::session, names::RunName};

use crate::{
    context::Context,
    exit::Exit,
    items::AppArg,
    session::{attend, of_user},
    ui::Ui,
};

/// Runs a command inside a container of its own with the application's image and config.
///
/// It reads what is typed or piped into this program, and has a terminal where this program has one. What it writes
/// appears as it comes; its exit code becomes the exit code of this program. It ends when this program does, unless it
/// is detached. Options of this program stand before the command.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli run -a blog bash\n  \
    mycli run -a blog -- rake db:migrate\n  \
    mycli run -a blog 'psql $DATABASE_URL' < changes.sql\n  \
    mycli run -a blog --detach --name import --time-limit 2h -- rake import")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Let it run on by itself; what it writes goes to the application's log
    #[arg(short, long)]
    detach: bool,
    /// What a detached run is called [default: five characters]
    #[arg(long, requires = "detach", value_name = "NAME")]
    name: Option<RunName>,
    /// When a detached run is ended: 90s, 10m, 2h [default: 24h]
    #[arg(long, requires = "detach", value_name = "TIME", value_parser = humantime::parse_duration)]
    time_limit: Option<Duration>,
    /// No terminal for the command, even where this program has one
    #[arg(long, conflicts_with = "detach")]
    no_tty: bool,
    /// The command and its arguments, joined with spaces and read by bash
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it and passes on what it reads and writes.
pub async fn run(args: &Args, context: &Context) -> Result<Exit> {
    let apps = context.app(&args.app)?;
    let command = args.command.join(" ");
    if args.detach {
        return detached::begin(args, &apps, command, context).await;
    }
    announce(&format!("Running '{command}'..."), &context.ui)?;
    match session::run(&apps.client, &apps.app).await? {
        Some(session) => attend(session, Some(command), of_user().filter(|_| !args.no_tty), &context.ui).await,
        None => streamed::run(&apps, &command, &context.ui).await,
    }
}

/// `run cat x > file` is to write the content of x alone into the file.
fn announce(text: &str, ui: &Ui) -> Result<()> {
    if ui.is_terminal() {
        ui.say(text)?;
    } else {
        ui.warn(text)?;
    }
    Ok(())
}
