//! The supervisor's loop: keepers, journals, firewall rules and the control socket together.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{
    builds, certificate,
    control::{
        self, Answer, PartStatus, Request, Status,
        server::{Reply, Server},
    },
    guard,
    health::{self, Contacts},
    journal::Journal,
    keeper::{self, Handle, Order, State},
    launches,
    options::Options,
    part::Part,
    paths::Paths,
    process::{self, Launch},
    pushes::Pushes,
    setup::Setup,
    sockets::{self, Sockets, Wanted},
    trial::{Step, Trial},
    upgrade::{Overseer, Staged, program},
    watchdog,
};
use crate::version;

/// Time between two looks at the length of the journals.
const JOURNAL_PERIOD: Duration = Duration::from_secs(10);
/// Longest wait for a new process to serve.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two looks at it.
const PERIOD: Duration = Duration::from_millis(50);

/// A supervisor at work.
pub struct Supervisor {
    program: PathBuf,
    paths: Paths,
    contacts: Contacts,
    url: String,
    listen: Vec<SocketAddr>,
    pushes: control::Pushes,
    keepers: Vec<Handle>,
    journals: Vec<Journal>,
    firewall: watch::Receiver<control::Firewall>,
    server: Server,
    trial: bool,
}

/// How it ended.
pub enum End {
    /// Every part was stopped.
    Stopped,
    /// A new supervisor takes the parts over, which nobody stops.
    Restart(PathBuf),
    /// Another program takes them over, if it proves good.
    Upgrade(Box<Overseer>),
}

impl Supervisor {
    /// Writes the rules, opens the control socket, adopts or starts the parts.
    pub async fn start(
        options: &Options,
        wanted: &Wanted,
        setup: &Setup,
        sockets: Sockets,
        program: &Path,
    ) -> Result<Self> {
        // Before anything runs that the rules must hold.
        let firewall = guard::keep(options, wanted, setup.builds).await;
        certificate::keep(&options.certificate, setup)?;
        let server = Server::open(&setup.paths.supervisor_socket()).context("cannot open the control socket")?;
        serve_builds(options, setup, program)?;
        let contacts = contacts(options, setup, &sockets);
        let launches = launches::all(options, setup, &sockets, program);
        let keepers = keep(options, &launches, &contacts, &firewall)?;
        Ok(Self {
            program: program.to_owned(),
            paths: setup.paths.clone(),
            contacts,
            url: options.api_url(),
            listen: sockets::addresses(&sockets.http),
            pushes: pushes(setup, &sockets),
            journals: launches.into_iter().map(|(_, launch)| launch.journal).collect(),
            keepers,
            firewall,
            server,
            trial: options.trial.is_some(),
        })
    }

    /// Runs until `shutdown`, or until somebody asks it to stop or to make room for another supervisor.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<End> {
        let mut tick = tokio::time::interval(JOURNAL_PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let asked = loop {
            tokio::select! {
                () = shutdown.cancelled() => break None,
                _ = tick.tick() => self.bound_journals(),
                Some((request, reply)) = self.server.requests.recv() => match request {
                    Request::Stop => break Some(reply),
                    Request::Status => self.tell_status(reply),
                    Request::Restart { .. } | Request::Upgrade { .. } if self.trial => refuse(reply).await,
                    Request::Restart { part: Some(part) } => self.restart(part, reply),
                    Request::Restart { part: None } => return Ok(self.make_room(reply).await),
                    Request::Upgrade { binary, patience } => {
                        if let Some(overseer) = self.upgrade(binary, patience, reply).await {
                            return Ok(End::Upgrade(Box::new(overseer)));
                        }
                    }
                },
            }
        };
        // Who serves outsiders first, what the others need last.
        for keeper in self.keepers.into_iter().rev() {
            keeper.stop().await;
        }
        if let Some(mut reply) = asked {
            reply.give(&Answer::Done).await;
        }
        Ok(End::Stopped)
    }

    /// Lets a new supervisor take over the parts, which nobody stops.
    async fn make_room(self, mut reply: Reply) -> End {
        reply.give(&Answer::Done).await;
        tracing::info!(program = %self.program.display(), "restarting");
        End::Restart(self.program)
    }

    /// Checks and prepares an upgrade; nothing when there is none.
    async fn upgrade(&self, binary: Option<PathBuf>, patience: u64, mut reply: Reply) -> Option<Overseer> {
        let staged = match self.status().await {
            status if status.ready => Staged::make(&self.program, binary).await,
            _ => Err(anyhow!(
                "not everything serves, so that nobody could tell whether the new one does; see `slipway status`"
            )),
        };
        let answer = match staged {
            Ok(Some(staged)) => match Overseer::new(staged, patience, reply, &self.paths).await {
                Ok(overseer) => return Some(overseer),
                Err(error) => {
                    tracing::error!(%error, "whoever asked for an upgrade cannot be answered");
                    return None;
                }
            },
            Ok(None) => Answer::Done,
            Err(error) => Answer::Failed { reason: format!("{error:#}") },
        };
        reply.give(&answer).await;
        None
    }

    fn bound_journals(&self) {
        for journal in &self.journals {
            if let Err(error) = journal.bound() {
                tracing::warn!(%error, "cannot bound a journal");
            }
        }
    }

    fn tell_status(&self, mut reply: Reply) {
        let status = self.status();
        tokio::spawn(async move {
            let status = status.await;
            reply.give(&Answer::Status(Box::new(status))).await;
        });
    }

