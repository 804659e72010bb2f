//! The app's network.

use controller::platform::{Action, AppRef, Error, Readiness};
use uuid::Uuid;

use crate::bench::Bench;

pub async fn is_ensured_once(bench: &Bench) {
    let spec = bench.network().await;
    let first = bench.observe().await.networks;
    assert_eq!(first.iter().map(|network| network.subnet).collect::<Vec<_>>(), [spec.subnet]);
    bench.apply(Action::EnsureNetwork(spec)).await.unwrap();
    assert_eq!(bench.observe().await.networks, first);
}

pub async fn is_removed(bench: &Bench) {
    bench.network().await;
    let id = bench.observe().await.networks[0].id.clone();
    bench.apply(Action::RemoveNetwork { id: id.clone() }).await.unwrap();
    assert_eq!(bench.observe().await.networks, []);
    bench.apply(Action::RemoveNetwork { id }).await.unwrap();
}

pub async fn addresses_are_nobody_elses(bench: &Bench) {
    let spec = bench.network().await;
    let other = AppRef { uuid: Uuid::new_v4(), platform_name: "other".parse().unwrap() };
    let ensured = bench.platform.apply(&other, &Action::EnsureNetwork(spec.clone())).await;
    assert!(matches!(ensured, Err(Error::SubnetTaken(subnet)) if subnet == spec.subnet));
    assert_eq!(bench.platform.observe(&other).await.unwrap().networks, []);
}

/// As when a call that was given up is carried out all the same, after the app got other addresses.
pub async fn another_is_no_hindrance_and_can_be_removed(bench: &Bench) {
    let stray = bench.network().await.subnet;
    let wanted = bench.network().await.subnet;
    let networks = bench.observe().await.networks;
    assert_eq!(networks.len(), 2, "{networks:?}");
    let mut spec = bench.spec("serves").await;
    spec.address = wanted.hosts().nth(7).map(Into::into);
    let id = bench.start(&spec).await;
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    let stray = networks.into_iter().find(|network| network.subnet == stray).unwrap();
    bench.apply(Action::RemoveNetwork { id: stray.id.clone() }).await.unwrap();
    let left = bench.observe().await.networks;
    assert_eq!(left.iter().map(|network| network.subnet).collect::<Vec<_>>(), [wanted]);
    let refused = bench.apply(Action::RemoveNetwork { id: left[0].id.clone() }).await;
    assert!(refused.is_err(), "what an instance is on cannot be removed");
}
