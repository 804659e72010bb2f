//! Parts of the platform die in the middle of pushes. Whoever pushes is never told of a success that did not come, the release
//! before serves on, and nothing is left lying about.

use std::{
    fs,
    process::{Child, Command},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};
use tests::{dockerd::Dockerd, git::Repository, program, standalone::Ground, user::User, wait};

use super::{SMALL, Stage, pushed};

/// About as long as a small push takes.
const PUSH: u64 = 5000;
/// Who dies. Each as often as the others; at full size each several times, else five of them.
const VICTIMS: [&str; 8] =
    ["builder", "controller", "engine", "supervisor", "client", "postgres", "registry", "runner"];
/// How long an engine is away.
const ABSENCE: u64 = 3000;
/// Within this time the push lock of a builder that died is free, and the push after it done.
const LOCK: Duration = Duration::from_secs(75);
/// Within this time a platform of which something died has put everything in order again.
const ORDER: Duration = Duration::from_mins(1);

#[test]
fn a_push_in_which_something_dies() -> Result<()> {
    let mut engine = Dockerd::start()?;
    let mut stage = Stage::set_on(Ground { stack: true, engine: Some(engine.socket()), ..Ground::default() })?;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    let seed = rand::random();
    println!("seed {seed}");
    let watch = Watch::begin(&stage);
    let mut dice = StdRng::seed_from_u64(seed);
    let mut victims = VICTIMS;
    victims.shuffle(&mut dice);
    for round in 0..if tests::prove() { 100 } else { 5 } {
        let before = releases(&stage)?;
        let text = format!("round {round}");
        blog.write("Dockerfile", &SMALL.replace("Slipway", &text))?;
        blog.commit(&text)?;
        let push = blog.begin_push()?;
        let (victim, moment) = (victims[round % victims.len()], dice.random_range(0..PUSH));
        println!("{text}: {victim} dies after {moment} ms");
        if victim != "runner" {
            wait::let_pass(Duration::from_millis(moment));
        }
        let push = match victim {
            "client" => kill(push)?,
            "engine" => lose(&mut engine, push)?,
            "runner" => cut_off(&stage, push, moment)?,
            part => strike(&mut stage, part, push)?,
        };
        let output = push.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        in_order(&stage).with_context(|| format!("{text}: {said}"))?;
        let after = releases(&stage)?;
        ensure!(!output.status.success() || after > before, "{text}: a success without a release: {said}");
        let (status, body) = stage.answer("blog")?;
        ensure!(status == 200 && body.starts_with("Powered by "), "{text}: {status} {body}");
        // Whatever became of it, the next one gets there, once the lock of a killed builder is free.
        blog.commit("Once more")?;
        pushed_in_the_end(&blog).context(text.clone())?;
        stage.is_served("blog", &format!("Powered by {text}"))?;
    }
    watch.end()
}

#[test]
fn a_stop_in_the_midst_of_a_push() -> Result<()> {
    let mut stage = Stage::set()?;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    blog.write("Dockerfile", "FROM slipway-stack\nRUN sleep 600\n")?;
    blog.commit("Take long")?;
    let push = blog.begin_push()?;
    let building = || Ok(stage.user.does(&["builds", "-a", "blog"])?.contains("building").then_some(()));
    wait::until("the build runs", ORDER, building)?;
    stage.platform.stop_and_start()?;
    let output = push.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "{said}");
    stage.is_served("blog", "Powered by Slipway")?;
    stage.user.does(&["builds:cancel", "-a", "blog"])?;
    in_order(&stage)?;
    blog.write("Dockerfile", &SMALL.replace("Slipway", "a later push"))?;
    blog.commit("Be quick")?;
    pushed_in_the_end(&blog)?;
    stage.is_served("blog", "Powered by a later push")
}

