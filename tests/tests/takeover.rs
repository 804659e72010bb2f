//! Two controllers on one database, and the one at work is killed, or frozen and thawed: the other takes over within 15 s, what
//! was asked for is done once, and whoever comes back changes nothing.
//!
//! The same guarantee at every single step, on the platform in memory: `controller/tests/guarantees/two.rs`.

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{
    controllers::{Controller, Database, answer, home},
    image::Image,
    program, prove, wait,
};

/// Within this time somebody else acts for the app.
const TAKEOVER: Duration = Duration::from_secs(15);
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_killed_or_frozen_controller_is_followed_in_time_and_disturbs_nothing() -> Result<()> {
    // Installations side by side, how often each is hurt in either way, and seconds frozen.
    let (lanes, rounds, frozen) = if prove() { (10, 5, 60) } else { (1, 1, 13) };
    let image = Image::specimen("takeover", &[], &[5000])?;
    let name = image.name.as_str();
    let longest = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|lane| scope.spawn(move || run(lane, name, rounds, frozen))).collect();
        let mut longest = Duration::ZERO;
        for lane in lanes {
            longest = longest.max(lane.join().ok().context("a lane panicked")??);
        }
        anyhow::Ok(longest)
    })?;
    println!("{} kills, {0} times frozen for {frozen} s; the longest takeover {longest:?}", lanes * rounds);
    ensure!(longest <= TAKEOVER, "taken over after {longest:?}");
    Ok(())
}

fn run(lane: usize, image: &str, rounds: usize, frozen: u64) -> Result<Duration> {
    let mut pair = Pair::start(lane)?;
    pair.deploy(image)?;
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        for signal in [Signal::KILL, Signal::STOP] {
            let took = pair.hurt(signal, Duration::from_secs(frozen));
            longest = longest.max(took.with_context(|| format!("lane {lane}, round {round}, {signal:?}"))?);
        }
    }
    pair.destroy()?;
    Ok(longest)
}

/// An installation with two controllers and an app.
struct Pair {
    controllers: [Controller; 2],
    token: String,
    versions: usize,
    networks: String,
    folder: TempDir,
    database: Database,
}

impl Pair {
    fn start(lane: usize) -> Result<Self> {
        let (database, (folder, key)) = (Database::create()?, home()?);
        let networks = format!("10.{}.0.0/20", 225 + lane);
        let start = |name: &str| Controller::start(&database, &key, &folder.path().join(name), &networks);
        let one = start("one")?;
        let form = json!({"username": "ana", "password": "correct horse battery", "email": "ana@example.com"});
        one.ask(None, ("POST", "/v2/auth/register", &form))?;
        let login = one.ask(None, ("POST", "/v2/auth/login/", &form))?;
        let token = login["token"].as_str().context("no token")?.to_owned();
        database.call_witness()?;
        let two = start("two")?;
        Ok(Self { controllers: [one, two], token, versions: 2, networks, folder, database })
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.controllers[0].ask(Some(&self.token), (method, path, body))
    }

    fn deploy(&self, image: &str) -> Result<()> {
        self.ask("POST", "/v2/apps", &json!({"id": "busy"}))?;
        self.ask("POST", "/v2/apps/busy/builds", &json!({"image": image}))?;
        self.ask("POST", "/v2/apps/busy/scale", &json!({"cmd": 2}))?;
        Ok(())
    }

    fn destroy(&self) -> Result<()> {
        self.ask("DELETE", "/v2/apps/busy", &json!({}))?;
        ensure!(self.containers()?.is_empty(), "something is left: {:?}", self.containers()?);
        Ok(())
    }

    /// Kills or freezes whoever is at work. Answers how long nobody was.
    fn hurt(&mut self, signal: Signal, frozen: Duration) -> Result<Duration> {
        let change = self.begin_change()?;
        let hurt = self.at_work()?;
        self.controllers[hurt].signal(signal)?;
        let began = Instant::now();
        let held = self.lease()?;
        let takeover = if held.0 && held.1 == self.controllers[hurt].uuid {
            wait::until("somebody takes over", PATIENCE, || Ok((self.lease()?.2 != held.2).then(|| began.elapsed())))?
        } else {
            Duration::ZERO
        };
        self.end_change(change, 1 - hurt)?;
        if signal == Signal::KILL {
            self.revive(hurt)?;
        } else {
            let left = frozen.saturating_sub(began.elapsed());
            wait::let_pass(left);
            self.thaw(hurt)?;
        }
        self.is_in_order()?;
        Ok(takeover)
    }

