//! How instances come to be.

use controller::platform::{Action, AppRef, Error, InstanceState, Readiness};
use uuid::Uuid;

use crate::bench::Bench;

pub async fn observes_what_it_started(bench: &Bench) {
    let spec = bench.spec("serves").await;
    let id = bench.start(&spec).await;
    let instance = bench.until(&id, |instance| instance.state == InstanceState::Running).await;
    assert_eq!(instance.name, spec.name);
    assert_eq!(instance.process_type, spec.process_type);
    assert_eq!(instance.release, spec.release);
    assert_eq!(instance.restarts, 0);
    assert_eq!(instance.last_exit, None);
    assert!(instance.started_at.is_some());
    let other = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    assert_eq!(bench.platform.observe(&other).await.unwrap().instances, []);
}

pub async fn is_found_by_its_name(bench: &Bench) {
    let spec = bench.spec("serves").await;
    let id = bench.start(&spec).await;
    bench.start(&bench.spec("serves").await).await;
    let ready = bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    let names = ["nosuch".to_owned(), spec.name];
    assert_eq!(bench.platform.instances(&bench.app, &names).await.unwrap(), [ready]);
    let other = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    assert_eq!(bench.platform.instances(&other, &names).await.unwrap(), [], "it is not theirs");
}

pub async fn starts_once(bench: &Bench) {
    let spec = bench.spec("serves").await;
    let first = bench.start(&spec).await;
    assert_eq!(bench.start(&spec).await, first);
    assert_eq!(bench.observe().await.instances.len(), 1);
    bench.stop(&first).await;
    bench.until_ended(&first).await;
    bench.start(&spec).await;
    assert_eq!(bench.until_ended(&first).await.restarts, 0, "what has ended is not started again");
}

pub async fn adopts_nothing_foreign(bench: &Bench) {
    let spec = bench.spec("serves").await;
    bench.start(&spec).await;
    let other = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    bench.network_of(&other).await;
    let started = bench.platform.apply(&other, &Action::Start(Box::new(spec))).await;
    assert!(matches!(started, Err(Error::Rejected(text)) if text.contains("in use")));
}

pub async fn an_unknown_command_ends_it(bench: &Bench) {
    let mut spec = bench.spec("idles").await;
    spec.container.entrypoint = Some(vec!["nosuch".to_owned()]);
    let id = bench.start(&spec).await;
    let ended = bench.until(&id, |instance| instance.last_exit.is_some()).await;
    assert_eq!(ended.last_exit.unwrap().code, 127);
    let tail = bench.platform.tail(&id, 1).await.unwrap();
    assert!(tail[0].contains("nosuch failed: No such file or directory"), "{tail:?}");
}

pub async fn needs_a_network(bench: &Bench) {
    let spec = bench.spec("idles").await;
    let other = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    let started = bench.platform.apply(&other, &Action::Start(Box::new(spec))).await;
    assert!(matches!(started, Err(Error::Unavailable(_))));
}

pub async fn needs_the_image(bench: &Bench) {
    let mut spec = bench.spec("idles").await;
    "nosuch:latest".clone_into(&mut spec.container.image);
    let Err(Error::Rejected(text)) = bench.apply(Action::Start(Box::new(spec))).await else { panic!("it started") };
    assert_eq!(text, "the image nosuch:latest is no longer on this machine; deploy it again");
}
