//! The supervisor's side of [`api::sandbox`]: one request and one answer a connection, each a line of JSON.

use std::{
    io::{self, Write},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use api::sandbox::{BuildAnswer, BuildOrder, BuildRequest};
use rustix::process::Pid;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    disk,
    record::{self, Record},
    registry,
    runner::Order,
    settings::Settings,
    sweep,
};
use crate::standalone::{
    files::{self, Owner},
    process::Process,
};

/// Longest request: an order has all config values of an app.
const LONGEST: u64 = 16 << 20;
/// Who connects has this long to ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time between two looks at what killed runners left.
const SWEEP: Duration = Duration::from_secs(20);

/// The open socket of builds.
pub struct Server {
    listener: UnixListener,
    state: Arc<State>,
}

struct State {
    settings: Settings,
    /// Requests that change something are answered one after the other.
    changing: Mutex<()>,
    /// Held while a build begins: nobody may look at a record that has no runner yet.
    beginning: Mutex<()>,
}

impl Server {
    /// Opens the socket; one that a dead supervisor left is replaced.
    pub fn open(settings: Settings) -> Result<Self> {
        files::ensure_folder(&settings.builds, Owner::ROOT, 0o711)?;
        files::ensure_folder(&settings.apps(), Owner::ROOT, 0o711)?;
        files::ensure_folder(&settings.stacks, Owner::ROOT, 0o711)?;
        files::ensure_folder(&settings.run, Owner::ROOT, 0o711)?;
        match std::fs::remove_file(&settings.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let listener = UnixListener::bind(&settings.socket)?;
        chown(&settings.socket, Some(0), Some(settings.group))?;
        std::fs::set_permissions(&settings.socket, std::fs::Permissions::from_mode(0o660))?;
        Ok(Self { listener, state: Arc::new(State { settings, changing: Mutex::new(()), beginning: Mutex::new(()) }) })
    }

    /// Serves until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut sweeps = tokio::time::interval(SWEEP);
        sweeps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = sweeps.tick() => self.state.sweep().await,
                accepted = self.listener.accept() => self.take(accepted).await,
            }
        }
    }

    async fn take(&self, accepted: io::Result<(UnixStream, tokio::net::unix::SocketAddr)>) {
        let state = Arc::clone(&self.state);
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(async move {
                if let Err(error) = state.serve(stream).await {
                    tracing::debug!(%error, "a request about builds was not answered");
                }
            })),
            Err(error) => {
                tracing::error!(%error, "cannot accept requests about builds");
                // Out of descriptors, most likely: to try again at once would only burn the processor.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

impl State {
    async fn serve(&self, stream: UnixStream) -> Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, BufReader::new(reader.take(LONGEST)).read_line(&mut line)).await??;
        // The error would show a part of the line, which has secrets.
        let request = serde_json::from_str(&line).ok().context("the request is damaged")?;
        drop(line);
        let answer =
            self.answer(request).await.unwrap_or_else(|error| BuildAnswer::Failed { reason: format!("{error:#}") });
        writer.write_all(format!("{}\n", serde_json::to_string(&answer)?).as_bytes()).await?;
        Ok(writer.shutdown().await?)
    }

    async fn answer(&self, request: BuildRequest) -> Result<BuildAnswer> {
        if let BuildRequest::Look { build, from } = request {
            let _turn = self.beginning.lock().await;
            return Ok(BuildAnswer::Seen(Record::of(&self.settings, build).view(from)?));
        }
        let _turn = self.changing.lock().await;
        match request {
            BuildRequest::Start(order) => {
                let _turn = self.beginning.lock().await;
                self.start(*order)?;
            }
            BuildRequest::Cancel { build } => self.cancel(build)?,
            BuildRequest::Forget { build } => self.forget(build).await?,
            BuildRequest::ForgetApp { app } => self.forget_app(app).await?,
            BuildRequest::ForgetImage { app, reference } => registry::forget(&self.settings, app, &reference).await?,
            BuildRequest::Look { .. } => {}
        }
        Ok(BuildAnswer::Done)
    }

    fn start(&self, order: BuildOrder) -> Result<()> {
        let record = Record::of(&self.settings, order.build);
        if record.exists() {
            return Ok(());
        }
        record.create(order.app).context("cannot begin a record")?;
        let begun = self.launch(&record, order);
        if begun.is_err() {
            // Nothing runs: the controller may try again.
            disk::remove(record.folder())?;
        }
        begun.context("cannot start a build")
    }

    /// Starts the runner, which inherits the mark.
    fn launch(&self, record: &Record, order: BuildOrder) -> Result<()> {
        let Some(mark) = record.mark().claim()? else { bail!("a runner of this build is there already") };
        let mut command = Command::new(&self.settings.program);
        command.arg("build-runner").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
        // The mark takes the place of its output, which it does not have: so no child of it can inherit the mark.
        command.stdin(Stdio::piped()).stdout(Stdio::from(mark)).stderr(Stdio::inherit());
        // A group of its own: what a terminal sends to the supervisor is not meant for builds.
        command.process_group(0);
        let mut child = command.spawn().context("cannot run this program")?;
        let process = Process::open(Pid::from_child(&child))?;
        tokio::spawn(async move { process.ended().await });
        let order = serde_json::to_vec(&Order { order, settings: self.settings.clone() })?;
        let mut stdin = child.stdin.take().context("the runner has no input")?;
        // The runner reads everything before it does anything.
        Ok(stdin.write_all(&order)?)
    }

    fn cancel(&self, build: Uuid) -> Result<()> {
        let record = Record::of(&self.settings, build);
        if record.is_alive()? { record.cancel() } else { Ok(()) }
    }

    async fn forget(&self, build: Uuid) -> Result<()> {
        let record = Record::of(&self.settings, build);
        if !record.exists() {
            return Ok(());
        }
        self.end(&record).await?;
        sweep::clear(&self.settings, build, &record)?;
        disk::remove(record.folder())
    }

    async fn forget_app(&self, app: Uuid) -> Result<()> {
        for (build, record) in record::all(&self.settings)? {
            if record.app() == Some(app) {
                self.forget(build).await?;
            }
        }
        disk::remove(&self.settings.app(app))?;
        registry::forget_repository(&self.settings, app)
    }

    /// Cancels it and waits for its end.
    async fn end(&self, record: &Record) -> Result<()> {
        let ended = async {
            while record.is_alive()? {
                record.cancel()?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await.context("the build does not end; ask again")?
    }

    async fn sweep(&self) {
        let _turn = self.changing.lock().await;
        if let Err(error) = sweep::sweep(&self.settings) {
            tracing::warn!(error = format!("{error:#}"), "cannot remove what a build left behind");
        }
    }
}

#[cfg(test)]
mod tests {
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
            name_servers: vec![],
            registry: (Ipv4Addr::LOCALHOST, 5055).into(),
            registry_data: dir.join("registry"),
            credential: Credential::default(),
            proxy: std::collections::BTreeMap::new(),
            stack: "slipway-stack".to_owned(),
            buildpacks: None,
            limits: Limits {
                memory: 1 << 30,
                cpus: 1.0,
                processes: 64,
                seconds: 60,
                disk: 1 << 30,
                cache_disk: 1 << 30,
            },
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
}
