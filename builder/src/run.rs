//! From a configuration to a builder that serves, and that stops without failing a push that is under way.

use std::{net::TcpListener, sync::Arc};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    client::Controller, config::Config, git::Repositories, host_keys, housekeeping, session::Sessions, ssh::Server,
};

/// Serves SSH on `listeners` until `shutdown`; then takes no new connection and finishes what was begun.
pub async fn run(config: Config, listeners: Vec<TcpListener>, shutdown: CancellationToken) -> Result<()> {
    host_keys::ensure(&config.host_keys)?;
    let keys = host_keys::load(&config.host_keys, config.ecdsa)?;
    let controller = Controller::new(&config.internal_socket, &config.credential_file)?;
    let repositories = Repositories::open(&config)?;
    let busy = TaskTracker::new();
    let sessions = Sessions::new(&config, controller.clone(), repositories.clone(), busy.clone());
    let server = Arc::new(Server::new(&config, keys, sessions, busy.clone()));

    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(server.clone().accept(listener, shutdown.clone()));
    }
    tokio::spawn(shutdown.clone().run_until_cancelled_owned(housekeeping::run(controller, repositories)));
    tracing::info!("the builder serves");
    while let Some(ended) = accepting.join_next().await {
        ended.context("a task that accepts connections ended")??;
    }
    busy.close();
    tracing::info!(sessions = busy.len(), "no new connections; finishing what is under way");
    if tokio::time::timeout(config.timeouts.drain, busy.wait()).await.is_err() {
        tracing::warn!(sessions = busy.len(), "stopped while clients are served");
    }
    Ok(())
}