/// Somebody who visits the app all the time.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Watch {
    fn begin(stage: &Stage) -> Self {
        let (stop, url) = (Arc::new(AtomicBool::new(false)), stage.platform.app_url("blog"));
        let ended = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut failures = Vec::new();
            while !ended.load(Relaxed) {
                match User::new().and_then(|visitor| visitor.curl(&url)) {
                    Ok((200, body)) if body.starts_with("Powered by ") => {}
                    other => failures.push(format!("{other:?}")),
                }
            }
            failures
        });
        Self { stop, thread }
    }

    fn end(self) -> Result<()> {
        self.stop.store(true, Relaxed);
        let failures = self.thread.join().ok().context("the visitor panicked")?;
        ensure!(failures.is_empty(), "{} visits failed: {:?}", failures.len(), failures.first());
        Ok(())
    }
}

/// Pushes, once the lock is free that a dead builder held.
fn pushed_in_the_end(repository: &Repository) -> Result<()> {
    let said = wait::until("the lock is free", LOCK, || {
        let said = repository.push()?;
        Ok((!said.text.contains("Another git push is ongoing")).then_some(said))
    })?;
    ensure!(said.code == 0, "{said}");
    Ok(())
}

fn strike(stage: &mut Stage, victim: &str, push: Child) -> Result<Child> {
    match victim {
        "supervisor" => stage.platform.replace_supervisor()?,
        part => stage.platform.kill(part)?,
    }
    stage.platform.ready()?;
    Ok(push)
}

/// The engine is away for a while, as when it is started again.
fn lose(engine: &mut Dockerd, push: Child) -> Result<Child> {
    engine.kill()?;
    wait::let_pass(Duration::from_millis(ABSENCE));
    engine.start_again()?;
    Ok(push)
}

/// The runner of the build is killed, some time after it began.
fn cut_off(stage: &Stage, push: Child, moment: u64) -> Result<Child> {
    let runner = wait::until("the build begins", ORDER, || runner(stage))?;
    wait::let_pass(Duration::from_millis(moment / 4));
    match kill_process(runner, Signal::KILL) {
        // It was faster.
        Ok(()) | Err(Errno::SRCH) => Ok(push),
        Err(error) => Err(error.into()),
    }
}

/// The process that runs the build, if there is one.
fn runner(stage: &Stage) -> Result<Option<Pid>> {
    let program = stage.platform.path("slipway");
    for process in fs::read_dir("/proc")? {
        let process = process?;
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).collect();
        let pid = process.file_name().to_str().and_then(|name| Pid::from_raw(name.parse().ok()?));
        if let (Some(pid), [of, b"build-runner", ..]) = (pid, words.as_slice())
            && *of == program.as_os_str().as_encoded_bytes()
        {
            return Ok(Some(pid));
        }
    }
    Ok(None)
}

fn kill(mut push: Child) -> Result<Child> {
    push.kill()?;
    Ok(push)
}

fn releases(stage: &Stage) -> Result<usize> {
    Ok(stage.user.does(&["releases", "-a", "blog"])?.lines().filter(|line| line.starts_with('v')).count())
}

/// No build is under way any more, and nothing of one is left on the machine.
fn in_order(stage: &Stage) -> Result<()> {
    wait::until("every build has ended", ORDER, || {
        let builds = stage.user.does(&["builds", "-a", "blog"])?;
        let open = ["queued", "building", "deploying"].iter().any(|state| builds.contains(state));
        Ok((!open).then_some(()))
    })?;
    wait::until("nothing is left of builds", ORDER, || {
        // Bridges of apps may begin with the same letters; those of builds are pairs.
        let links = program::output(Command::new("ip").args(["-brief", "link", "show", "type", "veth"]))?;
        let groups = sandboxes()?;
        ensure!(!links.contains("sw-b") && groups.is_empty(), "{links}\n{groups:?}");
        Ok(Some(()))
    })
}

/// The groups of processes that sandboxes have.
fn sandboxes() -> Result<Vec<String>> {
    let trees = ["/sys/fs/cgroup", "/sys/fs/cgroup/pids"].map(fs::read_dir);
    let entries = trees.into_iter().flatten().flatten();
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<std::io::Result<Vec<_>>>()?;
    let of_sandbox = |name: &String| ["slipway-build-", "slipway-push-"].iter().any(|start| name.starts_with(start));
    Ok(names.into_iter().filter(of_sandbox).collect())
}
