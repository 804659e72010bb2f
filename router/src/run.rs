//! A router's life: start with the last good table, serve, and stop without failing anybody.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    client::{self, Admission},
    config::Config,
    control::{Control, Status},
    listen::{Listener, Listeners},
    platform,
    shared::Shared,
    source::{Follower, Internal, Replica, Reporter, Standing, TableFile},
    watch::SWEEP,
};

/// How long a stop may last beyond its grace, all in all.
const LAST_MOMENTS: Duration = Duration::from_millis(900);
/// How much of that clients of websockets have for their goodbye.
const FAREWELL: Duration = Duration::from_millis(500);
/// How much of that what was given up has to notice.
const NOTICE: Duration = Duration::from_millis(100);
/// Descriptors that are neither a client's connection nor one to an instance.
const OTHER_DESCRIPTORS: u64 = 64;

/// Serves on `listeners` until `shutdown`, then finishes what is under way, for at most [`crate::Timeouts::drain`].
///
/// Needs a tokio runtime with time and I/O. A listening socket stays open as long as somebody else has it, too: what
/// arrives after the end waits there for the next router. Upgraded connections that outlast the drain are closed; clients of
/// websockets are told that the server is going away (1001).
pub async fn run(config: Config, listeners: Listeners, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut router = Router::start(&config, listeners)?;
    let result = tokio::select! {
        failed = router.failed() => failed,
        () = shutdown.cancelled() => Ok(()),
    };
    router.stop().await;
    result
}

/// A running router.
struct Router {
    shared: Arc<Shared>,
    /// What accepts the connections of clients.
    acceptors: TaskTracker,
    /// The connections of clients.
    connections: TaskTracker,
    /// What runs as long as the router does.
    tasks: JoinSet<anyhow::Result<()>>,
    accepting: CancellationToken,
    following: CancellationToken,
    reporter: Option<JoinHandle<()>>,
}

impl Router {
    fn start(config: &Config, listeners: Listeners) -> anyhow::Result<Self> {
        let file = config.table_file.as_ref().map(|path| TableFile::new(path, &config.table_key));
        let replica = first_table(config, file.as_ref());
        let shared = Arc::new(Shared::new(config)?);
        shared.publish(&replica.apps);
        let mut router = Self {
            shared,
            acceptors: TaskTracker::new(),
            connections: TaskTracker::new(),
            tasks: JoinSet::new(),
            accepting: CancellationToken::new(),
            following: CancellationToken::new(),
            reporter: None,
        };
        let id = Uuid::new_v4();
        let standing = router.follow(config, replica, file, id);
        router.answer_supervisors(config, &listeners, standing, id)?;
        router.tasks.spawn(sweep(router.shared.clone()));
        if let Some(platform) = config.platform_certificate.clone() {
            let shared = router.shared.clone();
            router.tasks.spawn(async move {
                platform::keep(shared, platform).await;
                Ok(())
            });
        }
        router.accept(listeners)?;
        Ok(router)
    }

    /// Begins to follow the controller, if there is one.
    fn follow(
        &mut self,
        config: &Config,
        replica: Replica,
        file: Option<TableFile>,
        router: Uuid,
    ) -> watch::Receiver<Standing> {
        let first = Standing { replica: Arc::new(replica.clone()), connected: false };
        let (sender, standing) = watch::channel(first);
        if let Some(socket) = &config.internal_socket {
            let internal = Internal::new(socket.clone(), config.credential.clone());
            let follower = Follower::new(self.shared.clone(), internal.clone(), replica, sender);
            let stop = self.following.clone();
            self.tasks.spawn(async move {
                follower.run(stop).await;
                Ok(())
            });
            let reporter = Reporter { shared: self.shared.clone(), internal, file, router, standing: standing.clone() };
            self.reporter = Some(tokio::spawn(reporter.run(self.following.clone())));
        }
        standing
    }

