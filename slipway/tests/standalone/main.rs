//! `slipway standalone` on a real machine: real users, a real PostgreSQL, real processes, and what happens when they
//! die. Needs root, PostgreSQL's programs and a container engine.
#![cfg(test)]

mod load;
mod machine;
mod postgres;

use load::Load;
use machine::{Machine, ask_api, kill, proc_status};
use postgres::{PASSWORD, Postgres};

#[test]
fn each_part_runs_as_a_user_of_its_own_that_can_do_nothing_else() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    assert_eq!(ask_api(machine.address).unwrap(), 401);
    for part in ["postgres", "controller", "router"] {
        let pid = machine.pid(part);
        assert_ne!(proc_status(pid, "Uid"), "0\t0\t0\t0", "{part}");
        assert_eq!(proc_status(pid, "CapEff"), "0000000000000000", "{part}");
        assert_eq!(proc_status(pid, "CapBnd"), "0000000000000000", "{part}");
        assert_eq!(proc_status(pid, "NoNewPrivs"), "1", "{part}");
    }

    let second = machine.run(&["standalone"]);
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success());
    assert!(message.contains(&format!("is running already (pid {})", supervisor.id())), "{message}");

    assert!(machine.run(&["stop"]).status.success());
    assert!(supervisor.wait().unwrap().success());
    assert_eq!(machine.run(&["stop"]).stdout, b"Nothing is running.\n");
    assert!(ask_api(machine.address).is_err());
}

#[test]
fn secrets_are_closed_to_everybody_else() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let read = |part: &str, path: &str| {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", &machine.user(part), "--clear-groups", "--regid", &machine.user(part), "cat"]);
        command.arg(machine.path(path)).output().unwrap().status.success()
    };
    for (path, reader) in [
        ("etc/key", Some("controller")),
        ("etc/router.key", Some("router")),
        ("etc/router.credential", Some("router")),
        ("etc/components", Some("controller")),
        ("etc/bootstrap.token", None),
        ("etc/bootstrap.token.sha256", Some("controller")),
    ] {
        for part in ["postgres", "controller", "router"] {
            assert_eq!(read(part, path), reader == Some(part), "{part} reads {path}");
        }
    }
    // The database lets in the controller's user, and neither the router's nor anybody else.
    let psql = |part: &str| {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", &machine.user(part), "--clear-groups", "--regid", &machine.user(part), "psql", "-h"]);
        command.arg(machine.path("run/postgres")).args(["-U", "slipway", "-c", "select 1", "slipway"]);
        command.output().unwrap().status.success()
    };
    assert!(psql("controller"));
    assert!(!psql("router"));
    kill(supervisor.id());
    supervisor.wait().unwrap();
}

#[test]
fn a_database_of_ones_own_is_used_and_its_password_shown_to_nobody() {
    let machine = Machine::new();
    let database = Postgres::start(&machine);
    let mut supervisor = machine.start_with(&[("DATABASE_URL", &database.url())]);
    assert_eq!(ask_api(machine.address).unwrap(), 401);
    assert_eq!(machine.pid("postgres"), 0, "there is no private one");
    assert!(!machine.path("data/postgres").exists());
    for process in std::fs::read_dir("/proc").unwrap() {
        let arguments = std::fs::read(process.unwrap().path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&arguments).contains(PASSWORD), "a process shows it in its arguments");
    }
    assert!(!machine.journals().contains(PASSWORD));
    assert!(machine.run(&["stop"]).status.success());
    assert!(supervisor.wait().unwrap().success());
}

