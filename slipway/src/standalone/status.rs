//! `slipway status`: how the supervisor and its parts are.

use std::{
    io::Write,
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{
    control::{Answer, Firewall, PartStatus, Pushes, Request, Status, client},
    installation::Installation,
    paths::Paths,
};

/// Time between two questions while waiting.
pub const PERIOD: Duration = Duration::from_millis(100);

/// How to ask and how to print.
#[derive(clap::Args, Clone, Debug)]
pub struct StatusOptions {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Wait until everything serves, at most this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
}

/// Prints the status; fails (exit code 1) unless everything serves.
pub fn run(installation: &Installation, options: &StatusOptions, out: &mut impl Write) -> Result<ExitCode> {
    let status = wait(&installation.paths()?, Duration::from_secs(options.wait))?;
    print(status.as_ref(), options.json, out)?;
    let is_ready = status.is_some_and(|status| status.ready);
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The status as soon as everything serves, or as it is at the end of `patience`; nothing when no supervisor runs.
pub fn wait(paths: &Paths, patience: Duration) -> Result<Option<Status>> {
    let deadline = Instant::now() + patience;
    loop {
        // A supervisor that is being replaced breaks off; its successor answers the next question.
        let status = ask(paths);
        let is_ready = matches!(&status, Ok(Some(status)) if status.ready);
        if is_ready || Instant::now() >= deadline {
            return status;
        }
        std::thread::sleep(PERIOD);
    }
}

fn ask(paths: &Paths) -> Result<Option<Status>> {
    match client::ask(&paths.supervisor_socket(), &Request::Status)? {
        Some(Answer::Status(status)) => Ok(Some(*status)),
        Some(other) => bail!("the supervisor gave a strange answer: {other:?}"),
        None => Ok(None),
    }
}

fn print(status: Option<&Status>, json: bool, out: &mut impl Write) -> Result<()> {
    match (status, json) {
        (status, true) => writeln!(out, "{}", serde_json::to_string(&status)?)?,
        (None, false) => writeln!(out, "No supervisor is running; start it with `slipway standalone`.")?,
        (Some(status), false) => write!(out, "{}", text(status))?,
    }
    Ok(())
}

fn text(status: &Status) -> String {
    let listen = list(&status.listen);
    let firewall = match &status.firewall {
        Firewall::Off => "off".to_owned(),
        Firewall::Kept => "rules in place".to_owned(),
        Firewall::Broken { reason } => format!("BROKEN: {reason}"),
    };
    let pushes = match &status.pushes {
        Pushes::On { listen } => format!("over SSH at {}", list(listen)),
        Pushes::Off { reason } => format!("off; {reason}"),
    };
    let head =
        format!("=== {}\nlistening     {listen}\npushes        {pushes}\nfirewall      {firewall}\n", status.url);
    let trial = if status.trial { ", on trial by the one before" } else { "" };
    let supervisor = format!("supervisor    serving (pid {}, {}){trial}\n", status.supervisor, status.version);
    let parts: String = status.parts.iter().map(line).collect();
    head + &supervisor + &parts
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn line(status: &PartStatus) -> String {
    let state = &status.state;
    let version = status.version.as_ref().map(|version| format!(", {version}")).unwrap_or_default();
    let doing = match (status.serving, state.pid) {
        (true, Some(pid)) => format!("serving (pid {pid}{version})"),
        (_, Some(pid)) => format!("not serving yet (pid {pid}{version})"),
        (_, None) => "waiting to be started again".to_owned(),
    };
    let trouble = state.trouble.as_ref().map(|trouble| format!("; restarts: {}, last: {trouble}", state.restarts));
    format!("{:<14}{doing}{}\n", status.part, trouble.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{keeper::State, part::Part},
        *,
    };

    #[test]
    fn people_see_what_runs_and_what_went_wrong() {
        let part = |part, pid: Option<u32>, restarts, trouble: Option<&str>| PartStatus {
            part,
            serving: pid.is_some(),
            version: pid.filter(|_| part.is_ours()).map(|_| "0.2.0".to_owned()),
            state: State { pid, restarts, trouble: trouble.map(str::to_owned) },
        };
        let mut status = Status {
            ready: false,
            url: "http://slipway.localhost".to_owned(),
            listen: vec!["127.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap()],
            supervisor: 4100,
            version: "0.2.0".to_owned(),
            trial: false,
            parts: vec![
                part(Part::Postgres, Some(4101), 0, None),
                part(Part::Controller, Some(4150), 1, Some("was ended by signal 9")),
                part(Part::Builder, Some(4160), 0, None),
                part(Part::Router, None, 3, Some("ended with exit code 1")),
            ],
            firewall: Firewall::Kept,
            pushes: Pushes::On { listen: vec!["127.0.0.1:2222".parse().unwrap(), "[::1]:2222".parse().unwrap()] },
        };
        insta::assert_snapshot!(text(&status), @"
        === http://slipway.localhost
        listening     127.0.0.1:80, [::1]:80
        pushes        over SSH at 127.0.0.1:2222, [::1]:2222
        firewall      rules in place
        supervisor    serving (pid 4100, 0.2.0)
        postgres      serving (pid 4101)
        controller    serving (pid 4150, 0.2.0); restarts: 1, last: was ended by signal 9
        builder       serving (pid 4160, 0.2.0)
        router        waiting to be started again; restarts: 3, last: ended with exit code 1
        ");
        status.pushes = Pushes::Off { reason: "missing: runc; apt install runc, then `slipway restart`".to_owned() };
        let line = text(&status).lines().find(|line| line.starts_with("pushes")).unwrap_or_default().to_owned();
        insta::assert_snapshot!(line, @"pushes        off; missing: runc; apt install runc, then `slipway restart`");
    }
}
