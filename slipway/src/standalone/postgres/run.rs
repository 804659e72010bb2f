//! Running the private server without a supervisor: for the time of one command.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Programs, ensure, is_serving, launch};
use crate::standalone::{accounts::Accounts, paths::Paths, process::Process};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_mins(1);
/// Time between two looks at it.
const PERIOD: Duration = Duration::from_millis(50);

/// Makes its data where they are missing, starts it and waits until it serves. The folders are there already.
pub async fn run(programs: &Programs, paths: &Paths, accounts: &Accounts) -> Result<Process> {
    ensure(programs, paths, accounts)?;
    let process = launch(programs, paths, accounts).start().context("cannot start the database")?;
    let serves = async {
        while !is_serving(&paths.postgres(), process.pid())? {
            tokio::time::sleep(PERIOD).await;
        }
        std::io::Result::Ok(())
    };
    tokio::select! {
        result = tokio::time::timeout(PATIENCE, serves) => result.context("the database does not start")??,
        _ = process.ended() => bail!("the database does not start; see {}", paths.journals().display()),
    }
    Ok(process)
}
