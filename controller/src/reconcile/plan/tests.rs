//! The plan as a story: who runs, what is wanted, and what is done about it.

mod world;

use chrono::TimeDelta;
use insta::assert_snapshot;

use self::world::{World, now, workload};
use super::Progress;
use crate::{
    db::{
        instance::{Instance as Row, Phase},
        run::Run,
    },
    platform::{Exit, Instance, InstanceId, InstanceState, ObservedRun, Readiness},
};

#[test]
fn a_first_deploy_gets_a_network_then_rows_then_containers() {
    let mut world = World::new(2);
    world.desired.network = None;
    world.observed.networks.clear();
    assert_snapshot!(world.tell(), @r"
    claim a network
    route to []
    Working
    ");
    assert_snapshot!(World::new(2).tell(), @r"
    want 2 more
    route to []
    Working
    ");
    assert_snapshot!(World::new(1).with(1, |_, _| {}).unseen().routed().tell(), @r"
    start web-1-1
    Working
    ");
}

#[test]
fn the_network_comes_before_the_container() {
    let mut world = World::new(1).with(1, |_, _| {}).unseen().routed();
    world.observed.networks.clear();
    assert_snapshot!(world.tell(), @r"
    network 10.9.0.0/24
    Working
    ");
}

#[test]
fn a_network_with_other_addresses_is_none_and_goes() {
    let mut world = World::new(1).with(1, |_, _| {}).unseen().routed();
    world.observed.networks[0].subnet = "10.9.7.0/24".parse().unwrap();
    assert_snapshot!(world.tell(), @r"
    network 10.9.0.0/24
    remove network net
    Working
    ");
}

#[test]
fn only_what_proved_healthy_is_routed() {
    let world = World::new(2).serving(1).with(1, |_, _| {});
    assert_snapshot!(world.tell(), @r"
    route to [web-1-1]
    Working
    ");
    let world = World::new(1).with(1, |_, seen| seen.readiness = Readiness::Ready);
    assert_snapshot!(world.tell(), @r"
    proven: [1]
    route to [web-1-1]
    Working
    ");
}

#[test]
fn nothing_is_done_where_all_is_well() {
    assert_snapshot!(World::new(2).serving(1).serving(1).routed().tell(), @"Settled");
}

#[test]
fn a_restarted_controller_keeps_what_it_has_not_probed_yet() {
    let mut world = World::new(1).serving(1).routed();
    world.observed.instances[0].readiness = Readiness::Unknown;
    assert_snapshot!(world.tell(), @"Settled");
}

#[test]
fn old_and_new_overlap_one_at_a_time() {
    let world = World::new(2).serving(1).serving(1).routed().rolling_out();
    assert_snapshot!(world.tell(), @r"
    want 1 more
    Working
    ");
    let world = World::new(2).serving(1).serving(1).routed().rolling_out().with(2, |_, _| {});
    assert_snapshot!(world.tell(), @"Working");
    let world = World::new(2).serving(1).serving(1).routed().rolling_out().serving(2);
    assert_snapshot!(world.tell(), @r"
    want 1 more
    leave: [1]
    route to [web-1-2, web-2-3]
    Working
    ");
}

#[test]
fn a_rollout_is_done_when_every_router_knows() {
    let drained = |row: &mut Row, _: &mut Instance| {
        row.phase = Phase::Draining;
        row.routes_version = Some(8);
        row.drain_at = Some(now());
    };
    let mut world = World::new(1).serving(1).rolling_out().serving(2).routed();
    let (row, seen) = (&mut world.desired.instances[0], &mut world.observed.instances[0]);
    drained(row, seen);
    let mut world = world.routed();
    world.desired.route.as_mut().unwrap().version = 8;
    assert_eq!(world.plan().progress, Progress::Working);
    world.desired.confirmed.version = Some(8);
    assert_snapshot!(world.tell(), @r"
    stop c1
    Converged
    ");
}

#[test]
fn nobody_is_stopped_while_a_request_runs_there() {
    let mut world = World::new(0).with(1, |row, _| {
        row.phase = Phase::Draining;
        row.routes_version = Some(3);
        row.drain_at = Some(now());
    });
    world = world.routed();
    world.desired.confirmed.in_flight.insert("web-1-1".to_owned(), 1);
    assert_snapshot!(world.tell(), @"Converged");
    world.desired.now = now() + TimeDelta::seconds(31);
    assert_snapshot!(world.tell(), @r"
    stop c1
    Converged
    ");
}

#[test]
fn time_in_which_nobody_could_report_does_not_count() {
    let mut world = World::new(0).with(1, |row, _| {
        row.phase = Phase::Draining;
        row.routes_version = Some(99);
        row.drain_at = Some(now());
    });
    world = world.routed();
    world.desired.now = now() + TimeDelta::minutes(10);
    world.desired.watched_since = world.desired.now - TimeDelta::seconds(29);
    assert_snapshot!(world.tell(), @"Converged");
    world.desired.watched_since -= TimeDelta::seconds(2);
    assert_snapshot!(world.tell(), @r"
    stop c1
    Converged
    ");
}

#[test]
fn a_dead_router_is_not_waited_for() {
    let mut world = World::new(0).with(1, |row, _| {
        row.phase = Phase::Draining;
        row.routes_version = Some(99);
        row.drain_at = Some(now());
    });
    world = world.routed();
    world.desired.confirmed.version = None;
    assert_snapshot!(world.tell(), @r"
    stop c1
    Converged
    ");
}

#[test]
fn who_ignores_sigterm_is_killed_after_the_grace_period() {
    let mut world = World::new(0).with(1, |row, _| {
        row.phase = Phase::Stopping;
        row.stop_at = Some(now());
    });
    world = world.routed();
    assert_snapshot!(world.tell(), @"Converged");
    world.desired.now = now() + TimeDelta::seconds(31);
    assert_snapshot!(world.tell(), @r"
    kill c1
    Converged
    ");
    world.observed.instances[0].state = InstanceState::Ended;
    assert_snapshot!(world.tell(), @r"
    remove c1 when its log was read
    Converged
    ");
    world.observed.instances.clear();
    assert_snapshot!(world.tell(), @r"
    gone: [1]
    Converged
    ");
}

#[test]
fn a_release_that_crashes_fails_and_one_that_crashed_once_may_try_again() {
    let world = World::new(1).rolling_out().with(2, |_, seen| seen.restarts = 1).routed();
    assert_eq!(world.plan().progress, Progress::Working);
    let exit = Exit { code: 3, out_of_memory: false, at: now() };
    let world = World::new(1).rolling_out().with(2, |_, seen| {
        seen.restarts = 2;
        seen.last_exit = Some(exit);
    });
    assert_snapshot!(world.routed().tell(), @r#"
    log: web-2-1 exited with code 3 and was started again (restart 2)
    Failed(Crashed { name: "web-2-1", id: InstanceId("c1"), exit: Some(Exit { code: 3, out_of_memory: false, at: 2024-10-04T00:00:00Z }) })
    "#);
}

#[test]
fn a_crash_after_success_is_told_once_and_condemns_nothing() {
    let mut world = World::new(1).with(1, |row, seen| {
        row.healthy_at = Some(now());
        seen.readiness = Readiness::Ready;
        seen.restarts = 3;
        seen.last_exit = Some(Exit { code: 137, out_of_memory: true, at: now() });
    });
    world = world.routed();
    assert_snapshot!(world.tell(), @r"
    log: web-1-1 used more memory than its limit and was started again (restart 3)
    Settled
    ");
    world.desired.instances[0].restarts = 3;
    assert_snapshot!(world.tell(), @"Settled");
}

#[test]
fn a_release_that_never_listens_fails_in_time() {
    let mut world = World::new(1).rolling_out().with(2, |_, _| {}).routed();
    world.desired.now = now() + TimeDelta::seconds(119);
    assert_eq!(world.plan().progress, Progress::Working);
    world.desired.now = now() + TimeDelta::seconds(121);
    assert_snapshot!(world.tell(), @r#"Failed(NotReady { name: "web-2-1", id: Some(InstanceId("c1")), reason: "connection refused", patience: 120 })"#);
}

#[test]
fn after_a_failure_the_old_ones_come_back_before_the_new_ones_leave() {
    // Release 2 failed after one of two had been replaced: the goal is release 1 again.
    let mut world = World::new(2).serving(1).serving(2);
    world.desired.workloads.insert(2, workload(2));
    let world = world.routed();
    assert_snapshot!(world.tell(), @r"
    want 1 more
    Working
    ");
    let mut world = World::new(2).serving(1).serving(2).serving(1);
    world.desired.workloads.insert(2, workload(2));
    assert_snapshot!(world.routed().tell(), @r"
    leave: [2]
    Working
    ");
}

#[test]
fn scaling_up_starts_all_and_scaling_down_takes_the_youngest() {
    assert_snapshot!(World::new(4).serving(1).routed().tell(), @r"
    want 3 more
    Working
    ");
    let world = World::new(1).serving(1).serving(1).with(1, |_, _| {});
    assert_snapshot!(world.routed().tell(), @r"
    leave: [3, 2]
    Working
    ");
}

#[test]
fn a_restart_replaces_one_by_one() {
    let world = World::new(2).serving(1).serving(1);
    let mut world = world.routed();
    world.desired.instances.iter_mut().for_each(|row| row.replace = true);
    assert_snapshot!(world.tell(), @r"
    want 1 more
    Working
    ");
}

#[test]
fn what_the_engine_left_ended_is_replaced() {
    let mut world = World::new(1).with(1, |row, seen| {
        row.healthy_at = Some(now());
        seen.state = InstanceState::Ended;
    });
    world.desired.now = now() + TimeDelta::seconds(11);
    assert_snapshot!(world.routed().tell(), @r"
    want 1 more
    leave: [1]
    Working
    ");
}

#[test]
fn what_nobody_asked_to_delete_is_left_alone() {
    let mut world = World::new(0).with(1, |_, _| {}).routed();
    world.desired.instances.clear();
    assert_snapshot!(world.routed().tell(), @"Settled");
}

/// A run, and its container that runs.
fn run(detached: bool) -> (Run, ObservedRun) {
    let name = "blog-run-1vxqg".to_owned();
    let seen = ObservedRun { id: InstanceId("r".to_owned()), name: name.clone(), running: true, code: None };
    (Run { id: 1, name, version: 1, detached, ended: false, stop_at: None }, seen)
}

#[test]
fn runs_go_only_when_they_were_ended() {
    let mut world = World::new(0).routed();
    let (row, seen) = run(false);
    world.desired.runs.push(row);
    world.observed.runs.push(seen);
    assert_snapshot!(world.tell(), @"Settled");
    // Whoever waits for it says that it is over.
    (world.observed.runs[0].running, world.observed.runs[0].code) = (false, Some(0));
    assert_snapshot!(world.tell(), @"Settled");
    world.desired.runs[0].ended = true;
    assert_snapshot!(world.tell(), @r"
    remove r at once
    Converged
    ");
    world.observed.runs[0].running = true;
    assert_snapshot!(world.tell(), @r"
    kill r
    Converged
    ");
    world.observed.runs.clear();
    assert_snapshot!(world.tell(), @r"
    runs gone: [1]
    Converged
    ");
}

#[test]
fn a_detached_run_goes_when_its_command_has_ended() {
    let mut world = World::new(0).routed();
    let (row, seen) = run(true);
    world.desired.runs.push(row);
    world.observed.runs.push(seen);
    assert_snapshot!(world.tell(), @"Settled");
    (world.observed.runs[0].running, world.observed.runs[0].code) = (false, Some(3));
    assert_snapshot!(world.tell(), @r"
    log: blog-run-1vxqg ended with exit code 3
    Settled
    ");
    world.desired.runs[0].ended = true;
    assert_snapshot!(world.tell(), @r"
    remove r when its log was read
    Converged
    ");
    world.observed.runs.clear();
    world.desired.runs[0].ended = false;
    assert_snapshot!(world.tell(), @r"
    log: blog-run-1vxqg is gone
    Settled
    ");
}

#[test]
fn a_detached_run_that_is_ended_gets_its_time() {
    let mut world = World::new(0).routed();
    let (row, seen) = run(true);
    world.desired.runs.push(Run { ended: true, ..row });
    world.observed.runs.push(seen);
    assert_snapshot!(world.tell(), @r"
    stop the run r
    Converged
    ");
    world.desired.runs[0].stop_at = Some(now() - TimeDelta::seconds(29));
    assert_snapshot!(world.tell(), @"Converged");
    world.desired.runs[0].stop_at = Some(now() - TimeDelta::seconds(31));
    assert_snapshot!(world.tell(), @r"
    kill r
    Converged
    ");
    // Nobody waits for anything of an app that goes.
    world.desired.runs[0].stop_at = None;
    world.desired.app.destroyed = true;
    assert_snapshot!(world.tell(), @r"
    kill r
    Converged
    ");
}

#[test]
fn a_destroyed_app_goes_in_order() {
    let mut world = World::new(0).serving(1).routed();
    world.desired.app.destroyed = true;
    world.desired.goal = None;
    world.desired.formation.clear();
    assert_snapshot!(world.tell(), @r"
    leave: [1]
    Working
    ");
    world.desired.instances.clear();
    assert_snapshot!(world.tell(), @r"
    kill c1
    Working
    ");
    world.observed.instances.clear();
    assert_snapshot!(world.tell(), @r"
    remove network net
    Working
    ");
    world.observed.networks.clear();
    assert_snapshot!(world.tell(), @r"
    the app is gone
    Working
    ");
}
