//! The small world of the plan's stories, and the plan in words.

use std::collections::BTreeMap;

use api::names::{AppName, PlatformName, ProcessType};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::super::{Plan, Step, plan};
use crate::{
    db::{
        app::App,
        build::Build,
        config::Document,
        instance::{Instance as Row, Phase},
        network::Network,
        release::{Release, Resolved, State as ReleaseState},
        route::Route,
        router::Confirmed,
    },
    platform::{Action, Instance, InstanceId, InstanceState, Observed, ObservedNetwork, Readiness},
    reconcile::desired::{Desired, Front},
    workload::Workload,
};

pub fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A small world: an app with a web type, a network, and whatever the story adds.
pub struct World {
    /// What should run.
    pub desired: Desired,
    /// What runs.
    pub observed: Observed,
}

impl World {
    /// Release 1 is live, `count` of `web` are wanted, nothing runs yet.
    pub fn new(count: u32) -> Self {
        let subnet = "10.9.0.0/24".parse().unwrap();
        let goal = workload(1);
        let desired = Desired {
            app: app(),
            formation: BTreeMap::from([(ProcessType::web(), count)]),
            workloads: BTreeMap::from([(1, goal.clone())]),
            goal: Some(goal),
            rolling_out: false,
            instances: vec![],
            runs: vec![],
            network: Some(Network { subnet, bridge: "sw-1".to_owned() }),
            route: None,
            services: BTreeMap::new(),
            front: Front { hosts: vec!["blog.localhost".to_owned()], ..Front::default() },
            confirmed: Confirmed::default(),
            default_grace: 30,
            needs_network: true,
            now: now(),
            watched_since: now() - TimeDelta::hours(1),
        };
        let networks = vec![ObservedNetwork { id: "net".to_owned(), subnet }];
        Self { desired, observed: Observed { networks, ..Observed::default() } }
    }

    /// Release 2 is being rolled out over release 1.
    pub fn rolling_out(mut self) -> Self {
        self.desired.workloads.insert(2, workload(2));
        self.desired.goal = Some(workload(2));
        self.desired.rolling_out = true;
        self
    }

    /// An instance of a release that serves.
    pub fn serving(self, release: i64) -> Self {
        self.with(release, |row, seen| {
            row.healthy_at = Some(now());
            seen.readiness = Readiness::Ready;
        })
    }

    /// An instance of a release, running and not proven, changed by `change`.
    pub fn with(mut self, release: i64, change: impl FnOnce(&mut Row, &mut Instance)) -> Self {
        let id = i64::try_from(self.desired.instances.len()).unwrap() + 1;
        let (mut row, mut seen) = pair(id, release);
        change(&mut row, &mut seen);
        self.desired.instances.push(row);
        self.observed.instances.push(seen);
        self
    }

    /// The platform does not know the last instance.
    pub fn unseen(mut self) -> Self {
        self.observed.instances.pop();
        self
    }

    /// The routes were written as they are now, and every router knows.
    pub fn routed(mut self) -> Self {
        if let Some(routes) = self.plan().changes.routes {
            self.desired.route = Some(Route { app: self.desired.app.uuid, version: 7, routes: Some(routes) });
        }
        self.desired.confirmed.version = Some(7);
        self
    }

    pub fn plan(&self) -> Plan {
        plan(&self.desired, &self.observed)
    }

    pub fn tell(&self) -> String {
        tell(&self.plan())
    }
}

fn app() -> App {
    App {
        id: 1,
        uuid: Uuid::from_u128(1),
        name: AppName::parse("blog").unwrap(),
        platform_name: PlatformName::parse("blog").unwrap(),
        owner_id: 1,
        owner: "ana".to_owned(),
        structure: BTreeMap::new(),
        destroyed: false,
        created_at: now(),
        updated_at: now(),
    }
}

