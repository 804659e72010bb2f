//! `slipway standalone` on a real machine: real users, a real PostgreSQL, real processes, and what happens when they
//! die. Needs root, PostgreSQL's programs and a container engine.
#![cfg(test)]

mod load;
mod machine;
mod postgres;

use std::{
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::Command,
};

use load::Load;
use machine::{Machine, ask_api, kill, proc_status, ssh_greeting};
use postgres::{PASSWORD, Postgres};

/// In the order in which they are started.
const PARTS: [&str; 5] = ["postgres", "registry", "controller", "builder", "router"];

#[test]
fn each_part_runs_as_a_user_of_its_own_that_can_do_nothing_else() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    assert_eq!(ask_api(machine.address).unwrap(), 401);
    for part in PARTS {
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
        let mut command = Command::new("setpriv");
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
        ("etc/builder.credential", Some("builder")),
        ("etc/builder.key", None),
        ("etc/builder.key.sha256", Some("controller")),
        ("etc/ssh/ed25519", Some("builder")),
        ("etc/ssh/ecdsa", Some("builder")),
        ("etc/registry.credential", Some("controller")),
        ("etc/registry.htpasswd", Some("registry")),
        ("etc/registry.yml", Some("registry")),
    ] {
        for part in PARTS {
            assert_eq!(read(part, path), reader == Some(part), "{part} reads {path}");
        }
    }
    // The database lets in the controller's user, and neither the router's nor anybody else.
    let psql = |part: &str| {
        let mut command = Command::new("setpriv");
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
fn the_internal_listener_is_for_router_and_builder_and_the_api_socket_for_the_router() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let reaches = |part: &str, socket: &str| {
        let pid = machine.pid(part);
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &machine.user(part), "--regid", &machine.user(part)]);
        match proc_status(pid, "Groups").split_whitespace().collect::<Vec<_>>().join(",") {
            groups if groups.is_empty() => command.arg("--clear-groups"),
            groups => command.args(["--groups", &groups]),
        };
        command.args(["curl", "--silent", "--output", "/dev/null", "http://localhost/", "--unix-socket"]);
        command.arg(machine.path(socket)).status().unwrap().success()
    };
    for part in ["postgres", "registry", "builder", "router"] {
        assert_eq!(reaches(part, "run/internal.sock"), ["builder", "router"].contains(&part), "{part}");
        assert_eq!(reaches(part, "run/api.sock"), part == "router", "{part}");
    }
    assert!(machine.run(&["stop"]).status.success());
    supervisor.wait().unwrap();
}

#[test]
fn the_registry_serves_its_one_credential() {
    let machine = Machine::new();
    let mut supervisor = machine.start();
    let ask = |method: &str, path: &str, credential: &str| {
        let url = format!("http://{}{path}", machine.registry);
        let mut command = Command::new("curl");
        command.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--request", method]);
        String::from_utf8(command.args(["--user", credential, &url]).output().unwrap().stdout).unwrap()
    };
    let credential = std::fs::read_to_string(machine.path("etc/registry.credential")).unwrap();
    let credential = credential.trim();
    assert_eq!(ask("GET", "/v2/", credential), "200");
    assert_eq!(ask("POST", "/v2/app/blobs/uploads/", credential), "202", "it can write");
    assert_eq!(ask("GET", "/v2/", "slipway:guess"), "401");

    let pid = machine.pid("registry");
    let restarted = machine.run(&["restart", "registry"]);
    assert!(restarted.status.success(), "{}", String::from_utf8_lossy(&restarted.stderr));
    assert_ne!(machine.pid("registry"), pid);
    assert_eq!(ask("GET", "/v2/", credential), "200", "it is the same one for ever");
    assert!(machine.run(&["stop"]).status.success());
    supervisor.wait().unwrap();
}

#[test]
fn without_the_programs_of_pushes_everything_else_works() {
    let machine = Machine::new();
    let tools = machine.path("tools");
    std::fs::create_dir(&tools).unwrap();
    for tool in ["getent", "useradd", "groupadd", "git", "ip", "runc", "ssh-keygen"] {
        std::os::unix::fs::symlink(machine::program(tool), tools.join(tool)).unwrap();
    }
    let mut supervisor = machine.start_with(&[("PATH", tools.to_str().unwrap())]);
    assert_eq!(ask_api(machine.address).unwrap(), 401);
    let status = machine.run(&["status"]);
    let status = String::from_utf8(status.stdout).unwrap();
    let line = status.lines().find(|line| line.starts_with("pushes")).unwrap();
    assert_eq!(
        line,
        "pushes        off; missing: buildah; apt install docker-registry buildah runc uidmap git iproute2, then `slipway restart`"
    );
    assert!(!status.contains("builder") && !status.contains("registry  "), "{status}");
    assert!(ssh_greeting(machine.ssh).is_err());
    assert!(machine.run(&["stop"]).status.success());
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
    let pids = PARTS.map(|part| machine.pid(part));
    let load = Load::start(machine.address);
    kill(first.id());
    first.wait().unwrap();
    let mut second = machine.start();
    assert_eq!(PARTS.map(|part| machine.pid(part)), pids);

    // What was adopted is watched, and its sockets outlive it.
    kill(pids[2]);
    machine.wait_until("a new controller serves", || {
        machine.status()["ready"] == true && machine.pid("controller") != pids[2]
    });
    kill(pids[3]);
    assert_eq!(ssh_greeting(machine.ssh).unwrap(), "SSH-2.0-", "its socket is the supervisor's as well");
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
    for part in ["router", "controller", "builder", "router"] {
        let before = machine.pid(part);
        let restarted = machine.run(&["restart", part]);
        assert!(restarted.status.success(), "{part}: {}", String::from_utf8_lossy(&restarted.stderr));
        assert_ne!(machine.pid(part), before);
        assert_eq!(ssh_greeting(machine.ssh).unwrap(), "SSH-2.0-", "{part}");
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
    let before = PARTS.map(|part| machine.pid(part));
    let load = Load::start(machine.address);
    machine.install_again();
    let restarted = machine.run(&["restart"]);
    assert!(restarted.status.success(), "{}", String::from_utf8_lossy(&restarted.stderr));
    let after = PARTS.map(|part| machine.pid(part));
    assert_eq!(machine.status()["supervisor"], supervisor.id());
    assert_eq!(after[0], before[0], "its program is the same");
    assert_eq!(after[1], before[1], "so is its");
    assert!((2..5).all(|part| after[part] != before[part]));
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
    for part in PARTS {
        let user = Command::new("getent").args(["passwd", &machine.user(part)]).status().unwrap();
        assert!(!user.success(), "{part}");
    }
    let group = Command::new("getent").args(["group", &machine.user("internal")]).status().unwrap();
    assert!(!group.success());
}

#[test]
fn a_part_complains_in_one_piece() {
    // Each write to a socket of this kind is a message of its own.
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    for arguments in [&["router", "--table-key-pile"][..], &["stack", "import", "/nowhere"][..]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
        let child = command.args(arguments).stderr(OwnedFd::from(theirs.try_clone().unwrap())).status().unwrap();
        assert!(!child.success());
        let mut words = [0; 4096];
        let length = ours.recv(&mut words).unwrap();
        assert!(words[..length].ends_with(b"\n") && length > 40, "{}", String::from_utf8_lossy(&words[..length]));
        ours.set_nonblocking(true).unwrap();
        assert!(ours.recv(&mut words).is_err(), "it was written in pieces");
        ours.set_nonblocking(false).unwrap();
    }
}
