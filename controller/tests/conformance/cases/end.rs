//! How instances end, and what remains of them.

use controller::platform::{Action, AppRef, Error, InstanceState};
use uuid::Uuid;

use crate::bench::Bench;

pub async fn stops_on_sigterm(bench: &Bench) {
    let id = bench.started("serves").await;
    bench.stop(&id).await;
    let ended = bench.until_ended(&id).await;
    assert_eq!(ended.last_exit.unwrap().code, 143);
    assert_eq!(ended.restarts, 0);
    bench.stop(&id).await;
    bench.kill(&id).await;
}

pub async fn kills_what_ignores_sigterm(bench: &Bench) {
    let id = bench.started("stubborn").await;
    bench.until(&id, |instance| instance.readiness == controller::platform::Readiness::Ready).await;
    bench.stop(&id).await;
    assert_eq!(bench.until(&id, |_| true).await.state, InstanceState::Running);
    bench.kill(&id).await;
    assert_eq!(bench.until_ended(&id).await.last_exit.unwrap().code, 137);
}

pub async fn restarts_what_ends(bench: &Bench) {
    let id = bench.started("exits").await;
    let again = bench.until(&id, |instance| instance.restarts >= 2 && instance.last_exit.is_some()).await;
    let exit = again.last_exit.unwrap();
    assert_eq!((exit.code, exit.out_of_memory), (3, false));
}

pub async fn ends_what_waits_for_its_restart(bench: &Bench) {
    let id = bench.started("exits").await;
    bench.until(&id, |instance| instance.restarts >= 3 && instance.state == InstanceState::Restarting).await;
    bench.stop(&id).await;
    let ended = bench.until_ended(&id).await;
    assert_eq!(ended.last_exit.unwrap().code, 3);
}

pub async fn tells_who_ran_out_of_memory(bench: &Bench) {
    let mut spec = bench.spec("hungry").await;
    spec.container.memory_bytes = Some(16 << 20);
    let id = bench.start(&spec).await;
    let ended = bench.until(&id, |instance| instance.last_exit.is_some()).await;
    let exit = ended.last_exit.unwrap();
    assert_eq!((exit.code, exit.out_of_memory), (137, true));
}

pub async fn removes_what_has_ended_only(bench: &Bench) {
    let id = bench.started("serves").await;
    assert!(matches!(bench.remove(&id).await, Err(Error::Rejected(_))));
    bench.stop(&id).await;
    bench.until_ended(&id).await;
    bench.remove(&id).await.unwrap();
    assert_eq!(bench.observe().await.instances, []);
    bench.remove(&id).await.unwrap();
    bench.stop(&id).await;
    bench.kill(&id).await;
}

pub async fn leaves_strangers_alone(bench: &Bench) {
    let id = bench.started("serves").await;
    let other = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    for action in [Action::Stop { id: id.clone() }, Action::Kill { id: id.clone() }, Action::Remove { id: id.clone() }]
    {
        bench.platform.apply(&other, &action).await.unwrap();
    }
    let network = bench.observe().await.networks[0].id.clone();
    bench.platform.apply(&other, &Action::RemoveNetwork { id: network }).await.unwrap();
    assert_eq!(bench.until(&id, |_| true).await.state, InstanceState::Running);
    assert!(!bench.observe().await.networks.is_empty());
}
