//! The private PostgreSQL of one machine: found, created and described for the keeper that runs it.
//!
//! It listens on a unix socket alone, in a folder that only the controller's user can enter, and lets in by the user of
//! the operating system: there is no password to lose.

mod create;
mod find;
mod run;
mod settings;

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::Result;

pub use create::ensure;
pub use find::Programs;
pub use run::run;

use super::{
    accounts::Accounts,
    files,
    journal::Journal,
    paths::Paths,
    process::{Launch, Mark},
};

/// The role that owns the database; the controller's user becomes it.
const ROLE: &str = "slipway";
/// The database.
const DATABASE: &str = "slipway";
/// The line of `postmaster.pid` that tells the state, and what it says once connections are served.
const STATUS_LINE: usize = 7;
const SERVING: &str = "ready";

/// How the controller reaches it.
pub fn url(paths: &Paths) -> String {
    format!("postgres:///{DATABASE}?host={}&user={ROLE}", paths.postgres_socket().display())
}

/// How to start it. The postmaster runs in the foreground, as a child like the others.
pub fn launch(programs: &Programs, paths: &Paths, accounts: &Accounts) -> Launch {
    Launch {
        program: programs.postgres(),
        args: settings::arguments(&paths.postgres(), &paths.postgres_socket()),
        env: vec![("LC_ALL".to_owned(), "C.UTF-8".into())],
        account: accounts.postgres.clone(),
        groups: Vec::new(),
        sockets: Vec::new(),
        journal: Journal::new(paths.journals().join("postgres.log")),
        mark: Mark::new(paths.mark("postgres")),
    }
}

/// Whether the running postmaster of this pid serves connections.
pub fn is_serving(data: &Path, pid: u32) -> io::Result<bool> {
    let Some(text) = files::read(&data.join("postmaster.pid"))? else { return Ok(false) };
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    Ok(lines.first() == Some(&pid.to_string().as_str()) && lines.get(STATUS_LINE) == Some(&SERVING))
}

/// The URL of a database that the operator has named, or the programs to run a private one.
pub enum Database {
    /// Another server's.
    Named(String),
    /// Ours.
    Private(Programs),
}

impl Database {
    /// The named one, or a private one with the programs of this machine.
    pub fn choose(url: Option<&str>, programs: Option<&PathBuf>) -> Result<Self> {
        match url {
            Some(url) => Ok(Self::Named(url.to_owned())),
            None => Ok(Self::Private(Programs::find(programs)?)),
        }
    }
}
