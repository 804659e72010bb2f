//! Controllers and engines come and go.

use std::{os::unix::fs::symlink, sync::Arc};

use bollard::query_parameters::{RemoveImageOptions, TagImageOptionsBuilder};
use controller::platform::{
    Action, Error, Observed, Platform, Readiness, RunOutput,
    docker::{Config, Docker},
};
use futures_util::{StreamExt, TryStreamExt, future::join_all};
use tempfile::tempdir;
use tokio::net::UnixListener;

use super::{SOCKET, bench, cleanup::Guard, config, engine, images};
use crate::bench::{Bench, app, eventually, soon};

/// A bench, and what starts another controller of the same installation.
async fn controllers() -> Option<(Bench, impl Fn() -> Bench)> {
    let config = config().await?;
    let app = app();
    let start = move || {
        let guard = Guard { installation: config.installation, app: app.uuid };
        Bench::new(app.clone(), Arc::new(Docker::connect(config.clone())), images::PREFIX, guard)
    };
    Some((start(), start))
}

#[tokio::test]
async fn a_new_controller_knows_as_much() {
    let Some((old, start)) = controllers().await else { return };
    let mut spec = old.spec("serves").await;
    spec.readiness = serde_json::from_str(r#"{"httpGet": {"port": 8080, "path": "/"}}"#).unwrap();
    let id = old.start(&spec).await;
    let known = old.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    let new = start();
    let first = new.observe().await.instances.remove(0);
    assert!(matches!(first.readiness, Readiness::Unknown | Readiness::Ready), "{first:?}");
    assert_eq!(new.until(&id, |instance| instance.readiness == Readiness::Ready).await, known);
}

/// The engine forgets how a life ended once the next has begun; its events tell, as long as it keeps them. One test,
/// because it drives the events of everybody else out of the engine's memory.
#[tokio::test]
async fn a_new_controller_learns_what_happened_before_it() {
    let Some((old, start)) = controllers().await else { return };
    let mut spec = old.spec("idles").await;
    let script = "[ -e /again ] && exec sleep 3600; touch /again; exit 7";
    spec.container.entrypoint = Some(["/bin/bash", "-c", script].map(str::to_owned).into());
    let id = old.start(&spec).await;
    old.until(&id, |instance| instance.restarts == 1 && instance.readiness == Readiness::Ready).await;
    let new = start();
    let seen = new.until(&id, |instance| instance.last_exit.is_some()).await;
    assert_eq!((seen.restarts, seen.last_exit.unwrap().code), (1, 7));

    forget_events(&old).await;
    let newest = start();
    let mut changes = newest.platform.changes();
    assert_eq!(soon(changes.recv()).await.unwrap(), old.app.uuid, "it looks at everything when it starts");
    assert_eq!(newest.observe().await.instances[0].last_exit, None, "what nobody knows any more is not made up");
}

/// The engine keeps its last 256 events; a tag put on and taken off makes two.
async fn forget_events(bench: &Bench) {
    let (engine, repository) = (engine(), format!("slipway/{}", bench.app.uuid.simple()));
    let image = format!("{}idles", images::PREFIX);
    for _ in 0..130 {
        let tag = TagImageOptionsBuilder::new().repo(&repository).tag("event").build();
        engine.tag_image(&image, Some(tag)).await.unwrap();
        engine.remove_image(&format!("{repository}:event"), None::<RemoveImageOptions>, None).await.unwrap();
    }
}

#[tokio::test]
async fn an_engine_may_come_later() {
    let Some(config) = config().await else { return };
    let folder = tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let app = app();
    let (guard, installation) = (Guard { installation: config.installation, app: app.uuid }, config.clone());
    let late = Docker::connect(Config { socket: socket.clone(), ..config });
    let mut changes = late.changes();
    assert!(matches!(late.ping().await, Err(Error::Unavailable(_))));
    assert!(matches!(late.observe(&app).await, Err(Error::Unavailable(_))));

    let bench = Bench::new(app, Arc::new(Docker::connect(installation)), images::PREFIX, guard);
    bench.started("idles").await;
    symlink(SOCKET, &socket).unwrap();
    eventually(async || late.ping().await.is_ok(), |answers| *answers).await;
    // Nobody told it of this app; it looks at everything when it finds the engine.
    assert_eq!(soon(changes.recv()).await.unwrap(), bench.app.uuid);
    assert_eq!(late.observe(&bench.app).await.unwrap().instances.len(), 1);
}

#[tokio::test]
async fn a_silent_engine_is_not_waited_for() {
    let folder = tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let _silent = UnixListener::bind(&socket).unwrap();
    let docker = Docker::connect(Config { socket, ..Config::new(uuid::Uuid::nil()) });
    let asked = std::time::Instant::now();
    let answer = docker.observe(&app()).await;
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert!(asked.elapsed().as_secs() < 10, "a lease would have been lost");
}

/// The engine begins a new file after 5 MB; who follows must not notice.
#[tokio::test]
async fn rotated_logs_are_followed_without_loss() {
    let Some(bench) = bench().await else { return };
    let mut spec = bench.spec("idles").await;
    let script = "for i in {1..70000}; do echo $i; done; exec sleep 3600";
    spec.container.entrypoint = Some(["/bin/bash", "-c", script].map(str::to_owned).into());
    let id = bench.start(&spec).await;
    let log = bench.platform.logs(&id, None).await.unwrap();
    let lines: Vec<u32> =
        soon(log.take(70_000).map_ok(|line| line.text.parse::<u32>().unwrap()).try_collect()).await.unwrap();
    assert!(lines.into_iter().eq(1..=70_000), "lines were lost or doubled");
}

/// Some servers finish their work on another signal than SIGTERM, and their images say so.
#[tokio::test]
async fn the_images_own_stop_signal_is_used() {
    let Some(bench) = bench().await else { return };
    let recipe = format!("FROM {}idles\nSTOPSIGNAL SIGQUIT\n", images::PREFIX);
    images::build(&[("quits", recipe)]);
    let mut spec = bench.spec("quits").await;
    let script = "trap 'exit 5' QUIT; while :; do sleep 0.05; done";
    spec.container.entrypoint = Some(["/bin/bash", "-c", script].map(str::to_owned).into());
    let id = bench.start(&spec).await;
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    bench.stop(&id).await;
    let ended = bench.until_ended(&id).await;
    assert_eq!((ended.last_exit.unwrap().code, ended.restarts), (5, 0));
}

/// It is free again in a moment: no release may fail for it.
#[tokio::test]
async fn an_address_in_use_is_tried_again_later() {
    let Some(bench) = bench().await else { return };
    let address = bench.network().await.subnet.hosts().nth(4).map(Into::into);
    let (mut first, mut second) = (bench.spec("serves").await, bench.spec("serves").await);
    (first.address, second.address) = (address, address);
    let id = bench.start(&first).await;
    let start = async || bench.apply(Action::Start(Box::new(second.clone()))).await;
    assert!(matches!(start().await, Err(Error::Unavailable(_))));
    bench.kill(&id).await;
    bench.until_ended(&id).await;
    eventually(async || start().await.is_ok(), |started| *started).await;
}

/// What is written before anybody could ask for it, and what is left in the pipe when the process has gone.
#[tokio::test]
async fn runs_lose_no_byte() {
    let Some(bench) = bench().await else { return };
    for size in [1, 100, 4_000_000, 1, 100, 4_000_000] {
        let mut spec = bench.run_spec("idles").await;
        spec.container.entrypoint = Some(["head", "-c", &size.to_string(), "/dev/zero"].map(str::to_owned).into());
        let run = bench.platform.run(&bench.app, &spec).await.unwrap();
        let steps: Vec<RunOutput> = soon(run.try_collect()).await.unwrap();
        let written = |step: &RunOutput| if let RunOutput::Stdout(bytes) = step { bytes.len() } else { 0 };
        assert_eq!(steps.iter().map(written).sum::<usize>(), size);
        assert_eq!(steps.last(), Some(&RunOutput::Exited(0)));
    }
}

/// As when a controller starts: more look than may at a time, and those that wait share one list of everything.
#[tokio::test]
async fn many_looks_at_once_see_what_one_sees() {
    let Some(bench) = bench().await else { return };
    bench.started("serves").await;
    let other = app();
    bench.network_of(&other).await;
    let (seen, of_other) = (bench.observe().await, bench.platform.observe(&other).await.unwrap());
    assert_eq!((seen.instances.len(), of_other.networks.len()), (1, 1));
    let looks = (0..40).map(async |number| {
        let app = if number % 2 == 0 { &bench.app } else { &other };
        bench.platform.observe(app).await.unwrap()
    });
    for (number, look) in join_all(looks).await.into_iter().enumerate() {
        let expected = if number % 2 == 0 { &seen } else { &of_other };
        assert_eq!((&look.networks, look.instances.len()), (&expected.networks, expected.instances.len()), "{number}");
    }
    assert_eq!(bench.platform.observe(&app()).await.unwrap(), Observed::default());
}
