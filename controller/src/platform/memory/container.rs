//! One container: what is known of it, and the task that plays its image's script.

use std::{future::pending, net::IpAddr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use ipnet::Ipv4Net;
use tokio::{
    sync::watch,
    time::{interval, sleep},
};
use uuid::Uuid;

use super::{script::Script, world::World};
use crate::platform::{
    AppRef, ContainerSpec, Error, Exit, Instance, InstanceId, InstanceSpec, InstanceState, LogLine, RunSpec, health,
};

/// Until the first restart; each further one takes twice as long, as with the Docker Engine.
const BACK_OFF: Duration = Duration::from_millis(100);

/// What a shell answers for a command that does not exist.
const NOT_FOUND: i64 = 127;
const KILLED: i64 = 128 + 9;
const TERMINATED: i64 = 128 + 15;

/// An entry of the table.
pub(super) struct Container {
    pub(super) app: Uuid,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) image: String,
    pub(super) state: InstanceState,
    pub(super) output: Vec<Output>,
    /// The last signal that was sent; after the first there is no restart.
    pub(super) signals: watch::Sender<Option<Signal>>,
    restarts: u32,
    started_at: Option<DateTime<Utc>>,
    pub(super) last_exit: Option<Exit>,
    /// What it has used of a processor, beside what its script says.
    pub(super) worked: Duration,
}

#[expect(clippy::large_enum_variant, reason = "most are instances")]
pub(super) enum Kind {
    Instance(InstanceSpec),
    Run,
}

/// One line that a container wrote.
#[derive(Clone)]
pub(super) struct Output {
    pub(super) line: LogLine,
    pub(super) is_error: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Signal {
    Term,
    Kill,
    /// Its program has ended with this code.
    Exit(i64),
}

impl Container {
    fn new(app: &AppRef, name: &str, image: &str, kind: Kind) -> Self {
        Self {
            app: app.uuid,
            name: name.to_owned(),
            kind,
            image: image.to_owned(),
            state: InstanceState::Created,
            output: Vec::new(),
            signals: watch::Sender::new(None),
            restarts: 0,
            started_at: None,
            last_exit: None,
            worked: Duration::ZERO,
        }
    }

