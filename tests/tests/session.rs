//! Commands with a terminal, input and signals, as a user has them: one-off runs, what is executed in a process, and what is
//! left of either.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use tests::{container, image::Image, program, snapshot, standalone::Standalone, terminal::Terminal, user::User, wait};

/// How long anything may take.
const SOON: Duration = Duration::from_secs(30);
/// Lines that fit in no buffer on the way.
const MANY: usize = 200_000;

/// A platform with an app that runs, and its user.
fn deployed(kind: &str) -> Result<(Image, Standalone, User)> {
    let image = Image::specimen(kind, &[], &[5000])?;
    let platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "blog", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "blog"])?;
    Ok((image, platform, user))
}

#[test]
fn a_terminal_at_both_ends() -> Result<()> {
    let (_image, _platform, user) = deployed("terminal")?;
    for words in [&["run", "-a", "blog", "--", "specimen size"][..], &["ps:exec", "-a", "blog", "--", "specimen size"]]
    {
        for (ending, code) in [("\x03", 130), ("end 7\n", 7)] {
            let mut terminal = Terminal::run(&user, words, (24, 80))?;
            terminal.shows("on xterm-slipway")?;
            terminal.types("\n")?;
            terminal.shows("24 lines of 80 on xterm-slipway\r\n")?;
            terminal.resize(50, 132)?;
            // It takes its time to the other end.
            wait::until("the size changes", SOON, || {
                terminal.types("\n")?;
                terminal.shows("on xterm-slipway")?;
                Ok(terminal.shown.contains("50 lines of 132").then_some(()))
            })?;
            terminal.types(ending)?;
            assert_eq!(terminal.ends()?.code(), Some(code), "{}", terminal.shown);
        }
    }
    let mut shell = Terminal::run(&user, &["ps:exec", "-a", "blog"], (24, 80))?;
    shell.types("echo $((40 + 2)) $DEIS_APP\n")?;
    shell.shows("42 blog")?;
    shell.types("exit 5\n")?;
    assert_eq!(shell.ends()?.code(), Some(5), "{}", shell.shown);
    nothing_is_left(&user)
}

#[test]
fn streams_and_signals() -> Result<()> {
    let (_image, _platform, user) = deployed("streams")?;
    let _settled = snapshot::settle(&user);
    let repeat = "while read -r line; do echo got $line; done; echo over >&2; exit 4";
    for words in [&["run", "-a", "blog", "--", repeat][..], &["ps:exec", "cmd", "-a", "blog", "--", repeat]] {
        let said = user.types(words, "one\ntwo\n")?;
        assert_eq!((said.code, said.out.as_str()), (4, "got one\ngot two\n"), "{said}");
        ensure!(said.err.ends_with("over\n"), "{said}");
    }
    let many = (0..MANY).map(|line| line.to_string()).collect::<Vec<_>>().join("\n") + "\n";
    let said =
        user.types(&["run", "-a", "blog", "--", "mapfile -t all; echo ${#all[@]}; printf '%s\\n' ${all[@]}"], &many)?;
    ensure!(said.code == 0 && said.out == format!("{MANY}\n{many}"), "{} bytes came back", said.out.len());
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        for words in [
            &["run", "-a", "blog", "--", "echo ready; specimen silent; echo"][..],
            &["ps:exec", "-a", "blog", "--", "echo ready; read; echo"],
        ] {
            let mut child = spawn(&user, words)?;
            ready(&mut child)?;
            kill_process(Pid::from_child(&child), signal)?;
            let ended = wait::until("it ends", SOON, || Ok(child.try_wait()?))?;
            assert_eq!(ended.code(), Some(code), "{words:?}");
        }
    }
    assert_snapshot!(user.mycli(&["ps:exec", "worker", "-a", "blog", "--", "ls"])?, @r"
    exit code 1
    err: Error: There is no process worker in app blog.
    err:   `ps` lists the processes; a command stands behind --.
    ");
    nothing_is_left(&user)
}

