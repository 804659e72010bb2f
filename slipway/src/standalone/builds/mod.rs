//! Builds on this machine: the supervisor takes the controller's requests and starts a runner for each build.
//!
//! A build runs in a sandbox of its own (`runner`), by a process that needs no supervisor: whoever comes later reads in
//! its record how it is.

pub mod disk;
mod garbage;
mod groups;
mod record;
mod registry;
pub mod runner;
mod server;
mod settings;
pub mod stack;
mod sweep;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

pub use self::settings::Settings;

/// Serves the socket of builds until `shutdown`; builds that run go on. What a killed runner left is removed.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> Result<()> {
    let socket = settings.socket.clone();
    let server = server::Server::open(settings).with_context(|| format!("cannot serve {}", socket.display()))?;
    server.run(shutdown).await;
    Ok(())
}

/// Ends every build that runs, at once, and removes what belongs to builds but lies outside the data: for a purge.
pub fn end_all(settings: &Settings) -> Result<()> {
    sweep::end_all(settings)
}