    /// True when it may be on a network with these addresses.
    pub(super) fn fits(&self, subnet: Ipv4Net) -> bool {
        match &self.kind {
            Kind::Instance(InstanceSpec { address: Some(IpAddr::V4(address)), .. }) => subnet.contains(address),
            Kind::Instance(_) | Kind::Run => true,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == InstanceState::Running
    }

    pub(super) fn is_instance(&self) -> bool {
        matches!(self.kind, Kind::Instance(_))
    }

    pub(super) fn instance(&self, id: &InstanceId, spec: &InstanceSpec) -> Instance {
        Instance {
            id: id.clone(),
            name: self.name.clone(),
            process_type: spec.process_type.clone(),
            release: spec.release,
            state: self.state,
            readiness: health::of_state(self.state),
            liveness_failure: None,
            restarts: self.restarts,
            started_at: self.started_at,
            last_exit: self.last_exit.clone(),
        }
    }

    pub(super) fn age(&self) -> Duration {
        self.started_at.and_then(|at| (Utc::now() - at).to_std().ok()).unwrap_or_default()
    }

    /// Its program has ended.
    pub(super) fn end_with(&mut self, code: i64) {
        self.signals.send_replace(Some(Signal::Exit(code)));
    }

    fn begin(&mut self, script: &Script) {
        self.restarts += u32::from(self.started_at.is_some());
        self.started_at = Some(Utc::now());
        self.worked = Duration::ZERO;
        self.state = InstanceState::Running;
        self.write(&script.prints, false);
        self.write(&script.complains, true);
    }

    fn end(&mut self, code: i64, script: &Script, again: bool) {
        let out_of_memory = script.out_of_memory;
        self.state = if again { InstanceState::Restarting } else { InstanceState::Ended };
        self.last_exit = Some(Exit { code, out_of_memory, at: Utc::now() });
    }

    pub(super) fn write(&mut self, lines: &[String], is_error: bool) {
        for text in lines {
            // No two lines bear the same time: a reader resumes by it.
            let last = self.output.last().map(|output| output.line.at + chrono::TimeDelta::nanoseconds(1));
            let at = last.unwrap_or_default().max(Utc::now());
            self.output.push(Output { line: LogLine { at, text: text.clone() }, is_error });
        }
    }
}

/// Creates the instance if it does not exist, and starts it if it never was.
pub(super) fn start(world: &Arc<World>, app: &AppRef, spec: &InstanceSpec) -> Result<(), Error> {
    let script = runnable(world, &spec.container)?;
    let container = Container::new(app, &spec.name, &spec.container.image, Kind::Instance(spec.clone()));
    let id = world.create(app, container)?;
    play(world, id, script);
    Ok(())
}

/// Creates and starts a run.
pub(super) fn run(world: &Arc<World>, app: &AppRef, spec: &RunSpec) -> Result<InstanceId, Error> {
    let script = runnable(world, &spec.container)?;
    let id = world.create(app, Container::new(app, &spec.name, &spec.container.image, Kind::Run))?;
    play(world, id.clone(), script);
    Ok(id)
}

fn runnable(world: &World, spec: &ContainerSpec) -> Result<Script, Error> {
    let script = world.script(&spec.image).ok_or_else(|| {
        Error::Rejected(format!("the image {} is no longer on this machine; deploy it again", spec.image))
    })?;
    match spec.entrypoint.as_ref().and_then(|entrypoint| entrypoint.first()) {
        Some(command) if !script.commands.contains_key(command) => Ok(Script {
            complains: vec![format!("exec {command} failed: No such file or directory")],
            ..Script::exits(NOT_FOUND, &[])
        }),
        _ => Ok(script),
    }
}

/// Starts the first life in the caller's time, so that it is observed once the call has returned.
fn play(world: &Arc<World>, id: InstanceId, script: Script) {
    let fresh = world.look(&id, |container| container.state == InstanceState::Created);
    if fresh == Some(true) && world.change(&id, |container| container.begin(&script)) {
        drop(world.runtime.spawn(live(world.clone(), id, script)));
    }
}

async fn live(world: Arc<World>, id: InstanceId, mut script: Script) -> Option<()> {
    let (mut signals, restarts, image) =
        world.look(&id, |one| (one.signals.subscribe(), one.is_instance(), one.image.clone()))?;
    let mut pause = BACK_OFF;
    loop {
        let code = one_life(&world, &id, &script, &mut signals).await;
        let again = restarts && signals.borrow().is_none();
        world.change(&id, |container| container.end(code, &script, again)).then_some(())?;
        again.then_some(())?;
        tokio::select! {
            () = sleep(pause) => {}
            _ = signals.changed() => {
                world.change(&id, |container| container.state = InstanceState::Ended);
                return None;
            }
        }
        pause *= 2;
        script = world.script(&image).unwrap_or(script);
        world.change(&id, |container| container.begin(&script)).then_some(())?;
    }
}

/// Answers the exit code of one life.
async fn one_life(
    world: &World,
    id: &InstanceId,
    script: &Script,
    signals: &mut watch::Receiver<Option<Signal>>,
) -> i64 {
    tokio::select! {
        code = by_itself(script) => code,
        code = by_signal(signals, script.ignores_term) => code,
        () = talk(world, id, script) => KILLED,
    }
}

async fn by_itself(script: &Script) -> i64 {
    match script.ends {
        Some((after, code)) => {
            sleep(after).await;
            code
        }
        None => pending().await,
    }
}

async fn by_signal(signals: &mut watch::Receiver<Option<Signal>>, ignores_term: bool) -> i64 {
    let deadly = |signal: &Option<Signal>| match signal {
        Some(Signal::Kill | Signal::Exit(_)) => true,
        Some(Signal::Term) => !ignores_term,
        None => false,
    };
    match signals.wait_for(deadly).await.map(|signal| *signal) {
        Ok(Some(Signal::Term)) => TERMINATED,
        Ok(Some(Signal::Exit(code))) => code,
        // Without a sender the container is gone.
        Ok(_) | Err(_) => KILLED,
    }
}

/// Writes on and on, until the container is gone.
async fn talk(world: &World, id: &InstanceId, script: &Script) {
    let Some(period) = script.talks else { return pending().await };
    let mut ticks = interval(period);
    let mut count = 0_u64;
    loop {
        ticks.tick().await;
        if !world.change(id, |container| container.write(&[format!("line {count}")], false)) {
            return;
        }
        count += 1;
    }
}
