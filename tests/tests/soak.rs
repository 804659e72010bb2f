//! Hours of changes, deaths and load, and then everything is where it was: memory, open files, networks, interfaces, rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tests::{container, image::Image, load::Load, program, standalone::Standalone, user::User, wait};

/// What nobody is asked to do without in these hours.
const PARTS: [&str; 3] = ["controller", "builder", "router"];
/// Who dies, in turn. What a router has in its hands is lost with it, so that it is not among them.
const VICTIMS: [&str; 3] = ["postgres", "controller", "builder"];
/// Rounds between two deaths.
const LIVES: usize = 20;
/// Within this time after the last change, all is at rest.
const REST: Duration = Duration::from_mins(2);

/// What may not grow.
#[derive(Debug)]
struct Sizes {
    /// Bytes of memory and open files of each part.
    parts: BTreeMap<&'static str, (u64, u64)>,
    /// Counts of what is on the machine and in the database, by what it is.
    things: BTreeMap<&'static str, u64>,
}

#[test]
fn after_hours_of_changes_all_is_where_it_was() -> Result<()> {
    let length = if tests::prove() { Duration::from_hours(2) } else { Duration::from_secs(20) };
    let image = Image::specimen("soak", &[], &[5000])?;
    let mut platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "busy", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "busy"])?;
    // Whatever is made once is made now.
    round(&user, &image, 0)?;
    for victim in VICTIMS {
        platform.kill(victim)?;
        platform.ready()?;
    }
    round(&user, &image, 1)?;
    let before = at_rest(&platform, &user)?;
    tests::tell(&format!("at first: {before:?}"));

    let load = Load::start(platform.port(), "busy.localhost");
    let began = Instant::now();
    let mut rounds = 0;
    while began.elapsed() < length {
        rounds += 1;
        round(&user, &image, rounds)?;
        if rounds % LIVES == 0 {
            platform.kill(VICTIMS[rounds / LIVES % VICTIMS.len()])?;
            platform.replace_supervisor()?;
            tests::tell(&format!("{:?}, {rounds} rounds: {:?}", began.elapsed(), sizes(&platform)?.parts));
        }
    }
    let report = load.finish()?;
    ensure!(report.failures.is_empty(), "{report}");
    let after = at_rest(&platform, &user)?;
    tests::tell(&format!("{rounds} rounds, {} requests; at last: {after:?}", report.sent));
    ensure!(after.things == before.things, "{before:?}, and at last {after:?}");
    wait::until_equal(&Vec::new(), REST, stray_bridges)?;
    // Unused connections to instances are kept for a few seconds.
    let back = || Ok(is_back(&before, &sizes(&platform)?).then_some(()));
    wait::until("memory and open files are where they were", REST, back)
        .with_context(|| format!("{before:?}, and at last {:?}", sizes(&platform)))
}

/// Whether each part has the open files that it had and about the memory. Allocators keep some of what a busy hour needed; a leak
/// of hours is more than that.
fn is_back(before: &Sizes, after: &Sizes) -> bool {
    after.parts.iter().all(|(part, (memory, files))| {
        let (memory_before, files_before) = before.parts[part];
        *files <= files_before + 16 && *memory <= memory_before * 3 / 2 + (16 << 20)
    })
}

/// One of each change, and another app from its beginning to its end.
fn round(user: &User, image: &Image, number: usize) -> Result<()> {
    user.does(&["config:set", &format!("ROUND={number}"), "-a", "busy"])?;
    user.does(&["scale", "cmd=2", "-a", "busy"])?;
    user.does(&["ps:restart", "-a", "busy"])?;
    user.does(&["scale", "cmd=1", "-a", "busy"])?;
    user.does(&["rollback", "-a", "busy"])?;
    user.does(&["run", "-a", "busy", "--", "true"])?;
    user.does(&["create", "guest", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "guest"])?;
    user.does(&["domains:add", "guest.example.com", "-a", "guest"])?;
    user.does(&["destroy", "-a", "guest", "--confirm", "guest"])?;
    Ok(())
}

/// The sizes once nothing is under way any more: the app has its one instance and its network.
fn at_rest(platform: &Standalone, user: &User) -> Result<Sizes> {
    let uuid = container::uuid(user, "busy")?;
    wait::until_equal(&2, REST, || Ok(container::everything_of(&uuid)?.len()))?;
    wait::until_equal(&Some(1), REST, || Ok(sizes(platform)?.things.get("instances").copied()))?;
    sizes(platform)
}

fn sizes(platform: &Standalone) -> Result<Sizes> {
    let mut parts = BTreeMap::new();
    for part in PARTS {
        let pid = platform.pid(part)?.as_raw_nonzero();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let memory = resident.context("no VmRSS")?.parse::<u64>()? << 10;
        let files = u64::try_from(fs::read_dir(format!("/proc/{pid}/fd"))?.count())?;
        parts.insert(part, (memory, files));
    }
    let mut things = BTreeMap::new();
    for table in ["instances", "runs", "apps", "domains", "networks", "routes", "pushes"] {
        let of_the_living = match table {
            // The addresses of an app that is gone rest for a while.
            "networks" => " where app_id is not null",
            // That an app is gone is told to every router that may ever come back: a small row stays.
            "routes" => " where document is not null",
            _ => "",
        };
        let count = platform.sql(&format!("select count(*) from {table}{of_the_living}"))?;
        things.insert(table, count.parse()?);
    }
    let installation = format!("label=io.slipway.installation={}", platform.sql("select uuid from installation")?);
    things.insert("networks of the engine", u64::try_from(bridges_of_networks(&["--filter", &installation])?.len())?);
    Ok(Sizes { parts, things })
}

/// Bridges that no network of the engine has any more. Others may test on this machine, so that these are looked for by name.
fn stray_bridges() -> Result<Vec<String>> {
    let links = program::output(Command::new("ip").args(["-brief", "link", "show", "type", "bridge"]))?;
    let known = bridges_of_networks(&[])?;
    let bridges =
        links.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| name.starts_with("sw-"));
    Ok(bridges.filter(|name| !known.contains(*name)).map(str::to_owned).collect())
}

/// The bridges of the engine's networks that a filter lets through.
fn bridges_of_networks(filter: &[&str]) -> Result<BTreeSet<String>> {
    let ids = program::output(Command::new("docker").args(["network", "ls", "--quiet"]).args(filter))?;
    let format = r#"{{index .Options "com.docker.network.bridge.name"}}"#;
    // A network may go between the two questions; what is said of the others counts.
    let mut inspect = Command::new("docker");
    let said = inspect.args(["network", "inspect", "--format", format]).args(ids.lines()).output()?;
    Ok(String::from_utf8_lossy(&said.stdout).lines().filter(|name| !name.is_empty()).map(str::to_owned).collect())
}
