//! The socket of builds, its records and what it puts in order.

mod garbage;
mod killed;

use std::{net::Ipv4Addr, path::Path};

use api::sandbox::{BuildKind, BuildState};
use ipnet::Ipv4Net;

use super::{
    super::settings::{Credential, Limits},
    *,
};

fn settings(dir: &Path) -> Settings {
    Settings {
        program: "/bin/false".into(),
        builds: dir.join("builds"),
        stacks: dir.join("stacks"),
        sources: dir.join("sources"),
        run: dir.join("run"),
        socket: dir.join("builds.sock"),
        group: 0,
        subnet: Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 24),
        connected: true,
        name_servers: vec![],
        registry: (Ipv4Addr::LOCALHOST, 5055).into(),
        registry_data: dir.join("registry"),
        credential: Credential::default(),
        collector: None,
        proxy: std::collections::BTreeMap::new(),
        stack: "slipway-stack".to_owned(),
        buildpacks: None,
        limits: Limits { memory: 1 << 30, cpus: 1.0, processes: 64, seconds: 60, disk: 1 << 30, cache_disk: 1 << 30 },
    }
}

async fn ask(socket: &Path, request: &BuildRequest) -> BuildAnswer {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(format!("{}\n", serde_json::to_string(request).unwrap()).as_bytes()).await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn a_build_whose_runner_is_gone_was_cut_off_until_it_is_forgotten() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("builds.sock");
    let server = Server::open(settings(dir.path())).unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(server.run(shutdown.clone()));
    let (build, app) = (Uuid::now_v7(), Uuid::now_v7());
    let look = BuildRequest::Look { build, from: 0 };
    let state = async || match ask(&socket, &look).await {
        BuildAnswer::Seen(view) => view.state,
        other => panic!("{other:?}"),
    };
    assert_eq!(state().await, BuildState::Unknown);
    let order = BuildOrder { build, app, kind: BuildKind::Buildpack, sha: "a".repeat(40), env: [].into() };
    let start = BuildRequest::Start(Box::new(order));
    // This runner ends at once, with or without having taken its order.
    if ask(&socket, &start).await == BuildAnswer::Done {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        while state().await == BuildState::Running && tokio::time::Instant::now() < end {
            tokio::task::yield_now().await;
        }
        assert!(matches!(state().await, BuildState::Failed { .. }));
        assert_eq!(ask(&socket, &start).await, BuildAnswer::Done, "it is not begun twice");
    }
    assert_eq!(ask(&socket, &BuildRequest::Cancel { build }).await, BuildAnswer::Done);
    assert_eq!(ask(&socket, &BuildRequest::Forget { build }).await, BuildAnswer::Done);
    assert_eq!(ask(&socket, &BuildRequest::ForgetApp { app }).await, BuildAnswer::Done);
    assert_eq!(state().await, BuildState::Unknown);
    let foreign = BuildRequest::ForgetImage { app, reference: "127.0.0.1:5055/app-1@sha256:00".to_owned() };
    assert!(matches!(ask(&socket, &foreign).await, BuildAnswer::Failed { .. }));
    shutdown.cancel();
    serving.await.unwrap();
}