    fn status(&self) -> impl Future<Output = Status> + use<> {
        let parts: Vec<_> = self.keepers.iter().map(|keeper| (keeper.part, keeper.state.borrow().clone())).collect();
        let (url, listen, firewall) = (self.url.clone(), self.listen.clone(), self.firewall.borrow().clone());
        let (pushes, contacts) = (self.pushes.clone(), self.contacts.clone());
        let (program, trial) = (self.program.clone(), self.trial);
        async move {
            let parts = statuses(parts, &contacts, &program).await;
            let is_firm = !matches!(firewall, control::Firewall::Broken { .. });
            let ready = is_firm && parts.iter().all(|part| part.serving);
            let (supervisor, version) = (std::process::id(), version::own().to_owned());
            Status { ready, url, listen, supervisor, version, trial, parts, firewall, pushes }
        }
    }

    fn restart(&self, part: Part, mut reply: Reply) {
        let keeper = self.keepers.iter().find(|keeper| keeper.part == part);
        let keeper = keeper.map(|keeper| (keeper.orders.clone(), keeper.state.clone()));
        let contacts = self.contacts.clone();
        tokio::spawn(async move {
            let outcome = match keeper {
                Some((orders, state)) => replace(part, &orders, &state, &contacts).await,
                None => Err(anyhow!("this installation does not run its own")),
            };
            let answer = match outcome {
                Ok(()) => Answer::Done,
                Err(error) => Answer::Failed { reason: format!("{error:#}") },
            };
            reply.give(&answer).await;
        });
    }
}

async fn refuse(mut reply: Reply) {
    let reason = "an upgrade is under way; see `slipway status`".to_owned();
    reply.give(&Answer::Failed { reason }).await;
}

/// Starts a keeper a part, each watched over; on trial, also what tells the outcome.
fn keep(
    options: &Options,
    launches: &[(Part, Launch)],
    contacts: &Contacts,
    firewall: &watch::Receiver<control::Firewall>,
) -> Result<Vec<Handle>> {
    let trial = options.trial.map(|seconds| Trial::new(Duration::from_secs(seconds), contacts.clone()));
    if trial.is_some() {
        Step::Begun.tell().context("nobody watches over this trial")?;
    }
    let ticket = |place| trial.as_ref().map(|trial| trial.ticket(place));
    let places = launches.iter().enumerate();
    let keepers: Vec<_> =
        places.map(|(place, (part, launch))| keeper::keep(*part, launch.clone(), ticket(place))).collect();
    for keeper in &keepers {
        watchdog::watch_over(keeper, contacts);
    }
    if let Some(ticket) = ticket(keepers.len()) {
        let states = keepers.iter().map(|keeper| (keeper.part, keeper.state.clone())).collect();
        tokio::spawn(ticket.conclude(states, firewall.clone()));
    }
    Ok(keepers)
}

/// Serves the controller's requests about builds, for as long as this supervisor lives.
fn serve_builds(options: &Options, setup: &Setup, program: &Path) -> Result<()> {
    if setup.pushes.registry().is_none() {
        return Ok(());
    }
    let settings = builds::Settings::of(options, setup, program)?;
    tokio::spawn(async move {
        // Ends with the runtime: builds go on, and the next supervisor serves them.
        if let Err(error) = builds::serve(settings, CancellationToken::new()).await {
            tracing::error!(error = format!("{error:#}"), "nothing can be built");
        }
    });
    Ok(())
}

fn contacts(options: &Options, setup: &Setup, sockets: &Sockets) -> Contacts {
    Contacts {
        paths: setup.paths.clone(),
        ssh: sockets::addresses(&sockets.ssh).first().copied(),
        registry: options.pushes.registry_listen.into(),
    }
}

fn pushes(setup: &Setup, sockets: &Sockets) -> control::Pushes {
    match &setup.pushes {
        Pushes::On { .. } => control::Pushes::On { listen: sockets::addresses(&sockets.ssh) },
        Pushes::Off { reason } => control::Pushes::Off { reason: reason.clone() },
    }
}

/// Has the part replaced, and waits until its new process serves.
async fn replace(
    part: Part,
    orders: &mpsc::Sender<Order>,
    state: &watch::Receiver<State>,
    contacts: &Contacts,
) -> Result<()> {
    let (sender, replaced) = oneshot::channel();
    orders.send(Order::Replace(sender)).await.context("it is being stopped")?;
    replaced.await.context("it was stopped meanwhile")??;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = state.borrow().clone();
        if serves(part, &now, contacts).await {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the new process does not serve; see its journal");
        tokio::time::sleep(PERIOD).await;
    }
}

async fn serves(part: Part, state: &State, contacts: &Contacts) -> bool {
    match state.pid {
        Some(pid) => health::is_serving(part, pid, contacts).await,
        None => false,
    }
}

async fn statuses(parts: Vec<(Part, State)>, contacts: &Contacts, program: &Path) -> Vec<PartStatus> {
    let mut statuses = Vec::new();
    for (part, state) in parts {
        let serving = serves(part, &state, contacts).await;
        let version = match state.pid.filter(|_| part.is_ours()) {
            Some(pid) if process::runs(pid, program) => Some(version::own().to_owned()),
            Some(pid) => program::version(&Path::new("/proc").join(pid.to_string()).join("exe")).await.ok(),
            None => None,
        };
        statuses.push(PartStatus { part, serving, version, state });
    }
    statuses
}
