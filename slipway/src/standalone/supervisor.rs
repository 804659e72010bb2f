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
    builds,
    control::{self, Answer, PartStatus, Request, Status, server::Server},
    guard,
    health::{self, Contacts},
    journal::Journal,
    keeper::{self, Handle, Order, State},
    launches,
    options::Options,
    part::Part,
    pushes::Pushes,
    restart,
    setup::Setup,
    sockets::{self, Sockets, Wanted},
    watchdog,
};

/// Time between two looks at the length of the journals.
const JOURNAL_PERIOD: Duration = Duration::from_secs(10);
/// Longest wait for a new process to serve.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two looks at it.
const PERIOD: Duration = Duration::from_millis(50);

/// A supervisor at work.
pub struct Supervisor {
    program: PathBuf,
    contacts: Contacts,
    url: String,
    listen: Vec<SocketAddr>,
    pushes: control::Pushes,
    keepers: Vec<Handle>,
    journals: Vec<Journal>,
    firewall: watch::Receiver<control::Firewall>,
    server: Server,
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
        let server = Server::open(&setup.paths.supervisor_socket()).context("cannot open the control socket")?;
        serve_builds(options, setup, program)?;
        let contacts = contacts(options, setup, &sockets);
        let launches = launches::all(options, setup, &sockets, program);
        let keepers: Vec<_> = launches.iter().map(|(part, launch)| keeper::keep(*part, launch.clone())).collect();
        for keeper in &keepers {
            watchdog::watch_over(keeper, &contacts);
        }
        Ok(Self {
            program: program.to_owned(),
            contacts,
            url: options.api_url(),
            listen: sockets::addresses(&sockets.http),
            pushes: pushes(setup, &sockets),
            journals: launches.into_iter().map(|(_, launch)| launch.journal).collect(),
            keepers,
            firewall,
            server,
        })
    }

    /// Runs until `shutdown`, or until somebody asks it to stop or to make room for a new supervisor.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<()> {
        let mut tick = tokio::time::interval(JOURNAL_PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let asked = loop {
            tokio::select! {
                () = shutdown.cancelled() => break None,
                _ = tick.tick() => self.bound_journals(),
                Some((request, answer)) = self.server.requests.recv() => match request {
                    Request::Stop => break Some(answer),
                    Request::Status => self.tell_status(answer),
                    Request::Restart { part: Some(part) } => self.restart(part, answer),
                    Request::Restart { part: None } => return self.make_room(answer).await,
                },
            }
        };
        // Who serves outsiders first, what the others need last.
        for keeper in self.keepers.into_iter().rev() {
            keeper.stop().await;
        }
        // Who asked may have gone away.
        let _ = asked.map(|answer| answer.send(Answer::Done));
        self.server.finish().await;
        Ok(())
    }

    /// Becomes a new supervisor. The parts, which nobody stops, are taken over by it.
    async fn make_room(self, answer: oneshot::Sender<Answer>) -> Result<()> {
        let _ = answer.send(Answer::Done);
        self.server.finish().await;
        tracing::info!(program = %self.program.display(), "restarting");
        restart::become_new(&self.program)
    }

    fn bound_journals(&self) {
        for journal in &self.journals {
            if let Err(error) = journal.bound() {
                tracing::warn!(%error, "cannot bound a journal");
            }
        }
    }

    fn tell_status(&self, answer: oneshot::Sender<Answer>) {
        let parts: Vec<_> = self.keepers.iter().map(|keeper| (keeper.part, keeper.state.borrow().clone())).collect();
        let (url, listen, firewall) = (self.url.clone(), self.listen.clone(), self.firewall.borrow().clone());
        let (pushes, contacts) = (self.pushes.clone(), self.contacts.clone());
        tokio::spawn(async move {
            let parts = statuses(parts, &contacts).await;
            let is_firm = !matches!(firewall, control::Firewall::Broken { .. });
            let ready = is_firm && parts.iter().all(|part| part.serving);
            let status = Status { ready, url, listen, supervisor: std::process::id(), parts, firewall, pushes };
            let _ = answer.send(Answer::Status(Box::new(status)));
        });
    }

    fn restart(&self, part: Part, answer: oneshot::Sender<Answer>) {
        let keeper = self.keepers.iter().find(|keeper| keeper.part == part);
        let keeper = keeper.map(|keeper| (keeper.orders.clone(), keeper.state.clone()));
        let contacts = self.contacts.clone();
        tokio::spawn(async move {
            let outcome = match keeper {
                Some((orders, state)) => replace(part, &orders, &state, &contacts).await,
                None => Err(anyhow!("this installation does not run its own")),
            };
            let _ = answer.send(match outcome {
                Ok(()) => Answer::Done,
                Err(error) => Answer::Failed { reason: format!("{error:#}") },
            });
        });
    }
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

async fn statuses(parts: Vec<(Part, State)>, contacts: &Contacts) -> Vec<PartStatus> {
    let mut statuses = Vec::new();
    for (part, state) in parts {
        let serving = serves(part, &state, contacts).await;
        statuses.push(PartStatus { part, serving, state });
    }
    statuses
}