pub fn workload(number: u32) -> Workload {
    let id = i64::from(number);
    let uuid = Uuid::from_u128(u128::from(number));
    let release = Release {
        id,
        uuid,
        app_id: 1,
        version: number,
        owner: "ana".to_owned(),
        build_id: Some(1),
        build_uuid: Some(uuid),
        config_id: 1,
        config_uuid: uuid,
        resolved: Resolved { port: Some(5000), batch: 1, deploy_timeout: 120, app: None },
        summary: String::new(),
        state: ReleaseState::Good,
        exception: None,
        created_at: now(),
        updated_at: now(),
    };
    let build = Build {
        id: 1,
        uuid,
        owner: "ana".to_owned(),
        image_given: "blog".to_owned(),
        image_ref: "sha256:1".to_owned(),
        image_port: Some(5000),
        sha: String::new(),
        procfile: BTreeMap::from([(ProcessType::web(), "serve".to_owned())]),
        dockerfile: String::new(),
        image_dropped: false,
        created_at: now(),
    };
    Workload { release, build, document: Document::default() }
}

fn pair(id: i64, release: i64) -> (Row, Instance) {
    let name = format!("web-{release}-{id}");
    let row = Row {
        id,
        release_id: release,
        process_type: ProcessType::web(),
        name: name.clone(),
        address: Some(format!("10.9.0.{}", id + 1).parse().unwrap()),
        phase: Phase::Wanted,
        replace: false,
        listens: false,
        healthy_at: None,
        restarts: 0,
        routes_version: None,
        drain_at: None,
        stop_at: None,
        created_at: now(),
    };
    let seen = Instance {
        id: InstanceId(format!("c{id}")),
        name,
        process_type: ProcessType::web(),
        release: Uuid::from_u128(u128::try_from(release).unwrap()),
        state: InstanceState::Running,
        readiness: Readiness::NotReady("connection refused".to_owned()),
        liveness_failure: None,
        restarts: 0,
        started_at: Some(now()),
        last_exit: None,
    };
    (row, seen)
}

/// The plan in words.
fn tell(plan: &Plan) -> String {
    let changes = &plan.changes;
    let mut lines = vec![];
    let mut say = |told: bool, line: String| lines.extend(told.then_some(line));
    say(changes.claim_network, "claim a network".to_owned());
    say(!changes.want.is_empty(), format!("want {} more", changes.want.len()));
    say(!changes.healthy.is_empty(), format!("proven: {:?}", changes.healthy));
    changes.crashed.iter().for_each(|crash| say(true, format!("log: {}", crash.text)));
    say(!changes.leave.is_empty(), format!("leave: {:?}", changes.leave));
    if let Some(routes) = &changes.routes {
        let names: Vec<_> = routes.endpoints.iter().map(|endpoint| endpoint.instance.as_str()).collect();
        say(true, format!("route to [{}]", names.join(", ")));
    }
    say(!changes.gone.is_empty(), format!("gone: {:?}", changes.gone));
    changes.runs_over.iter().for_each(|run| say(true, format!("log: {}", run.text)));
    say(!changes.runs_gone.is_empty(), format!("runs gone: {:?}", changes.runs_gone));
    say(changes.app_gone, "the app is gone".to_owned());
    lines.extend(plan.actions.iter().map(tell_step));
    lines.push(format!("{:?}", plan.progress));
    lines.join("\n")
}

fn tell_step(step: &Step) -> String {
    match step {
        Step::Do(Action::Start(spec)) => format!("start {}", spec.name),
        Step::Do(Action::EnsureNetwork(spec)) => format!("network {}", spec.subnet),
        Step::Do(Action::RemoveNetwork { id }) => format!("remove network {id}"),
        Step::Do(Action::Kill { id }) => format!("kill {}", id.0),
        Step::Do(Action::Remove { id }) => format!("remove {} at once", id.0),
        Step::Do(other) => format!("{other:?}"),
        Step::Stop { id, .. } => format!("stop {}", id.0),
        Step::StopRun { id, .. } => format!("stop the run {}", id.0),
        Step::Remove { id } => format!("remove {} when its log was read", id.0),
    }
}
