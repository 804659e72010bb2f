//! The control plane is gone: what it said last is served on, and what it says when it is back is followed at once.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use api::routes::AppRoutes;
use tests::{
    instance::{self, Instance},
    load::{Demand, Load},
    wait,
};

use crate::{Stage, say, size, tell};

const APPS: usize = 1000;
/// Within this time all is followed that was changed meanwhile.
const CONVERGENCE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

/// Two instances that every app leads to in turn: by their answers the routes can be told.
struct Instances([Instance; 2]);

impl Instances {
    const NAMES: [&str; 2] = ["one", "two"];

    fn start() -> Result<Self> {
        Ok(Self([Instance::start(Self::NAMES[0])?, Instance::start(Self::NAMES[1])?]))
    }

    fn route(&self, app: usize, which: usize) -> AppRoutes {
        instance::routes(app, &host(app), &[self.0[which].address])
    }

    fn routes(&self, which: usize) -> Vec<AppRoutes> {
        (0..APPS).map(|app| self.route(app, which)).collect()
    }
}

fn host(app: usize) -> String {
    format!("app{app}.localhost")
}

#[test]
fn without_a_control_plane_all_is_served_and_with_it_soon_up_to_date() -> Result<()> {
    let instances = Instances::start()?;
    let mut stage = Stage::set(instances.routes(0))?;
    let hosts = (0..APPS).map(host).collect();
    let load = Load::of(Demand { hosts, ..Demand::usual(stage.router.port, "") });
    changes_are_visible(&stage, &instances, &load)?;

    say(&load, "standing still");
    stage.plane.freeze();
    // Longer than the router takes to notice.
    wait::let_pass(Duration::from_secs(size(17, 300)));
    let version = stage.plane.publish(instances.routes(1));
    stage.plane.thaw();
    converged(&stage, version, 1, &load)?;

    say(&load, "killed");
    stage.plane.kill();
    // So long that the router hardly tries any more.
    wait::let_pass(Duration::from_millis(size(6_500, 300_000)));
    let version = stage.plane.publish(instances.routes(0));
    stage.plane.revive()?;
    converged(&stage, version, 0, &load)?;

    stage.router.runs()?;
    let report = load.finish()?;
    ensure!(report.failures.is_empty(), "{report}");
    tell(&report.to_string());
    Ok(())
}

/// Within this time one change is visible, in 99 of 100 cases. A sample may be taken while others use the machine.
fn visible() -> Duration {
    Duration::from_secs(size(10, 1))
}

/// Changes the routes of one app after the other, back and forth.
fn changes_are_visible(stage: &Stage, instances: &Instances, load: &Load) -> Result<()> {
    let mut times = Vec::new();
    for change in 0..size(100, 1000) {
        let (app, which) = (change / 2 * 7919 % APPS, (change + 1) % 2);
        let start = Instant::now();
        let _version = stage.plane.publish(vec![instances.route(app, which)]);
        while powered_by(stage.router.port, app)? != Instances::NAMES[which] {
            ensure!(start.elapsed() < PATIENCE, "a change is not visible within {PATIENCE:?}");
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    say(load, &format!("{} changes of one of {APPS} apps, visible within {p99:?} at the 99th percentile", times.len()));
    ensure!(p99 <= visible(), "a change took {p99:?}");
    Ok(())
}

/// Fails unless the router follows in time, and then leads every app to that instance.
fn converged(stage: &Stage, version: i64, which: usize, load: &Load) -> Result<()> {
    let start = Instant::now();
    wait::until("the router follows", PATIENCE, || Ok((stage.plane.acknowledged() >= version).then_some(())))?;
    let taken = start.elapsed();
    say(load, &format!("back with {APPS} changed routes, followed after {taken:?}"));
    ensure!(taken <= CONVERGENCE, "the router followed after {taken:?}");
    for app in 0..APPS {
        let found = powered_by(stage.router.port, app)?;
        ensure!(found == Instances::NAMES[which], "app {app} still leads to {found}");
    }
    Ok(())
}

/// Which instance answers for an app.
fn powered_by(port: u16, app: usize) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host(app)).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, name) = answer.split_once("Powered by ").with_context(|| answer.clone())?;
    Ok(name.trim_end().to_owned())
}