    /// Sends a change to one of both, and waits until it is being made.
    fn begin_change(&mut self) -> Result<(String, Value, Child)> {
        let key = format!("Idempotency-Key: change-{}", self.versions);
        let body = json!({"values": {"POWERED_BY": format!("change {}", self.versions)}});
        let mut command = self.controllers[self.versions % 2].curl(Some(&self.token), ("POST", CONFIG, &body));
        let asked = command.args(["-H", &key]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        self.versions += 1;
        wait::until("the change is being made", PATIENCE, || {
            let running = self.database.ask("select count(*) from operations where state = 'running'")?;
            Ok((running == "1").then_some(()))
        })?;
        // Anywhere in the second and a half that it takes.
        let moment = Duration::from_millis(rand::random_range(0..1500));
        wait::let_pass(moment);
        Ok((key, body, asked))
    }

    /// Asks the other one again with the same key, as a client does that has lost its connection.
    fn end_change(&self, (key, body, mut asked): (String, Value, Child), other: usize) -> Result<()> {
        asked.kill()?;
        asked.wait()?;
        let again = || self.controllers[other].curl(Some(&self.token), ("POST", CONFIG, &body));
        wait::until("the change is made", PATIENCE, || {
            answer(&program::output(again().args(["-H", &key]))?)?;
            Ok(Some(()))
        })
    }

    /// Whoever holds the app, or held it last.
    fn at_work(&self) -> Result<usize> {
        let holder = self.lease()?.1;
        let found = self.controllers.iter().position(|controller| controller.uuid == holder);
        found.with_context(|| format!("{holder} is none of both"))
    }

    /// Whether somebody holds the app, who did last, and how often it has changed hands.
    fn lease(&self) -> Result<(bool, String, String)> {
        let row =
            self.database.ask("select coalesce(lease_until > now(), false), lease_owner, lease_fence from apps")?;
        let mut words = row.split('|').map(str::to_owned);
        let mut word = || words.next().context("no lease");
        Ok((word()? == "t", word()?, word()?))
    }

    fn revive(&mut self, dead: usize) -> Result<()> {
        self.controllers[dead].wait()?;
        let name = ["one", "two"][dead];
        let (key, folder) = (self.folder.path().join("key"), self.folder.path().join(name));
        self.controllers[dead] = Controller::start(&self.database, &key, &folder, &self.networks)?;
        Ok(())
    }

    /// Lets the frozen one go on, and waits until it has had its say.
    fn thaw(&self, frozen: usize) -> Result<()> {
        wait::until("nothing is leaving", PATIENCE, || Ok((self.containers()?.len() == 2).then_some(())))?;
        let before = self.containers()?;
        self.controllers[frozen].signal(Signal::CONT)?;
        for _ in 0..3 {
            self.controllers[frozen].ask(Some(&self.token), ("GET", "/v2/apps/busy/pods", &json!({})))?;
        }
        ensure!(self.containers()? == before, "{before:?} has become {:?}", self.containers()?);
        Ok(())
    }

    /// Ids of the app's containers, ended ones included.
    fn containers(&self) -> Result<BTreeSet<String>> {
        let app = self.database.ask("select uuid from apps")?;
        if app.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut list = Command::new("docker");
        list.args(["ps", "-aq", "--filter", &format!("label=io.slipway.app={app}")]);
        Ok(program::output(&mut list)?.lines().map(str::to_owned).collect())
    }

    /// Each change made one release, all of it runs, and nobody wrote what was not theirs.
    fn is_in_order(&self) -> Result<()> {
        let versions = self.database.ask(
            "select count(*) || ' ' || max(version) || ' ' || count(*) filter (where state = 'good') from releases",
        )?;
        let n = self.versions;
        ensure!(versions == format!("{n} {n} {n}"), "{n} versions were asked for: {versions}");
        let strays = self.database.ask("select line from strays limit 3")?;
        ensure!(strays.is_empty(), "written without the lease: {strays}");
        let rows = "select count(*) from instances i join releases r on r.id = i.release_id
            where phase = 'wanted' and r.version = (select max(version) from releases)";
        wait::until_equal(&"2".to_owned(), PATIENCE, || self.database.ask(rows))?;
        wait::until_equal(&2, PATIENCE, || Ok(self.containers()?.len()))
    }
}

const CONFIG: &str = "/v2/apps/busy/config";