#[test]
fn runs_that_nobody_waits_for() -> Result<()> {
    let (_image, _platform, user) = deployed("detached")?;
    let _settled = snapshot::settle(&user);
    assert_snapshot!(user.mycli(&["run", "-a", "blog", "-d", "--name", "nightly", "--", "echo imported; exit 3"])?, @r"
    exit code 0
    out: Starting 'echo imported; exit 3'... done, nightly
    err:   mycli logs -a blog --instance nightly
    err:   mycli runs:stop nightly -a blog
    ");
    let log = || user.does(&["logs", "-a", "blog", "-n", "1000"]);
    wait::until("it ends", SOON, || Ok(log()?.contains("ended with exit code 3").then_some(())))?;
    assert_snapshot!(user.does(&["logs", "-a", "blog", "--type", "run"])?, @"<time> blog[run.v2.nightly]: imported");
    user.does(&[
        "run",
        "-a",
        "blog",
        "-d",
        "--name",
        "slow",
        "--time-limit",
        "1h",
        "--",
        "specimen leave 0; read; specimen",
    ])?;
    assert_snapshot!(user.does(&["runs:list", "-a", "blog"])?, @r"
    === blog Runs
    slow    v2 by ana since <time>, until <time>: specimen leave 0; read; specimen
    ");
    assert_snapshot!(user.does(&["runs:stop", "slow", "-a", "blog"])?, @"Stopping slow... done");
    user.does(&["run", "-a", "blog", "-d", "--name", "short", "--time-limit", "2s", "--", "specimen"])?;
    wait::until("its time is over", SOON, || Ok(log()?.contains("its time limit of 2 s is over").then_some(())))?;
    nothing_is_left(&user)
}

#[test]
fn whoever_goes_away_leaves_nothing() -> Result<()> {
    let (_image, platform, user) = deployed("leaves")?;
    let run = ["run", "-a", "blog", "--", "echo ready; specimen silent"];
    let exec = ["ps:exec", "-a", "blog", "--", "echo ready; specimen silent"];
    // The client.
    for words in [&run, &exec] {
        let mut child = spawn(&user, words)?;
        ready(&mut child)?;
        child.kill()?;
        child.wait()?;
        nothing_is_left(&user)?;
    }
    // The controller, which dies.
    for words in [&run, &exec] {
        let mut child = spawn(&user, words)?;
        ready(&mut child)?;
        platform.kill("controller")?;
        let said = child.wait_with_output()?;
        assert_eq!(said.status.code(), Some(1), "{}", String::from_utf8_lossy(&said.stderr));
        nothing_is_left(&user)?;
    }
    // The controller, which stops in order, and says so.
    for words in [&run, &exec] {
        let mut child = spawn(&user, words)?;
        ready(&mut child)?;
        platform.restart("controller")?;
        let said = child.wait_with_output()?;
        let told = String::from_utf8_lossy(&said.stderr);
        ensure!(told.contains("The controller is being restarted, and what ran here was ended."), "{told}");
        assert_eq!(said.status.code(), Some(1));
        nothing_is_left(&user)?;
    }
    // The client, whose terminal is as before.
    let mut terminal = Terminal::run(&user, &exec, (24, 80))?;
    terminal.shows("ready")?;
    kill_process(Pid::from_child(terminal.child()), Signal::TERM)?;
    assert_eq!(terminal.ends()?.code(), Some(143), "{}", terminal.shown);
    nothing_is_left(&user)?;
    // The router.
    let mut terminal = Terminal::run(&user, &run, (24, 80))?;
    terminal.shows("ready")?;
    platform.kill("router")?;
    assert_eq!(terminal.ends()?.code(), Some(1), "{}", terminal.shown);
    nothing_is_left(&user)
}

fn spawn(user: &User, words: &[&str]) -> Result<Child> {
    let mut command = Command::new(program::ours("mycli")?);
    command.env_clear().env("HOME", user.home()).env("PATH", "/usr/bin:/bin").current_dir(user.home()).args(words);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
}

/// Waits until it says so.
fn ready(child: &mut Child) -> Result<()> {
    use std::io::Read;
    let mut said = [0; 6];
    child.stdout.as_mut().context("no output")?.read_exact(&mut said)?;
    ensure!(&said == b"ready\n", "{said:?}");
    Ok(())
}

/// Waits until the app has its one instance and no run, and nothing runs in the instance but what it is for.
fn nothing_is_left(user: &User) -> Result<()> {
    let uuid = container::uuid(user, "blog")?;
    wait::until("the runs are gone", SOON, || {
        let names = container::everything_of(&uuid)?;
        Ok((!names.iter().any(|name| name.contains("-run-"))).then_some(()))
    })?;
    let id = container::id(user, "blog")?;
    // Its init and its program, behind a line with the names of columns.
    wait::until_equal(&3, SOON, || {
        let top = program::output(Command::new("docker").args(["top", &id]))?;
        Ok(top.lines().count())
    })
}
