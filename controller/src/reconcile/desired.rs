//! What should run, read from the rows of one app.

use std::collections::BTreeMap;

use api::{
    names::{ClientNetwork, ProcessType},
    routes::HostCertificate,
    treatment::Treatment,
};
use chrono::{DateTime, Utc};
use ipnet::IpNet;

use crate::{
    db::{
        self,
        app::{App, Structure},
        instance::Instance,
        network::Network,
        route::Route,
        router::Confirmed,
        run::Run,
        service::Services,
        settings::Settings,
    },
    operation::formation::{self, Shape},
    state::State,
    workload::Workload,
};

/// What should run.
pub struct Desired {
    /// The app.
    pub app: App,
    /// Wanted instances per type, under the goal.
    pub formation: Structure,
    /// The release that all types should run: the one being rolled out, else the latest good one.
    pub goal: Option<Workload>,
    /// True while the goal has yet to prove itself.
    pub rolling_out: bool,
    /// Every release that an instance still runs, by its row's id, the goal among them.
    pub workloads: BTreeMap<i64, Workload>,
    /// Instances that were ever wanted and are not gone yet.
    pub instances: Vec<Instance>,
    /// One-off runs.
    pub runs: Vec<Run>,
    /// The app's network.
    pub network: Option<Network>,
    /// The routes as last written.
    pub route: Option<Route>,
    /// Types that answer some paths.
    pub services: Services,
    /// What is said of the app to the routers beside its endpoints.
    pub front: Front,
    /// What the routers have reported.
    pub confirmed: Confirmed,
    /// Seconds from SIGTERM to SIGKILL where nothing else is set.
    pub default_grace: u32,
    /// The platform keeps no count and gives no addresses itself.
    pub needs_network: bool,
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// Since when, by that clock, we have had the database without a pause: before, nobody could report anything.
    pub watched_since: DateTime<Utc>,
}

impl Desired {
    /// Whether instances of a type are to answer requests.
    pub fn listens(&self, process_type: &ProcessType) -> bool {
        process_type.is_routable() || self.services.contains_key(process_type)
    }
}

/// How the app shows itself to the world.
#[derive(Default)]
pub struct Front {
    /// Host names; none when it is not to be routed.
    pub hosts: Vec<String>,
    /// The router answers with the maintenance page.
    pub maintenance: bool,
    /// Whose requests it takes; empty means everybody's.
    pub whitelist: Vec<IpNet>,
    /// What some of the hosts are served with, without the keys.
    pub certificates: Vec<HostCertificate>,
    /// Plain requests are sent on to https.
    pub https_enforced: bool,
    /// How its requests are treated.
    pub treatment: Treatment,
}

/// Reads it all; none when the app's row is gone.
pub async fn load(state: &State, app_id: i64) -> anyhow::Result<Option<Desired>> {
    let pool = &state.pool;
    let watched = state.pulse.lasted();
    let Some(app) = db::app::get(pool, app_id).await? else { return Ok(None) };
    let good = db::release::latest_good(pool, app_id).await?;
    let good = workload(state, &app, good).await?;
    let pending = workload(state, &app, db::release::pending(pool, app_id).await?).await?;
    let formation = match &pending {
        Some(pending) => {
            let old = good.as_ref().map(|good| Shape::from(&good.build));
            formation::after_build(&app.structure, old, Shape::from(&pending.build))
        }
        None => app.structure.clone(),
    };
    let rolling_out = pending.is_some();
    let goal = pending.or(good).filter(|_| !app.destroyed);
    let now = db::now(pool).await?;
    Ok(Some(Desired {
        formation: if app.destroyed { Structure::new() } else { formation },
        workloads: workloads(state, &app, goal.as_ref()).await?,
        goal,
        rolling_out,
        instances: db::instance::list(pool, app_id).await?,
        runs: db::run::list(pool, app_id).await?,
        network: db::network::find(pool, app_id).await?,
        route: db::route::find(pool, app.uuid).await?,
        services: db::service::list(pool, app_id).await?.into_iter().collect(),
        front: front(state, app_id).await?,
        confirmed: db::router::confirmed(pool, state.installation.routes_epoch, watched).await?,
        default_grace: state.settings.grace_period,
        needs_network: state.settings.network_pool.is_some(),
        now,
        watched_since: now - watched,
        app,
    }))
}

async fn front(state: &State, app_id: i64) -> anyhow::Result<Front> {
    let settings = db::settings::find(&state.pool, app_id).await?;
    let whitelist = settings.as_ref().map(Settings::whitelist).transpose()?.unwrap_or_default();
    let front = Front {
        maintenance: settings.as_ref().is_some_and(|settings| settings.maintenance),
        https_enforced: settings.as_ref().is_some_and(|settings| settings.https_enforced.unwrap_or_default()),
        treatment: settings.as_ref().map(Settings::treatment).transpose()?.unwrap_or_default(),
        whitelist: whitelist.iter().map(ClientNetwork::network).collect(),
        ..Front::default()
    };
    if settings.is_some_and(|settings| !settings.routable) {
        return Ok(front);
    }
    let domain = &state.settings.platform_domain;
    let hosts = db::domain::hosts(&state.pool, app_id, domain).await?;
    Ok(Front { hosts, certificates: db::certificate::serving(&state.pool, app_id, domain).await?, ..front })
}

async fn workload(state: &State, app: &App, release: Option<db::release::Release>) -> anyhow::Result<Option<Workload>> {
    let Some((release, build_id)) = release.and_then(|release| release.build_id.map(|id| (release, id))) else {
        return Ok(None);
    };
    let build = db::build::get(&state.pool, build_id).await?;
    let document = db::config::get(&state.pool, release.config_id).await?.open(&state.vault, app.uuid)?;
    Ok(Some(Workload { release, build, document }))
}

async fn workloads(state: &State, app: &App, goal: Option<&Workload>) -> anyhow::Result<BTreeMap<i64, Workload>> {
    let mut workloads: BTreeMap<_, _> = goal.map(|goal| (goal.release.id, goal.clone())).into_iter().collect();
    for release in db::release::running(&state.pool, app.id).await? {
        let id = release.id;
        if let Some(workload) = workload(state, app, Some(release)).await? {
            workloads.insert(id, workload);
        }
    }
    Ok(workloads)
}
