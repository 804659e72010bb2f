//! Keeps the table on disk and tells the controller where the router stands.
//!
//! A version is acknowledged only when it is on disk: the controller gives the address of an instance to another one
//! once its removal has been acknowledged, and a router that then starts from an older table would send one app's
//! requests to another.

use std::sync::Arc;

use api::routes::RouteAck;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Internal, Replica, TableFile, stream::Standing};
use crate::shared::Shared;

/// Saves and acknowledges.
pub(crate) struct Reporter {
    pub shared: Arc<Shared>,
    pub internal: Internal,
    pub file: Option<TableFile>,
    pub router: Uuid,
    pub standing: watch::Receiver<Standing>,
}

impl Reporter {
    /// Reports each change, each heartbeat, and each time something has come to its end at an instance that left;
    /// after `stop`, that the router leaves.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut saved = self.standing.borrow().replica.clone();
        loop {
            let leaving = tokio::select! {
                changed = self.standing.changed() => changed.is_err(),
                () = self.shared.fleet.drained() => false,
                () = stop.cancelled() => true,
            };
            let Standing { replica, connected } = self.standing.borrow_and_update().clone();
            if !Arc::ptr_eq(&saved, &replica) {
                self.save(&saved, &replica).await;
                saved = replica.clone();
            }
            if connected {
                self.acknowledge(&replica, leaving).await;
            }
            if leaving {
                return;
            }
        }
    }

    async fn save(&self, old: &Replica, new: &Arc<Replica>) {
        let same = (old.installation, old.epoch, old.version) == (new.installation, new.epoch, new.version);
        let Some(file) = self.file.clone().filter(|_| !same) else { return };
        let replica = new.clone();
        let saved = tokio::task::spawn_blocking(move || file.save(&replica)).await;
        if let Ok(Err(error)) = saved {
            let error = format!("{error:#}");
            tracing::error!(error, "cannot keep the table; a restart without the controller would serve an older one");
        }
    }

    async fn acknowledge(&self, replica: &Replica, leaving: bool) {
        let ack = RouteAck {
            router: self.router,
            epoch: replica.epoch,
            version: replica.version,
            in_flight: self.shared.fleet.in_flight(),
            leaving,
        };
        if let Err(error) = self.internal.acknowledge(&ack).await {
            // The next heartbeat brings the next one.
            tracing::warn!(error = format!("{:#}", anyhow::Error::from(error)), "cannot acknowledge routes");
        }
    }
}
