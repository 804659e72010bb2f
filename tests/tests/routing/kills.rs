//! Instances are killed: whoever may be asked twice notices nothing, and nobody else is.

use std::{collections::HashMap, time::Duration};

use anyhow::{Result, ensure};
use tests::{
    instance::{self, Instance},
    load::{Demand, Failure, Load},
    wait,
};

use crate::{Stage, say, size, tell};

const INSTANCES: usize = 3;
const BETWEEN: Duration = Duration::from_secs(5);
/// The time between two looks at the clock, on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(50);

#[test]
fn killed_instances_cost_no_get_and_execute_no_post_twice() -> Result<()> {
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(Instance::start("busy")?);
    }
    let addresses: Vec<_> = instances.iter().map(|instance| instance.address).collect();
    let stage = Stage::set(vec![instance::routes(1, "busy.localhost", &addresses)])?;
    // 100,000 GET and 50,000 POST in 60 times 5 seconds.
    let demand = Demand { rate: size(300, 520), posts: 3, ..Demand::usual(stage.router.port, "busy.localhost") };
    let load = Load::of(demand);
    let mut kills = Vec::new();
    for kill in 0..size(4, 60) {
        wait::let_pass(BETWEEN);
        kills.push(load.elapsed());
        instances[kill % INSTANCES].die_and_return()?;
    }
    wait::let_pass(Duration::from_secs(1));
    say(&load, &format!("{} kills", kills.len()));
    let load_ended = load.elapsed();
    let report = load.finish()?;
    let (posts, gets): (Vec<&Failure>, Vec<_>) = report.failures.iter().partition(|failure| failure.post);
    let executed = executions(instances);
    let twice = executed.values().filter(|times| **times > 1).count();
    let counts = format!(
        "{} GET, {} failed; {} POST, {} failed, {twice} executed twice, in {load_ended:?}",
        report.sent - report.posts,
        gets.len(),
        report.posts,
        posts.len()
    );
    tell(&counts);
    ensure!(gets.is_empty() && twice == 0, "{counts}: {report}");
    for failure in posts {
        let in_flight = |killed: &Duration| failure.sent < *killed + AT_ONCE && *killed < failure.failed + AT_ONCE;
        ensure!(kills.iter().any(in_flight), "{} failed, killed at {kills:?}: {report}", failure.what);
    }
    ensure!(executed.len() + kills.len() * 100 > report.posts, "only {} POST were executed: {counts}", executed.len());
    Ok(())
}

/// How often each POST was executed, by what the instances have printed.
fn executions(instances: Vec<Instance>) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for line in instances.into_iter().flat_map(Instance::testament) {
        if let Some(id) = line.strip_prefix("POST ") {
            *times.entry(id.to_owned()).or_default() += 1;
        }
    }
    times
}
