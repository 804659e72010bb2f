//! A stand-in for the supervisor's `builds.sock`: it keeps to the protocol and builds nothing. What really builds is tested
//! where it is.

use std::{
    collections::{BTreeMap, HashMap},
    os::unix::net::UnixListener,
    path::PathBuf,
};

use api::sandbox::{BuildAnswer, BuildOrder, BuildRequest, BuildState, BuildView, BuiltImage};
use controller::platform::{Action, Error, docker::Config};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{bench, bench_with};
use crate::cases::build::{BAD, ENDLESS, LOG, REASON};

/// Listens as long as it lives.
pub struct Builds {
    folder: TempDir,
    _serving: AbortOnDropHandle<()>,
}

impl Builds {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("builds.sock")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::UnixListener::from_std(listener).unwrap();
        Self { folder, _serving: AbortOnDropHandle::new(tokio::spawn(serve(listener))) }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("builds.sock")
    }
}

async fn serve(listener: tokio::net::UnixListener) {
    let mut builds = HashMap::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut line = String::new();
        BufReader::new(&mut stream).read_line(&mut line).await.unwrap();
        let request: BuildRequest = serde_json::from_str(&line).unwrap();
        let mut answer = serde_json::to_vec(&answer(&mut builds, request)).unwrap();
        answer.push(b'\n');
        stream.write_all(&answer).await.unwrap();
    }
}

fn answer(builds: &mut HashMap<Uuid, (BuildOrder, BuildState)>, request: BuildRequest) -> BuildAnswer {
    match request {
        BuildRequest::Start(order) => {
            let state = outcome(&order);
            builds.entry(order.build).or_insert((*order, state));
        }
        BuildRequest::Look { build, from } => return BuildAnswer::Seen(view(builds.get(&build), from)),
        BuildRequest::Cancel { build } => {
            if let Some((_, state)) = builds.get_mut(&build).filter(|(_, state)| *state == BuildState::Running) {
                *state = BuildState::Cancelled;
            }
        }
        BuildRequest::Forget { build } => drop(builds.remove(&build)),
        BuildRequest::ForgetApp { app } => builds.retain(|_, (order, _)| order.app != app),
        BuildRequest::ForgetImage { .. } => return BuildAnswer::Failed { reason: "no such image".to_owned() },
    }
    BuildAnswer::Done
}

fn outcome(order: &BuildOrder) -> BuildState {
    match order.sha.as_str() {
        ENDLESS => BuildState::Running,
        BAD => BuildState::Failed { reason: REASON.to_owned() },
        _ => BuildState::Built(BuiltImage {
            reference: format!("127.0.0.1:5999/app-{}@sha256:{}", order.app.simple(), "0".repeat(64)),
            types: BTreeMap::from([("web".to_owned(), "serve".to_owned())]),
        }),
    }
}

fn view(found: Option<&(BuildOrder, BuildState)>, from: u64) -> BuildView {
    let Some((_, state)) = found else {
        return BuildView { state: BuildState::Unknown, log: String::new(), next: 0 };
    };
    let from = usize::try_from(from).unwrap();
    BuildView { state: state.clone(), log: LOG[from..].to_owned(), next: LOG.len() as u64 }
}

#[tokio::test]
async fn nothing_is_built_without_a_socket() {
    let Some(bench) = bench_with(|config| Config { builds_socket: None, ..config }).await else {
        return;
    };
    let Err(Error::Rejected(text)) = bench.platform.ping_builds().await else { panic!("it builds") };
    insta::assert_snapshot!(text, @"This installation builds nothing. Build the image elsewhere, and deploy it: mycli pull <image>.");
    bench.platform.cancel_build(Uuid::nil()).await.unwrap();
    bench.platform.forget_builds(&bench.app).await.unwrap();
}

#[tokio::test]
async fn a_socket_that_nobody_listens_at_may_answer_later() {
    let gone = |config| Config { builds_socket: Some("/nonexistent/b.sock".into()), ..config };
    let Some(bench) = bench_with(gone).await else { return };
    assert!(matches!(bench.platform.ping_builds().await, Err(Error::Unavailable(_))));
}

/// A refusal is passed on; only images that were built here are asked for.
#[tokio::test]
async fn an_image_that_was_built_leaves_the_registry_too() {
    let Some(bench) = bench().await else { return };
    bench.apply(Action::ForgetImage { reference: "nosuch".to_owned() }).await.unwrap();
    let reference = format!("127.0.0.1:5999/app-{}@sha256:{}", bench.app.uuid.simple(), "0".repeat(64));
    let Err(Error::Rejected(text)) = bench.apply(Action::ForgetImage { reference }).await else { panic!("not asked") };
    assert_eq!(text, "no such image");
    let foreign = format!("127.0.0.1:5999/app-{}@sha256:{}", Uuid::nil().simple(), "0".repeat(64));
    bench.apply(Action::ForgetImage { reference: foreign }).await.unwrap();
}
