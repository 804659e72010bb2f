//! What instances use.

use std::time::Duration;

use controller::platform::{Error, InstanceId};

use crate::bench::{Bench, eventually};

pub async fn tells_who_works(bench: &Bench) {
    let (idle, busy) = (bench.started("idles").await, bench.started("works").await);
    let used = async |id: &InstanceId| bench.platform.cpu_time(id).await.unwrap();
    let second = Duration::from_secs(1);
    let first = eventually(async || used(&busy).await, |used| *used > second / 2).await;
    eventually(async || used(&busy).await, |used| *used > first + second / 2).await;
    assert!(used(&idle).await < second / 4);
    bench.kill(&busy).await;
    bench.until_ended(&busy).await;
    assert_eq!(used(&busy).await, Duration::ZERO);
    bench.remove(&busy).await.unwrap();
    let gone = bench.platform.cpu_time(&busy).await;
    assert!(matches!(gone, Err(Error::Gone)), "{gone:?}");
}
