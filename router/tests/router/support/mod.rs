//! What the tests stand on: a router in this process, instances, a controller, and clients that say exactly what they
//! are told.

pub mod controller;
pub mod origin;
pub mod raw;
pub mod router;
pub mod tls;

use std::{future::Future, time::Duration};

/// Longest wait for anything that has to happen.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Fails the test when `future` does not come to its end.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// Returns as soon as `condition` holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    within(what, async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while !condition() {
            look.tick().await;
        }
    })
    .await;
}

/// Lets time pass, where clients and instances take theirs.
pub async fn pass(time: Duration) {
    let never = std::future::pending::<()>();
    let _elapsed = tokio::time::timeout(time, never).await;
}