    fn answer_supervisors(
        &mut self,
        config: &Config,
        listeners: &Listeners,
        standing: watch::Receiver<Standing>,
        router: Uuid,
    ) -> anyhow::Result<()> {
        let Some(path) = &config.control_socket else { return Ok(()) };
        let clone = |listener: &Listener| Ok((listener.name.clone(), listener.socket.try_clone()?));
        let sockets = listeners.0.iter().map(clone).collect::<anyhow::Result<_>>()?;
        let (shared, connections) = (self.shared.clone(), self.connections.clone());
        let status = move || {
            let Standing { replica, connected } = standing.borrow().clone();
            Status {
                router,
                epoch: replica.epoch,
                version: replica.version,
                connected,
                apps: replica.apps.len(),
                connections: connections.len(),
                draining: shared.draining(),
            }
        };
        let control = Control { sockets, status: Box::new(status) };
        self.tasks.spawn(control.serve(Control::listen(path)?));
        Ok(())
    }

    fn accept(&mut self, listeners: Listeners) -> anyhow::Result<()> {
        let limits = self.shared.limits;
        let most = limits.connections.min(affordable_connections());
        let admission = Arc::new(Admission::new(most, limits.connections_per_address));
        for Listener { name, protocol, socket } in listeners.0 {
            let listener = listener(socket).with_context(|| format!("cannot accept on the socket {name}"))?;
            self.tasks.spawn(self.acceptors.track_future(client::accept(
                self.shared.clone(),
                listener,
                protocol,
                admission.clone(),
                self.connections.clone(),
                self.accepting.clone(),
            )));
        }
        Ok(())
    }

    /// Returns when something has ended that should not have.
    async fn failed(&mut self) -> anyhow::Result<()> {
        match self.tasks.join_next().await {
            Some(ended) => ended?.and_then(|()| bail!("a part of the router ended")),
            None => bail!("the router has nothing to do"),
        }
    }

    /// Finishes what is under way, while the controller is told of it, and leaves.
    async fn stop(mut self) {
        self.shared.drain();
        self.accepting.cancel();
        self.acceptors.close();
        // Until they have ended, there may be one more connection.
        self.acceptors.wait().await;
        self.connections.close();
        tracing::info!(connections = self.connections.len(), "stopping: finishing what is under way");
        let finished = timeout(self.shared.timeouts.drain, self.connections.wait()).await.is_ok();
        let end = Instant::now() + LAST_MOMENTS;
        if !finished {
            self.give_up().await;
        }
        self.following.cancel();
        if let Some(reporter) = self.reporter.take() {
            let _reported = timeout_at(end, reporter).await;
        }
        self.tasks.shutdown().await;
    }

    /// Closes what is still under way, and says so where there are words for it.
    async fn give_up(&self) {
        tracing::warn!(connections = self.connections.len(), "giving up what is still under way");
        self.shared.watches.leave();
        let _answered = timeout(FAREWELL, self.connections.wait()).await;
        self.shared.watches.expire_all();
        // A connection that does not notice is closed with the process.
        let _noticed = timeout(NOTICE, self.connections.wait()).await;
    }
}

/// The table to begin with. A table that cannot be read is no reason not to start: the controller has it, too.
fn first_table(config: &Config, file: Option<&TableFile>) -> Replica {
    if let Some(apps) = &config.initial {
        return Replica::of(apps.clone());
    }
    match file.map_or(Ok(None), TableFile::load) {
        Ok(Some(replica)) => {
            tracing::info!(apps = replica.apps.len(), version = replica.version, "serving the last good table");
            replica
        }
        Ok(None) => Replica::default(),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(error, "starting without routes; they come from the controller");
            Replica::default()
        }
    }
}

fn listener(socket: std::net::TcpListener) -> std::io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

/// Raises the limit of open files as far as one may; a connection needs two of them, the client's and the instance's.
fn affordable_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    let files = files.unwrap_or(u64::MAX).saturating_sub(OTHER_DESCRIPTORS);
    usize::try_from(files / 2).unwrap_or(usize::MAX).max(1)
}

/// Looks after deadlines and unused connections.
async fn sweep(shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut interval = tokio::time::interval(SWEEP);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        shared.watches.sweep(shared.idle_until());
        shared.close_unused();
    }
}
