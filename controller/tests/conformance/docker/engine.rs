//! Controllers and engines come and go.

use std::{os::unix::fs::symlink, sync::Arc};

use controller::platform::{
    Error, Platform, Readiness,
    docker::{Config, Docker},
};
use tempfile::tempdir;
use tokio::net::UnixListener;

use super::{SOCKET, cleanup::Guard, config, images};
use crate::bench::{Bench, app, eventually, soon};

/// A bench, and a second controller of the same installation that has just started.
async fn twice() -> Option<(Bench, Bench)> {
    let config = config().await?;
    let app = app();
    let guard = || Guard { installation: config.installation, app: app.uuid };
    let connect = || Arc::new(Docker::connect(config.clone()));
    let first = Bench::new(app.clone(), connect(), images::PREFIX, guard());
    Some((first, Bench::new(app.clone(), connect(), images::PREFIX, guard())))
}

#[tokio::test]
async fn a_new_controller_knows_as_much() {
    let Some((old, new)) = twice().await else { return };
    let mut spec = old.spec("serves").await;
    spec.readiness = serde_json::from_str(r#"{"httpGet": {"port": 8080, "path": "/"}}"#).unwrap();
    let id = old.start(&spec).await;
    let known = old.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    let first = new.observe().await.instances.remove(0);
    assert!(matches!(first.readiness, Readiness::Unknown | Readiness::Ready), "{first:?}");
    assert_eq!(new.until(&id, |instance| instance.readiness == Readiness::Ready).await, known);
}

/// The engine forgets how a life ended once the next has begun; its events tell.
#[tokio::test]
async fn a_new_controller_knows_how_lives_ended_before_it() {
    let Some((old, new)) = twice().await else { return };
    let mut spec = old.spec("idles").await;
    let script = "[ -e /again ] && exec sleep 3600; touch /again; exit 7";
    spec.container.entrypoint = Some(["/bin/bash", "-c", script].map(str::to_owned).into());
    let id = old.start(&spec).await;
    old.until(&id, |instance| instance.restarts == 1 && instance.readiness == Readiness::Ready).await;
    let seen = new.until(&id, |instance| instance.last_exit.is_some()).await;
    assert_eq!((seen.restarts, seen.last_exit.unwrap().code), (1, 7));
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
