//! The pre-receive hook: what git runs, in a process of its own, once it has received a push and before it takes it.
//!
//! The new objects lie in a quarantine that only this process and its children see. When it ends with anything but 0,
//! they are gone and no branch has moved, so that the same commit can be pushed again.

mod archive;
mod follow;
mod mark;
mod order;
mod screen;
mod tree;
mod updates;

use std::{
    io::{self, Read},
    process::ExitCode,
};

use anyhow::{Context, Result};
use api::push::StartBuild;
use git2::Repository;

use self::{follow::Follower, screen::Screen, tree::Tree, updates::Update};
pub(crate) use self::{
    mark::Mark,
    order::{ORDER, Order},
};
use crate::client::Controller;

/// The name by which git starts its hook.
pub const NAME: &str = "pre-receive";
/// More than a push of one branch ever says.
const UPDATES_BYTES: u64 = 64 * 1024;

/// Was this program started as the hook?
#[must_use]
pub fn is_called() -> bool {
    let name = std::env::args_os().next();
    name.is_some_and(|name| std::path::Path::new(&name).file_name().is_some_and(|name| name == NAME))
}

/// Runs the hook on what git gave this process: environment, standard input, standard error.
#[must_use]
pub fn run() -> ExitCode {
    let mut screen = Screen::new(io::stderr());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.context("cannot start").and_then(|runtime| runtime.block_on(deploy(&mut screen)));
    match ended {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Refused(words))) => fail(&mut screen, &words),
        Err(error) => fail(&mut screen, &format!("The builder failed: {error:#}.\nPush again, or ask the operator.")),
    }
}

fn fail(screen: &mut Screen<io::Stderr>, words: &str) -> ExitCode {
    // Who does not listen any more cannot be told that either.
    let _ = screen.print(words);
    ExitCode::FAILURE
}

/// Why there is no release, for the pusher.
#[derive(Debug, PartialEq, Eq)]
struct Refused(String);

async fn deploy(screen: &mut Screen<io::Stderr>) -> Result<Result<(), Refused>> {
    let order = Order::from_env()?;
    let mut text = String::new();
    io::stdin().take(UPDATES_BYTES).read_to_string(&mut text).context("cannot read what is pushed")?;
    let update = match Update::only(&text) {
        Ok(update) => update,
        Err(refused) => return Ok(Err(refused)),
    };
    let tree = match Tree::examine(&Repository::open_from_env()?, update.new)? {
        Ok(tree) => tree,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(note) = tree.note() {
        screen.print(&note)?;
    }
    build(&order, &update, &tree, screen).await
}

async fn build(
    order: &Order,
    update: &Update<'_>,
    tree: &Tree,
    screen: &mut Screen<io::Stderr>,
) -> Result<Result<(), Refused>> {
    let controller = Controller::new(&order.socket, &order.credential_file)?;
    let mark = Mark::at(&order.mark);
    let build = StartBuild {
        app: order.app,
        holder: order.holder,
        public: order.public.clone(),
        sha: update.new.to_owned(),
        dockerfile: tree.dockerfile,
        procfile: tree.procfile,
    };
    let source = archive::stream(update.new, mark.clone(), update.reference.to_owned())?;
    let started = match controller.start(&build, source).await {
        Ok(started) => started,
        Err(error) => return Ok(Err(Refused(error.words()))),
    };
    screen.print("Starting build... but first, coffee!")?;
    let outcome = Follower::new(&controller, started.build, screen).run().await?;
    if outcome.is_ok() {
        mark.finish(update.reference)?;
    }
    Ok(outcome)
}
