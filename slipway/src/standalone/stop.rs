//! `slipway stop`: ends the platform in order. Apps keep running in the engine; nobody routes to them meanwhile.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{
    control::{Answer, Request, client},
    installation::Installation,
    lock::Lock,
    orphans,
    paths::Paths,
};

/// How long a supervisor that has answered may take to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time between two looks at it.
const PERIOD: Duration = Duration::from_millis(10);

/// Stops the supervisor and all parts, or what a killed supervisor left; says what it did.
pub async fn run(installation: &Installation, out: &mut impl Write) -> Result<()> {
    super::ensure_root("slipway stop")?;
    let stopped = everything(&installation.paths()?).await?;
    writeln!(
        out,
        "{}",
        if stopped {
            "Stopped. Apps keep running; `slipway standalone` takes them up again."
        } else {
            "Nothing is running."
        }
    )?;
    Ok(())
}

/// Stops whatever runs; false when nothing did.
pub async fn everything(paths: &Paths) -> Result<bool> {
    match client::ask(&paths.supervisor_socket(), &Request::Stop)? {
        Some(Answer::Failed { reason }) => bail!("the supervisor cannot stop: {reason}"),
        Some(_) => wait_for_its_end(paths).map(|()| true),
        // No installation has ever been here: do not begin one by locking it.
        None if !paths.run.exists() => Ok(false),
        None => Ok(!orphans::stop(&Lock::take(paths)?, paths).await?.is_empty()),
    }
}

/// It answers just before it ends; with its end it gives the lock free.
fn wait_for_its_end(paths: &Paths) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Lock::take(paths) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => std::thread::sleep(PERIOD),
        }
    }
}
