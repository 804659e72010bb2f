//! `slipway restart <part>`: a new process takes over from the present one, on the same sockets.

use std::io::Write;

use anyhow::{Result, bail};

use super::{
    control::{Answer, Request, client},
    installation::Installation,
    part::Part,
};

/// Asks the supervisor and says what came of it.
pub fn run(installation: &Installation, part: Part, out: &mut impl Write) -> Result<()> {
    match client::ask(&installation.paths()?.supervisor_socket(), Request::Restart { part })? {
        Some(Answer::Failed { reason }) => bail!("the {part} was not restarted: {reason}"),
        Some(_) => Ok(writeln!(out, "Restarted the {part}.")?),
        None => bail!("no supervisor is running; start it with `slipway standalone`"),
    }
}
