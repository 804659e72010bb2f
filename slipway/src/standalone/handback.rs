//! The listening sockets of parts that a killed supervisor left running, taken back from them.
//!
//! The router hands its own over when asked. Those of controller and builder are copied out of them by way of their
//! pidfds, at the places where they inherited them.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, Result};
use rustix::process::{ForeignRawFd, Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::{
    part::Part,
    paths::Paths,
    process::{Mark, launch::FIRST_FD},
};

/// All that can be had; what is missing is opened anew.
pub fn take(paths: &Paths) -> Result<Vec<(String, OwnedFd)>> {
    let mut sockets = Vec::new();
    for part in [Part::Router, Part::Controller, Part::Builder] {
        for process in holders(paths, part)? {
            match from(part, process, paths) {
                Ok(taken) => {
                    sockets.extend(taken);
                    break;
                }
                // New ones take their names; a part on the old ones is replaced like any that is out of date.
                Err(error) => tracing::warn!(%part, error = format!("{error:#}"), "cannot take its sockets over"),
            }
        }
    }
    Ok(sockets)
}

/// Every process of the part, the one that serves first. Where a successor ended as soon as it was started, and the
/// supervisor with it, only one that was to make room for it is left.
fn holders(paths: &Paths, part: Part) -> Result<Vec<Pid>> {
    let mark = Mark::new(paths.mark(part.name()));
    let all = [mark.clone()].into_iter().chain(mark.leaving());
    Ok(all.map(|mark| mark.holder()).collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// A router that does not answer has the sockets all the same.
fn from(part: Part, process: Pid, paths: &Paths) -> Result<Vec<(String, OwnedFd)>> {
    if part == Part::Router {
        match from_router(&paths.router_control()) {
            Ok(sockets) => return Ok(sockets),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "copying its sockets"),
        }
    }
    from_process(process)
}

fn from_router(control: &Path) -> Result<Vec<(String, OwnedFd)>> {
    let sockets = router::control::Client::new(control).sockets();
    let sockets = sockets.context("the running router does not hand its sockets over")?;
    Ok(sockets.into_iter().map(|(name, socket)| (name, OwnedFd::from(socket))).collect())
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
