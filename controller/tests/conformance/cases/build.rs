//! Builds: what is asked of whatever builds, and that asking twice is asking once. What comes of the image is tested with a
//! registry, for Docker alone.

use std::collections::BTreeMap;

use api::sandbox::{BuildKind, BuildOrder, BuildState, BuildView};
use controller::platform::AppRef;
use uuid::Uuid;

use crate::bench::{Bench, eventually};

/// The commit whose build makes an image; its log is [`LOG`].
pub const GOOD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The commit whose build fails with [`REASON`].
pub const BAD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
/// The commit whose build runs until it is cancelled.
pub const ENDLESS: &str = "cccccccccccccccccccccccccccccccccccccccc";
/// What each of them writes.
pub const LOG: &str = "-----> Building\n       done\n";
/// Why the bad one fails.
pub const REASON: &str = "Unable to select a buildpack";

fn order(bench: &Bench, sha: &str) -> BuildOrder {
    let env = BTreeMap::from([("SECRET".to_owned(), "1".to_owned())]);
    BuildOrder { build: Uuid::now_v7(), app: bench.app.uuid, kind: BuildKind::Buildpack, sha: sha.to_owned(), env }
}

async fn begin(bench: &Bench, sha: &str) -> Uuid {
    let order = order(bench, sha);
    bench.platform.begin_build(&bench.app, &order).await.unwrap();
    bench.platform.begin_build(&bench.app, &order).await.unwrap();
    order.build
}

async fn look(bench: &Bench, build: Uuid, from: u64) -> BuildView {
    bench.platform.look_build(build, from).await.unwrap()
}

async fn ended(bench: &Bench, build: Uuid) -> BuildState {
    let view = eventually(async || look(bench, build, 0).await, |view| view.state != BuildState::Running).await;
    view.state
}

pub async fn makes_an_image(bench: &Bench) {
    bench.platform.ping_builds().await.unwrap();
    let build = begin(bench, GOOD).await;
    let BuildState::Built(image) = ended(bench, build).await else { panic!("it was not built") };
    assert!(image.reference.contains("@sha256:"), "{image:?}");
    assert!(image.types.contains_key("web"), "{image:?}");
}

pub async fn says_why_there_is_none(bench: &Bench) {
    let build = begin(bench, BAD).await;
    assert_eq!(ended(bench, build).await, BuildState::Failed { reason: REASON.to_owned() });
}

pub async fn its_log_is_read_from_any_offset_it_named(bench: &Bench) {
    let build = begin(bench, GOOD).await;
    ended(bench, build).await;
    let all = look(bench, build, 0).await;
    assert_eq!((all.log.as_str(), all.next), (LOG, LOG.len() as u64));
    let rest = look(bench, build, 16).await;
    assert_eq!((rest.log.as_str(), rest.next), (&LOG[16..], LOG.len() as u64));
    let none = look(bench, build, all.next).await;
    assert_eq!((none.log.as_str(), none.next), ("", all.next));
}

pub async fn is_cancelled(bench: &Bench) {
    let build = begin(bench, ENDLESS).await;
    assert_eq!(look(bench, build, 0).await.state, BuildState::Running);
    bench.platform.cancel_build(build).await.unwrap();
    assert_eq!(ended(bench, build).await, BuildState::Cancelled);
    bench.platform.cancel_build(build).await.unwrap();
    // What has ended stays as it ended.
    let good = begin(bench, GOOD).await;
    ended(bench, good).await;
    bench.platform.cancel_build(good).await.unwrap();
    assert!(matches!(look(bench, good, 0).await.state, BuildState::Built(_)));
}

pub async fn is_forgotten(bench: &Bench) {
    let (first, second) = (begin(bench, GOOD).await, begin(bench, ENDLESS).await);
    assert_eq!(look(bench, Uuid::now_v7(), 0).await.state, BuildState::Unknown);
    bench.platform.forget_build(first).await.unwrap();
    bench.platform.forget_build(first).await.unwrap();
    assert_eq!(look(bench, first, 0).await.state, BuildState::Unknown);
    let stranger = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    bench.platform.forget_builds(&stranger).await.unwrap();
    assert_eq!(look(bench, second, 0).await.state, BuildState::Running);
    bench.platform.forget_builds(&bench.app).await.unwrap();
    assert_eq!(look(bench, second, 0).await.state, BuildState::Unknown);
}
