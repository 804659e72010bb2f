//! `apps:run`.

use anyhow::{Context as _, Result};
use api::{
    client::runs::{self, RunStream, Running},
    types::{RunEvent, RunResult},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{context::Context, exit::Exit, items::AppArg, report::Failure, ui::Ui};

/// Runs a command inside a container of its own with the application's image and config.
///
/// What the command writes appears as it comes; its exit code becomes the exit code of this program. Options of this
/// program stand before the command.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli run -a blog env\n  \
    mycli run -a blog -- rake db:migrate\n  \
    mycli run -a blog 'pg_dump $DATABASE_URL' > dump.sql")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// The command and its arguments, joined with spaces and read by bash
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it and passes on what it writes.
pub async fn run(args: &Args, context: &Context) -> Result<Exit> {
    let session = context.app(&args.app)?;
    let command = args.command.join(" ");
    announce(&format!("Running '{command}'..."), &context.ui)?;
    match runs::start(&session.client, &session.app, &command).await? {
        Running::Streamed(stream) => follow(stream, &context.ui).await,
        Running::Whole(result) => print(&result, &context.ui),
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

async fn follow(mut stream: RunStream, ui: &Ui) -> Result<Exit> {
    loop {
        match stream.next().await? {
            RunEvent::Stdout { data } => ui.stdout(&decode(&data)?)?,
            RunEvent::Stderr { data } => ui.stderr(&decode(&data)?)?,
            RunEvent::Started { .. } | RunEvent::Heartbeat => {}
            RunEvent::Exited { code } => return Ok(exit(code)),
            RunEvent::Failed { detail } => return Err(Failure::new(detail).into()),
        }
    }
}

fn decode(data: &str) -> Result<Vec<u8>> {
    STANDARD.decode(data).context("the controller sent output that is not base64")
}

fn print(result: &RunResult, ui: &Ui) -> Result<Exit> {
    if result.exit_code == 0 {
        ui.stdout(result.output.as_bytes())?;
    } else {
        ui.stderr(result.output.as_bytes())?;
    }
    Ok(exit(result.exit_code))
}

/// A code that no process can end with still is not success.
fn exit(code: i64) -> Exit {
    match u8::try_from(code) {
        Ok(0) => Exit::Done,
        Ok(code) => Exit::Remote(code),
        Err(_) => Exit::Failed,
    }
}
