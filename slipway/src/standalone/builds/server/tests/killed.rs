//! Runners that are killed while a real sandbox runs.

use std::{fs, path::PathBuf};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use super::{
    super::super::{
        groups,
        runner::{
            root, sandbox,
            spec::{self, Bind},
        },
    },
    *,
};

/// Stands for this program: a runner that makes the sandbox of its build, and what is in it.
const PROGRAM: &str = "#!/bin/sh
[ $1 = build ] && exec sleep 600
exec 3<&0
runc --root DIR/run/runc run --bundle DIR/scratch --pid-file DIR/pid NAME </dev/null >/dev/null 2>&1 &
wait
";
const PATIENCE: Duration = Duration::from_secs(30);

struct Scene {
    dir: TempDir,
    build: Uuid,
    sandbox: String,
}

impl Scene {
    fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let build = Uuid::now_v7();
        let scene = Self { dir, build, sandbox: sandbox::name(sandbox::BUILD, build) };
        let program = PROGRAM.replace("DIR", scene.dir.path().to_str().unwrap()).replace("NAME", &scene.sandbox);
        fs::write(scene.settings().program, program).unwrap();
        fs::set_permissions(scene.settings().program, fs::Permissions::from_mode(0o755)).unwrap();
        let scratch = scene.dir.path().join("scratch");
        root::prepare(&scratch, &[]).unwrap();
        let binds = [("/usr".into(), "/usr"), (scene.settings().program, "/slipway"), (scratch.join("work"), "/work")];
        let binds = binds.map(|(source, target)| Bind { source, target, writable: false });
        let root = scratch.join("root").canonicalize().unwrap();
        let spec = spec::spec(&scene.sandbox, &root, &binds, &scene.settings().limits).unwrap();
        fs::write(scratch.join("config.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
        scene
    }

    fn settings(&self) -> Settings {
        Settings { program: self.dir.path().join("program"), ..settings(self.dir.path()) }
    }

    fn record(&self) -> Record {
        Record::of(&self.settings(), self.build)
    }

    fn socket(&self) -> PathBuf {
        self.settings().socket
    }

    fn order(&self) -> BuildRequest {
        let kind = BuildKind::Dockerfile;
        let order = BuildOrder { build: self.build, app: Uuid::now_v7(), kind, sha: "a".repeat(40), env: [].into() };
        BuildRequest::Start(Box::new(order))
    }

    /// The sandbox's first process, once it runs.
    async fn inner(&self) -> Pid {
        let mut inner = None;
        until("the sandbox runs", async || {
            let text = fs::read_to_string(self.dir.path().join("pid")).unwrap_or_default();
            inner = text.trim().parse().ok().and_then(Pid::from_raw);
            let shown = fs::read_to_string(format!("/proc/{}/cmdline", text.trim())).unwrap_or_default();
            inner.is_some() && shown.contains("sleep")
        })
        .await;
        inner.unwrap()
    }

    async fn state(&self) -> BuildState {
        match ask(&self.socket(), &BuildRequest::Look { build: self.build, from: 0 }).await {
            BuildAnswer::Seen(view) => view.state,
            other => panic!("{other:?}"),
        }
    }

    /// What is told first after the end of a runner is the end of everything.
    async fn assert_cut_off(&self, inner: Pid) {
        until("the end is told", async || self.state().await != BuildState::Running).await;
        assert!(test_kill_process(inner).is_err(), "the sandbox outlived what was told of its end");
        assert!(!self.settings().runc().join(&self.sandbox).exists());
        assert!(groups::of(&self.sandbox).unwrap().iter().all(|group| !group.exists()));
        let state = self.state().await;
        assert!(matches!(&state, BuildState::Failed { reason } if reason.contains("was cut off")), "{state:?}");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.settings().runc()).args(["delete", "--force", "--", &self.sandbox]);
        // Most of the time there is none any more.
        let _ = command.output();
    }
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        // Until the next look.
        let _ = tokio::time::timeout(Duration::from_millis(10), std::future::pending::<()>()).await;
    }
}

#[tokio::test]
async fn the_end_of_its_sandbox_is_told_after_it_and_at_once() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scene = Scene::set();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(Server::open(scene.settings()).unwrap().run(shutdown.clone()));
    assert_eq!(ask(&scene.socket(), &scene.order()).await, BuildAnswer::Done);
    let inner = scene.inner().await;
    assert_eq!(scene.state().await, BuildState::Running);
    let killed = Instant::now();
    kill_process(scene.record().mark().holder().unwrap().unwrap(), Signal::KILL).unwrap();
    scene.assert_cut_off(inner).await;
    assert!(killed.elapsed() < SWEEP, "the sweep need not have come for that");
    shutdown.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_supervisor_clears_after_runners_that_it_did_not_start() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for moment in ["before", "after"] {
        let scene = Scene::set();
        let first = Server::open(scene.settings()).unwrap();
        let answer = first.state.answer(serde_json::from_value(serde_json::to_value(scene.order()).unwrap()).unwrap());
        assert_eq!(answer.await.unwrap(), BuildAnswer::Done);
        let inner = scene.inner().await;
        let runner = scene.record().mark().holder().unwrap().unwrap();
        drop(first);
        if moment == "before" {
            kill_process(runner, Signal::KILL).unwrap();
        }
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(Server::open(scene.settings()).unwrap().run(shutdown.clone()));
        if moment == "after" {
            assert_eq!(scene.state().await, BuildState::Running);
            kill_process(runner, Signal::KILL).unwrap();
        }
        scene.assert_cut_off(inner).await;
        shutdown.cancel();
        serving.await.unwrap();
    }
}
