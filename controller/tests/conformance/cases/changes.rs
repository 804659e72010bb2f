//! The hint that something has changed.

use controller::platform::Readiness;
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

use crate::bench::{Bench, soon};

async fn next_of(changes: &mut Receiver<Uuid>, app: Uuid) {
    while soon(changes.recv()).await.unwrap() != app {}
}

pub async fn tells_when_something_happens(bench: &Bench) {
    let mut changes = bench.platform.changes();
    let id = bench.started("serves").await;
    next_of(&mut changes, bench.app.uuid).await;
    // No polling here: each look comes from a hint.
    while bench.observe().await.instances[0].readiness != Readiness::Ready {
        next_of(&mut changes, bench.app.uuid).await;
    }
    bench.stop(&id).await;
    while bench.observe().await.instances[0].last_exit.is_none() {
        next_of(&mut changes, bench.app.uuid).await;
    }
}

pub async fn answers_pings(bench: &Bench) {
    bench.platform.ping().await.unwrap();
}