#[test]
fn a_killed_supervisor_stops_nothing_and_the_next_one_takes_over() {
    let machine = Machine::new();
    let mut first = machine.start();
    let pids = ["postgres", "controller", "router"].map(|part| machine.pid(part));
    let load = Load::start(machine.address);
    kill(first.id());
    first.wait().unwrap();
    let mut second = machine.start();
    assert_eq!(["postgres", "controller", "router"].map(|part| machine.pid(part)), pids);

    // What was adopted is watched, and its sockets outlive it.
    kill(pids[1]);
    machine.wait_until("a new controller serves", || {
        machine.status()["ready"] == true && machine.pid("controller") != pids[1]
    });
    let outcome = load.stop();
    let gateway = outcome.failures.iter().filter(|failure| *failure == "gateway in trouble").count();
    assert_eq!(outcome.failures.len(), gateway, "{:?}", outcome.failures);
    assert!(gateway <= 4, "only what was in flight in the killed controller may fail: {gateway}");

    // A supervisor that nobody asks to stop leaves no parts behind when `slipway stop` ends them.
    kill(second.id());
    second.wait().unwrap();
    assert!(machine.run(&["stop"]).status.success());
    assert!(ask_api(machine.address).is_err());
}

#[test]
fn a_restart_of_any_part_refuses_nobody() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let load = Load::start(machine.address);
    for part in ["router", "controller", "router"] {
        let before = machine.pid(part);
        let restarted = machine.run(&["restart", part]);
        assert!(restarted.status.success(), "{part}: {}", String::from_utf8_lossy(&restarted.stderr));
        assert_ne!(machine.pid(part), before);
    }
    let outcome = load.stop();
    assert!(outcome.failures.is_empty(), "{:?}\n{}", outcome.failures, machine.troubles());
    assert!(machine.run(&["stop"]).status.success());
    supervisor.wait().unwrap();
}

#[test]
fn a_new_version_takes_over_without_a_failed_request() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let before = ["postgres", "controller", "router"].map(|part| machine.pid(part));
    let load = Load::start(machine.address);
    machine.install_again();
    let restarted = machine.run(&["restart"]);
    assert!(restarted.status.success(), "{}", String::from_utf8_lossy(&restarted.stderr));
    let after = ["postgres", "controller", "router"].map(|part| machine.pid(part));
    assert_eq!(machine.status()["supervisor"], supervisor.id());
    assert_eq!(after[0], before[0], "its program is the same");
    assert!(after[1] != before[1] && after[2] != before[2]);
    let outcome = load.stop();
    assert!(outcome.failures.is_empty(), "{:?}\n{}", outcome.failures, machine.troubles());
    assert!(machine.run(&["stop"]).status.success());
    supervisor.wait().unwrap();
}

#[test]
fn a_killed_router_or_database_comes_back() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let load = Load::start(machine.address);
    let router = machine.pid("router");
    kill(router);
    machine.wait_until("a new router serves", || machine.status()["ready"] == true && machine.pid("router") != router);
    let outcome = load.stop();
    let refused = outcome.failures.iter().filter(|failure| failure.contains("refused")).count();
    assert_eq!(refused, 0, "{:?}", outcome.failures);
    assert!(outcome.failures.len() <= 8, "only what was in flight may fail: {:?}", outcome.failures);

    let database = machine.pid("postgres");
    kill(database);
    machine.wait_until("the database is back", || {
        machine.status()["ready"] == true && machine.pid("postgres") != database
    });
    assert!(machine.run(&["stop"]).status.success());
    supervisor.wait().unwrap();
}

#[test]
fn purge_leaves_nothing() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let refused = machine.slipway(&["purge"]).stdin(std::process::Stdio::null()).output().unwrap();
    assert!(!refused.status.success());
    assert_eq!(ask_api(machine.address).unwrap(), 401, "nothing happens unless it is meant");

    let purged = machine.run(&["purge", "--yes"]);
    assert!(purged.status.success(), "{}", String::from_utf8_lossy(&purged.stderr));
    supervisor.wait().unwrap();
    for folder in ["etc", "data", "run"] {
        assert!(!machine.path(folder).exists(), "{folder}");
    }
    for part in ["postgres", "controller", "router"] {
        let user = std::process::Command::new("getent").args(["passwd", &machine.user(part)]).status().unwrap();
        assert!(!user.success(), "{part}");
    }
}
