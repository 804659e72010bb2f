//! The app's network.

use controller::platform::{Action, AppRef, Error};
use uuid::Uuid;

use crate::bench::Bench;

pub async fn is_ensured_once(bench: &Bench) {
    let spec = bench.network().await;
    let first = bench.observe().await.network.unwrap();
    assert_eq!(first.subnet, spec.subnet);
    bench.apply(Action::EnsureNetwork(spec)).await.unwrap();
    assert_eq!(bench.observe().await.network.unwrap(), first);
}

pub async fn is_removed(bench: &Bench) {
    bench.network().await;
    let id = bench.observe().await.network.unwrap().id;
    bench.apply(Action::RemoveNetwork { id: id.clone() }).await.unwrap();
    assert_eq!(bench.observe().await.network, None);
    bench.apply(Action::RemoveNetwork { id }).await.unwrap();
}

pub async fn addresses_are_nobody_elses(bench: &Bench) {
    let spec = bench.network().await;
    let other = AppRef { uuid: Uuid::new_v4(), platform_name: "other".parse().unwrap() };
    let ensured = bench.platform.apply(&other, &Action::EnsureNetwork(spec.clone())).await;
    assert!(matches!(ensured, Err(Error::SubnetTaken(subnet)) if subnet == spec.subnet));
    assert_eq!(bench.platform.observe(&other).await.unwrap().network, None);
}
