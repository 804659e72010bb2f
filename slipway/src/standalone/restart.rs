//! `slipway restart [<part>]`: a new process takes over from the present one, on the same sockets.

use std::{io::Write, os::unix::process::CommandExt, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use super::{
    control::{Answer, Request, client},
    installation::Installation,
    part::Part,
    paths::Paths,
    status,
};

/// How long a new supervisor and what it replaces may take to serve.
const PATIENCE: Duration = Duration::from_mins(2);

/// Asks the supervisor and says what came of it.
pub fn run(installation: &Installation, part: Option<Part>, out: &mut impl Write) -> Result<()> {
    let paths = installation.paths()?;
    let name = part.map_or("supervisor", Part::name);
    match client::ask(&paths.supervisor_socket(), &Request::Restart { part })? {
        Some(Answer::Failed { reason }) => bail!("the {name} was not restarted: {reason}"),
        Some(_) if part.is_none() => await_readiness(&paths)?,
        Some(_) => {}
        None => bail!("no supervisor is running; start it with `slipway standalone`"),
    }
    Ok(writeln!(out, "Restarted the {name}.")?)
}

fn await_readiness(paths: &Paths) -> Result<()> {
    match status::wait(paths, PATIENCE)? {
        Some(status) if status.ready => Ok(()),
        _ => bail!("the new supervisor does not bring everything up; see `slipway status`"),
    }
}

/// Becomes the program that lies on disk now, with the arguments that this one was given. Returns only when it cannot.
pub fn become_new(program: &Path) -> Result<()> {
    let error = Command::new(program).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}
