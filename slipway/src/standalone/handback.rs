//! The listening sockets of parts that a killed supervisor left running, taken back from them.
//!
//! The router hands its own over when asked. Those of controller and builder are copied out of them by way of their
//! pidfds, at the places where they inherited them.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, Result};
use rustix::process::{ForeignRawFd, Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::{
    part::Part,
    paths::Paths,
    process::{Mark, launch::FIRST_FD},
    sockets::HTTP,
};

/// All that can be had; what is missing is opened anew.
pub fn take(paths: &Paths) -> Result<Vec<(String, OwnedFd)>> {
    let mut sockets = Vec::new();
    if Mark::new(paths.mark(Part::Router.name())).holder()?.is_some() {
        sockets.extend(from_router(&paths.router_control())?);
    }
    for part in [Part::Controller, Part::Builder] {
        let Some(process) = Mark::new(paths.mark(part.name())).holder()? else { continue };
        match from_process(process) {
            Ok(copied) => sockets.extend(copied),
            // New ones take their names; a part on the old ones is replaced like any that is out of date.
            Err(error) => tracing::warn!(%part, %error, "cannot take its sockets over"),
        }
    }
    Ok(sockets)
}

fn from_router(control: &Path) -> Result<Vec<(String, OwnedFd)>> {
    let sockets = router::control::Client::new(control).sockets();
    let sockets =
        sockets.context("the running router does not hand its sockets over; end it, if it hangs, and try again")?;
    Ok(sockets.into_iter().map(|(_, socket)| (HTTP.to_owned(), OwnedFd::from(socket))).collect())
}

fn from_process(pid: Pid) -> Result<Vec<(String, OwnedFd)>> {
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let environment = std::fs::read_to_string(format!("/proc/{pid}/environ")).context("cannot read its environment")?;
    let names = environment.split('\0').find_map(|pair| pair.strip_prefix("LISTEN_FDNAMES=")).unwrap_or_default();
    let places = names.split(':').filter(|name| !name.is_empty()).zip(FIRST_FD..);
    places.map(|(name, place)| Ok((name.to_owned(), copy(pidfd.as_fd(), place)?))).collect()
}

fn copy(pidfd: BorrowedFd<'_>, place: ForeignRawFd) -> Result<OwnedFd> {
    pidfd_getfd(pidfd, place, PidfdGetfdFlags::empty()).with_context(|| format!("cannot copy its descriptor {place}"))
}
