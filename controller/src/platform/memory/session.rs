//! Commands that somebody is attached to: whoever is, talks to a program that repeats what it reads.
//!
//! It repeats each line, answers `size` with the size of its terminal, ends with 0 at the end of its input, and with 130 at
//! a Ctrl-C from a terminal, which shows what is typed as well.

use std::sync::Arc;

use api::types::{SessionSignal, Size};
use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    sync::{mpsc, watch},
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use super::{
    container::{self, Container},
    logs,
    script::Script,
    world::World,
};
use crate::platform::{AppRef, Attached, Control, Error, ExecSpec, InstanceId, RunOutput, RunSpec};

/// Bytes that a program has not read, and pieces of output that nobody has.
const BUFFER: usize = 4096;
const PIECES: usize = 16;

const CTRL_C: u8 = 3;
const INTERRUPTED: i64 = 128 + 2;
const KILLED: i64 = 128 + 9;
const NOT_FOUND: i64 = 127;

/// Starts a run and attaches to it.
pub(super) fn attach(
    world: &Arc<World>,
    app: &AppRef,
    spec: &RunSpec,
    terminal: Option<Size>,
) -> Result<Attached, Error> {
    let id = container::run(world, app, spec)?;
    let (input, theirs) = duplex(BUFFER);
    let sizes = watch::Sender::new(terminal);
    let program = {
        let (world, id, sizes) = (world.clone(), id.clone(), sizes.subscribe());
        async move {
            let image = world.look(&id, |run| run.image.clone())?;
            if !world.script(&image)?.repeats {
                // It never reads, and has its input all the same.
                ended(&world, &id).await;
                drop(theirs);
                return None;
            }
            let code = repeat(theirs, sizes, &Screen::Run(world.clone(), id.clone())).await;
            world.change(&id, |run| run.end_with(code)).then_some(())
        }
    };
    // It outlives who is attached, as the run does.
    world.runtime.spawn(program);
    let control = Ways { world: world.clone(), id: id.clone(), sizes, signals: None, _program: None };
    Ok(Attached { output: logs::output(world, id), input: Box::new(input), control: Box::new(control) })
}

/// Executes a command in an instance.
pub(super) fn exec(world: &Arc<World>, app: &AppRef, id: &InstanceId, spec: &ExecSpec) -> Result<Attached, Error> {
    let found = world.look(id, |one| (one.app == app.uuid && one.is_running()).then(|| one.image.clone()));
    let image = found.flatten().ok_or(Error::Gone)?;
    let script = world.script(&image).ok_or(Error::Gone)?;
    let shell = spec.shells.iter().find(|shell| script.commands.contains_key(**shell)).ok_or_else(|| {
        let shells = spec.shells.join(", ");
        Error::Rejected(format!("A shell is needed to execute something, and the image has none of {shells}."))
    })?;
    let words = spec.start.words(shell);
    let (input, theirs) = duplex(BUFFER);
    let sizes = watch::Sender::new(spec.terminal);
    let (signals, signalled) = watch::channel(None);
    let (pieces, output) = mpsc::channel(PIECES);
    let execution = Execution { world: world.clone(), id: id.clone(), script, command: words, pieces };
    let program = AbortOnDropHandle::new(world.runtime.spawn(execution.run(theirs, sizes.subscribe(), signalled)));
    let control = Ways { world: world.clone(), id: id.clone(), sizes, signals: Some(signals), _program: Some(program) };
    let output: BoxStream<_> = ReceiverStream::new(output).map(Ok).boxed();
    Ok(Attached { output, input: Box::new(input), control: Box::new(control) })
}

/// A command in an instance.
struct Execution {
    world: Arc<World>,
    id: InstanceId,
    script: Script,
    command: Vec<String>,
    pieces: mpsc::Sender<RunOutput>,
}

impl Execution {
    async fn run(
        self,
        input: DuplexStream,
        sizes: watch::Receiver<Option<Size>>,
        mut signals: watch::Receiver<Option<SessionSignal>>,
    ) {
        let code = tokio::select! {
            code = self.program(input, sizes) => code,
            Ok(signal) = signals.wait_for(Option::is_some) => signal.map_or(0, code_of),
            () = ended(&self.world, &self.id) => KILLED,
        };
        // Nobody need be listening any more.
        let _ = self.pieces.send(RunOutput::Exited(code)).await;
    }

    async fn program(&self, input: DuplexStream, sizes: watch::Receiver<Option<Size>>) -> i64 {
        if !self.script.repeats {
            let name = self.command.first().map(String::as_str).unwrap_or_default();
            return self.script.commands.get(name).copied().unwrap_or(NOT_FOUND);
        }
        repeat(input, sizes, &Screen::Exec(self.pieces.clone())).await
    }
}

/// Waits until a container does not run any more.
async fn ended(world: &World, id: &InstanceId) {
    let mut versions = world.version.subscribe();
    while world.look(id, Container::is_running) == Some(true) {
        if versions.changed().await.is_err() {
            return;
        }
    }
}

/// Where the program writes.
enum Screen {
    Run(Arc<World>, InstanceId),
    Exec(mpsc::Sender<RunOutput>),
}

impl Screen {
    /// Writes a line; false when nobody is there any more.
    async fn write(&self, text: String) -> bool {
        match self {
            Self::Run(world, id) => world.change(id, |run| run.write(&[text], false)),
            Self::Exec(pieces) => pieces.send(RunOutput::Stdout(format!("{text}\n").into())).await.is_ok(),
        }
    }
}

/// The program. Answers its exit code.
async fn repeat(mut input: DuplexStream, sizes: watch::Receiver<Option<Size>>, screen: &Screen) -> i64 {
    let mut line = Vec::new();
    while let Ok(byte) = input.read_u8().await {
        let size = *sizes.borrow();
        match (byte, size) {
            (CTRL_C, Some(_)) => return INTERRUPTED,
            (b'\n', size) => {
                let typed = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                let shown = size.is_some().then(|| typed.clone());
                let answer = match (typed.as_str(), size) {
                    ("size", Some(size)) => format!("{} {}", size.rows, size.columns),
                    ("size", None) => "no terminal".to_owned(),
                    _ => typed,
                };
                for text in shown.into_iter().chain([answer]) {
                    if !screen.write(text).await {
                        return KILLED;
                    }
                }
            }
            _ => line.push(byte),
        }
    }
    0
}

/// The ways to a command beside its streams.
struct Ways {
    world: Arc<World>,
    id: InstanceId,
    sizes: watch::Sender<Option<Size>>,
    /// To a command in an instance; a run gets its own.
    signals: Option<watch::Sender<Option<SessionSignal>>>,
    _program: Option<AbortOnDropHandle<()>>,
}

#[async_trait]
impl Control for Ways {
    async fn resize(&mut self, size: Size) -> Result<(), Error> {
        self.sizes.send_if_modified(|now| now.replace(size).is_some());
        Ok(())
    }

    async fn signal(&mut self, signal: SessionSignal) -> Result<(), Error> {
        match &self.signals {
            Some(signals) => drop(signals.send_replace(Some(signal))),
            None => drop(self.world.change(&self.id, |run| {
                if run.is_running() {
                    run.end_with(code_of(signal));
                }
            })),
        }
        Ok(())
    }
}

fn code_of(signal: SessionSignal) -> i64 {
    128 + i64::from(signal.number())
}
