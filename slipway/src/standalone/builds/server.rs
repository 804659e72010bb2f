//! The supervisor's side of [`api::sandbox`]: one request and one answer a connection, each a line of JSON.

use std::{
    io::{self, Write},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
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
    disk, garbage,
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
/// Least time between two collections of garbage, in which no build can begin.
const COLLECT: Duration = Duration::from_mins(10);

/// The open socket of builds.
pub struct Server {
    listener: UnixListener,
    state: Arc<State>,
}

struct State {
    settings: Settings,
    /// Requests that change something are answered one after the other. In it, when garbage was collected last.
    changing: Mutex<Option<Instant>>,
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
        Ok(Self {
            listener,
            state: Arc::new(State { settings, changing: Mutex::new(None), beginning: Mutex::new(()) }),
        })
    }

    /// Serves until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        self.state.adopt();
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
    async fn serve(self: &Arc<Self>, stream: UnixStream) -> Result<()> {
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

    async fn answer(self: &Arc<Self>, request: BuildRequest) -> Result<BuildAnswer> {
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

    fn start(self: &Arc<Self>, order: BuildOrder) -> Result<()> {
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
    fn launch(self: &Arc<Self>, record: &Record, order: BuildOrder) -> Result<()> {
        let Some(mark) = record.mark().claim()? else { bail!("a runner of this build is there already") };
        let mut command = Command::new(&self.settings.program);
        command.arg("build-runner").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
        // The mark takes the place of its output, which it does not have: so no child of it can inherit the mark.
        command.stdin(Stdio::piped()).stdout(Stdio::from(mark)).stderr(Stdio::inherit());
        // A group of its own: what a terminal sends to the supervisor is not meant for builds.
        command.process_group(0);
        let mut child = command.spawn().context("cannot run this program")?;
        let process = Process::open(Pid::from_child(&child))?;
        self.watch(order.build, process);
        let order = serde_json::to_vec(&Order { order, settings: self.settings.clone() })?;
        let mut stdin = child.stdin.take().context("the runner has no input")?;
        // The runner reads everything before it does anything.
        Ok(stdin.write_all(&order)?)
    }

    /// Watches the runners that an earlier supervisor started.
    fn adopt(self: &Arc<Self>) {
        for (build, record) in record::all(&self.settings).unwrap_or_default() {
            // One that is not found here is found by the sweep.
            if let Ok(Some(process)) = record.mark().process() {
                self.watch(build, process);
            }
        }
    }

    /// Clears after a runner as soon as it has ended.
    fn watch(self: &Arc<Self>, build: Uuid, process: Process) {
        let state = Arc::clone(self);
        tokio::spawn(async move {
            // Its mark tells as well that it has ended.
            let _ = process.ended().await;
            let _turn = state.changing.lock().await;
            warn(state.aside(move |settings| sweep::after(settings, build, &Record::of(settings, build))).await);
        });
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
        self.aside(move |settings| {
            sweep::clear(settings, build, &record)?;
            disk::remove(record.folder())
        })
        .await
    }

    async fn forget_app(&self, app: Uuid) -> Result<()> {
        for (build, record) in record::all(&self.settings)? {
            if record.app() == Some(app) {
                self.forget(build).await?;
            }
        }
        self.aside(move |settings| disk::remove(&settings.app(app))).await?;
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
        let mut collected = self.changing.lock().await;
        warn(self.aside(sweep::sweep).await);
        if collected.is_none_or(|collected| collected.elapsed() >= COLLECT) {
            warn(self.collect(&mut collected).await);
        }
    }

    /// Does what may take long (many files, a `runc` that hangs) while the supervisor goes on.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce(&Settings) -> Result<T> + Send + 'static) -> Result<T> {
        let settings = self.settings.clone();
        tokio::task::spawn_blocking(move || work(&settings)).await?
    }

    async fn collect(&self, collected: &mut Option<Instant>) -> Result<()> {
        if garbage::is_due(&self.settings)? {
            *collected = Some(Instant::now());
            garbage::collect(&self.settings).await?;
        }
        Ok(())
    }
}

fn warn(result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(error = format!("{error:#}"), "what a build left behind stays for now");
    }
}

#[cfg(test)]
mod tests;
