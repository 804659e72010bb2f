//! Which changes of the table a router takes over, and which it refuses.

use super::*;

const OURS: Uuid = Uuid::from_u128(0x0A);

fn app(id: u128, host: &str) -> AppRoutes {
    let (app, name, hosts) = (Uuid::from_u128(id), format!("app{id}"), vec![host.to_owned()]);
    AppRoutes {
        app,
        name,
        hosts,
        endpoints: Vec::new(),
        maintenance: false,
        whitelist: Vec::new(),
        treatment: Box::default(),
        certificates: Vec::new(),
        https_enforced: false,
        paths: Vec::new(),
    }
}

fn hello(epoch: i64, snapshot: bool) -> RouteEvent {
    RouteEvent::Hello { installation: OURS, epoch, snapshot }
}

/// A router that has received a snapshot of `apps` apps.
fn replica(apps: u128) -> Replica {
    let mut replica = Replica::default();
    replica.apply(hello(1, true)).unwrap();
    for id in 0..apps {
        replica.apply(RouteEvent::App { version: 10, app: app(id, "a") }).unwrap();
    }
    replica.apply(RouteEvent::SnapshotEnd { version: 10, gone: Vec::new() }).unwrap();
    replica
}

/// Sends a snapshot of apps 0 to `apps`.
fn snapshot(replica: &mut Replica, epoch: i64, version: i64, apps: u128, gone: &[u128]) -> Result<Effect, Refused> {
    replica.apply(hello(epoch, true))?;
    for id in 0..apps {
        assert_eq!(replica.apply(RouteEvent::App { version, app: app(id, "a") })?, Effect::None);
    }
    let gone = gone.iter().copied().map(Uuid::from_u128).collect();
    replica.apply(RouteEvent::SnapshotEnd { version, gone })
}

#[test]
fn a_snapshot_is_taken_over_when_it_is_complete() {
    let mut replica = Replica::default();
    replica.apply(hello(1, true)).unwrap();
    replica.apply(RouteEvent::App { version: 5, app: app(1, "a") }).unwrap();
    assert!(replica.apps.is_empty());
    let effect = replica.apply(RouteEvent::SnapshotEnd { version: 9, gone: Vec::new() });
    assert_eq!(effect, Ok(Effect::Changed));
    assert_eq!((replica.epoch, replica.version, replica.apps.len()), (1, 9, 1));
}

#[test]
fn changes_replace_an_app_and_tombstones_remove_it() {
    let mut replica = replica(2);
    replica.apply(hello(1, false)).unwrap();
    assert_eq!(replica.apply(RouteEvent::App { version: 11, app: app(0, "b") }), Ok(Effect::Changed));
    assert_eq!(replica.apps[&Uuid::from_u128(0)].hosts, ["b"]);
    assert_eq!(replica.apply(RouteEvent::Gone { version: 12, app: Uuid::from_u128(0) }), Ok(Effect::Changed));
    assert_eq!((replica.version, replica.apps.len()), (12, 1));
}

#[test]
fn what_is_known_already_changes_nothing() {
    let mut replica = replica(2);
    replica.apply(hello(1, false)).unwrap();
    assert_eq!(replica.apply(RouteEvent::App { version: 10, app: app(0, "old") }), Ok(Effect::None));
    assert_eq!(replica.apply(RouteEvent::Gone { version: 9, app: Uuid::from_u128(0) }), Ok(Effect::None));
    assert_eq!(replica.apply(RouteEvent::Heartbeat { version: 10 }), Ok(Effect::Current));
}

#[test]
fn another_installation_is_refused() {
    let mut replica = replica(2);
    let theirs = Uuid::from_u128(0x0B);
    let refused = replica.apply(RouteEvent::Hello { installation: theirs, epoch: 1, snapshot: true });
    assert_eq!(refused, Err(Refused::Stranger { ours: OURS, theirs }));
}

#[test]
fn losing_more_than_half_without_tombstones_is_refused() {
    for (left, gone, verdict) in [
        (5, &[][..], Ok(Effect::Changed)),
        (4, &[], Err(Refused::Loss { lost: 6, known: 10 })),
        (0, &[], Err(Refused::Loss { lost: 10, known: 10 })),
        (4, &[9], Ok(Effect::Changed)),
        (0, &[0, 1, 2, 3, 4], Ok(Effect::Changed)),
        (0, &[0, 1, 2, 3], Err(Refused::Loss { lost: 6, known: 10 })),
    ] {
        let mut replica = replica(10);
        let before = replica.apps.clone();
        assert_eq!(snapshot(&mut replica, 2, 1, left, gone), verdict, "{left} left, {gone:?} gone");
        if verdict.is_err() {
            assert_eq!((replica.apps, replica.epoch, replica.version), (before, 1, 10));
        }
    }
}

#[test]
fn losing_the_only_app_without_a_tombstone_is_refused_and_the_words_say_what_to_do() {
    let refused = snapshot(&mut replica(1), 1, 11, 0, &[]).unwrap_err();
    insta::assert_snapshot!(refused, @"the controller no longer knows 1 of 1 apps and does not say that they were destroyed; still serving the last good table; if the loss is meant, stop the router, remove its table file and start it again");
}

#[test]
fn versions_only_grow_within_an_epoch() {
    assert_eq!(snapshot(&mut replica(2), 1, 9, 2, &[]), Err(Refused::Older { offered: 9, ours: 10 }));
    assert_eq!(snapshot(&mut replica(2), 2, 1, 2, &[]), Ok(Effect::Changed));
}

#[test]
fn disorder_is_refused() {
    assert!(replica(2).apply(hello(2, false)).is_err());
    assert!(replica(2).apply(RouteEvent::SnapshotEnd { version: 11, gone: Vec::new() }).is_err());
    assert!(replica(2).apply(RouteEvent::Heartbeat { version: 11 }).is_err());
}

#[test]
fn an_interrupted_snapshot_leaves_no_trace() {
    let mut replica = replica(2);
    let before = replica.clone();
    replica.apply(hello(2, true)).unwrap();
    replica.apply(RouteEvent::App { version: 1, app: app(7, "x") }).unwrap();
    replica.interrupt();
    assert_eq!(replica, before);
}

#[test]
fn what_did_not_change_is_the_same_value() {
    let mut replica = replica(2);
    let before = replica.apps[&Uuid::from_u128(1)].clone();
    snapshot(&mut replica, 1, 11, 2, &[]).unwrap();
    assert!(Arc::ptr_eq(&before, &replica.apps[&Uuid::from_u128(1)]));
}
