//! Routes as the controller tells them, and what a router does when it does not.

use api::routes::{AppRoutes, RouteEvent};
use router::Credential;
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{
    controller::{Controller, INSTALLATION},
    origin::Origin,
    raw::{Raw, get},
    router::{Router, app},
    until,
};

fn hello(snapshot: bool) -> RouteEvent {
    RouteEvent::Hello { installation: INSTALLATION, epoch: 1, snapshot }
}

/// A stream that begins with a snapshot of `apps`.
fn snapshot(version: i64, apps: Vec<AppRoutes>) -> Vec<RouteEvent> {
    let apps = apps.into_iter().map(|app| RouteEvent::App { version, app });
    [hello(true)].into_iter().chain(apps).chain([RouteEvent::SnapshotEnd { version, gone: Vec::new() }]).collect()
}

/// A router whose controller is, or will be, in `dir`.
fn router(dir: &TempDir) -> Router {
    let path = dir.path().to_owned();
    Router::with(move |config| {
        config.internal_socket = Some(path.join("internal.sock"));
        config.credential = Credential::new("s3cret\n");
        config.table_file = Some(path.join("table"));
        config.table_key = [7; 32].into();
    })
}

fn controller(dir: &TempDir, opening: Vec<RouteEvent>) -> Controller {
    Controller::start(&dir.path().join("internal.sock"), opening)
}

#[tokio::test]
async fn routes_come_from_the_controller_and_are_acknowledged() {
    let (origin, dir) = (Origin::echo().await, TempDir::new().unwrap());
    let controller = controller(&dir, snapshot(7, vec![app(1, "app.example", &[origin.address])]));
    let router = router(&dir);
    controller.acknowledged("the snapshot", |ack| (ack.epoch, ack.version) == (1, 7)).await;
    assert_eq!(get(router.address, "app.example", "/").await.0, 200);
    assert_eq!(controller.queries(), ["epoch=0&after=0"]);
    assert_eq!(controller.credentials()[0], "Bearer s3cret");

    controller.send(&RouteEvent::App { version: 8, app: app(2, "new.example", &[origin.address]) });
    controller.acknowledged("the new app", |ack| ack.version == 8).await;
    assert_eq!(get(router.address, "new.example", "/").await.0, 200);

    controller.send(&RouteEvent::Gone { version: 9, app: Uuid::from_u128(1) });
    controller.acknowledged("the end of the old app", |ack| ack.version == 9).await;
    assert_eq!(get(router.address, "app.example", "/").await.0, 404);
    assert_eq!(router.status().await.version, 9);
}

#[tokio::test]
async fn what_is_under_way_at_an_instance_that_left_is_reported_until_it_is_done() {
    let (origin, dir) = (Origin::echo().await, TempDir::new().unwrap());
    let controller = controller(&dir, snapshot(1, vec![app(1, "app.example", &[origin.address])]));
    let router = router(&dir);
    controller.acknowledged("the snapshot", |ack| ack.version == 1).await;
    let mut upload = Raw::connect(router.address).await;
    upload.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 5\r\n\r\nhel").await;
    until("the request to reach the app", || origin.seen.count() == 1).await;

    controller.send(&RouteEvent::App { version: 2, app: app(1, "app.example", &[]) });
    let instance = format!("app1-web-0-{}", origin.address.port());
    let busy = |ack: &api::routes::RouteAck| ack.version == 2 && ack.in_flight.get(&instance) == Some(&1);
    controller.acknowledged("the request under way", busy).await;
    assert_eq!(get(router.address, "app.example", "/").await.0, 503);

    upload.send("lo").await;
    assert_eq!(upload.answer().await, (200, "POST /\nhello".into()));
    controller.acknowledged("nothing under way", |ack| ack.version == 2 && ack.in_flight.is_empty()).await;
}

#[tokio::test]
async fn a_restarted_router_serves_the_last_good_table_without_a_controller() {
    let (origin, dir) = (Origin::echo().await, TempDir::new().unwrap());
    let first = controller(&dir, snapshot(7, vec![app(1, "app.example", &[origin.address])]));
    let old = router(&dir);
    first.acknowledged("the snapshot", |ack| ack.version == 7).await;
    drop(first);
    old.kill().await;

    let new = router(&dir);
    assert_eq!(get(new.address, "app.example", "/").await.0, 200);
    assert_eq!(new.status().await.version, 7);
    // When the controller is back, only what changed since is asked for.
    let back = controller(&dir, vec![hello(false)]);
    back.acknowledged("the reunion", |ack| ack.version == 7).await;
    assert_eq!(back.queries(), ["epoch=1&after=7"]);
}

#[tokio::test]
async fn a_lost_stream_changes_nothing_and_is_taken_up_again() {
    let (origin, dir) = (Origin::echo().await, TempDir::new().unwrap());
    let first = controller(&dir, snapshot(7, vec![app(1, "app.example", &[origin.address])]));
    let router = router(&dir);
    first.acknowledged("the snapshot", |ack| ack.version == 7).await;
    drop(first);
    assert_eq!(get(router.address, "app.example", "/").await.0, 200);
    let second = controller(&dir, vec![hello(false), RouteEvent::App { version: 8, app: app(1, "app.example", &[]) }]);
    second.acknowledged("the change", |ack| ack.version == 8).await;
    assert_eq!(get(router.address, "app.example", "/").await.0, 503);
}

#[tokio::test]
async fn a_stranger_and_an_unexplained_loss_are_refused() {
    let (origin, dir) = (Origin::echo().await, TempDir::new().unwrap());
    let first = controller(&dir, snapshot(7, vec![app(1, "app.example", &[origin.address])]));
    let router = router(&dir);
    first.acknowledged("the snapshot", |ack| ack.version == 7).await;
    drop(first);

    let empty = controller(&dir, snapshot(8, Vec::new()));
    until("a second attempt", || empty.queries().len() > 1).await;
    assert_eq!((get(router.address, "app.example", "/").await.0, empty.acks().len()), (200, 0));
    drop(empty);

    let mut opening = snapshot(8, vec![app(2, "other.example", &[origin.address])]);
    opening[0] = RouteEvent::Hello { installation: Uuid::from_u128(6), epoch: 1, snapshot: true };
    let stranger = controller(&dir, opening);
    until("another attempt", || stranger.queries().len() > 1).await;
    assert_eq!((get(router.address, "app.example", "/").await.0, stranger.acks().len()), (200, 0));
}

#[tokio::test]
async fn a_router_that_stops_says_that_it_leaves() {
    let dir = TempDir::new().unwrap();
    let controller = controller(&dir, snapshot(7, Vec::new()));
    let router = router(&dir);
    controller.acknowledged("the snapshot", |ack| ack.version == 7).await;
    router.stopped().await;
    let last = controller.acks().pop().unwrap();
    assert!(last.leaving);
}
