//! What must be true of an app once nothing is under way: rows, platform and routes say the same, and nothing is left over.

use std::collections::BTreeSet;

use controller::{
    db::{
        self,
        app::App,
        instance::Phase,
        release::{Release, State},
    },
    platform::{AppRef, InstanceState},
};

use crate::site::Ground;

pub fn app_ref(app: &App) -> AppRef {
    AppRef { uuid: app.uuid, platform_name: app.platform_name.clone() }
}

/// All releases, oldest first.
pub async fn releases(ground: &Ground, app: &App) -> Vec<Release> {
    let mut releases = db::release::list(&ground.pool, app.id, 1_000_000, 0).await.unwrap();
    releases.reverse();
    releases
}

/// Nothing is under way, and what runs is what should.
pub async fn settled(ground: &Ground, name: &str) -> Result<(), String> {
    let app = ground.app(name).await.ok_or("there is no app")?;
    let open = db::operation::current(&ground.pool, app.id).await.unwrap();
    ensure(open.is_none(), || "an operation is open".to_owned())?;
    let releases = releases(ground, &app).await;
    let versions: Vec<u32> = releases.iter().map(|release| release.version).collect();
    ensure(versions.iter().zip(1..).all(|(version, number)| *version == number), || format!("versions {versions:?}"))?;
    ensure(releases.iter().all(|release| release.state != State::Pending), || "a release is pending".to_owned())?;
    let good = releases.iter().rev().find(|release| release.state == State::Good).ok_or("no good release")?;
    runs(ground, &app, good).await
}

async fn runs(ground: &Ground, app: &App, good: &Release) -> Result<(), String> {
    let app = db::app::get(&ground.pool, app.id).await.unwrap().ok_or("the app is gone")?;
    let rows = db::instance::list(&ground.pool, app.id).await.unwrap();
    let wanted: u32 = if good.build_id.is_some() { app.structure.values().sum() } else { 0 };
    ensure(rows.len() == wanted as usize, || format!("{} rows of {wanted}", rows.len()))?;
    let proven = |row: &&db::instance::Instance| {
        row.phase == Phase::Wanted && row.healthy_at.is_some() && row.release_id == good.id
    };
    ensure(rows.iter().filter(proven).count() == rows.len(), || format!("not all are proven: {rows:?}"))?;
    let names: BTreeSet<_> = rows.iter().map(|row| row.name.clone()).collect();
    let observed = ground.memory.exists(&app_ref(&app));
    let alive = observed.instances.iter().filter(|seen| seen.state == InstanceState::Running);
    let alive: BTreeSet<_> = alive.map(|seen| seen.name.clone()).collect();
    ensure(observed.instances.len() == alive.len(), || "some have ended and are still there".to_owned())?;
    ensure(alive == names, || format!("wanted {names:?}, there are {alive:?}"))?;
    let route = db::route::find(&ground.pool, app.uuid).await.unwrap().and_then(|route| route.routes);
    let told = route.as_ref().map(|routes| routes.hosts.clone());
    let routed: BTreeSet<_> = route.into_iter().flat_map(|routes| routes.endpoints).map(|end| end.instance).collect();
    let hosts = db::domain::hosts(&ground.pool, app.id, "localhost").await.unwrap();
    ensure(told.as_ref() == Some(&hosts), || format!("wanted hosts {hosts:?}, routed are {told:?}"))?;
    ensure(routed == names, || format!("wanted {names:?}, routed are {routed:?}"))
}

/// Nothing of the app is left, anywhere.
pub async fn gone(ground: &Ground, app: &App) -> Result<(), String> {
    let row = db::app::get(&ground.pool, app.id).await.unwrap();
    ensure(row.is_none(), || "the app's row is there".to_owned())?;
    let observed = ground.memory.exists(&app_ref(app));
    let empty = observed.instances.is_empty() && observed.runs.is_empty() && observed.networks.is_empty();
    ensure(empty, || format!("on the platform is {observed:?}"))?;
    let images = ground.memory.kept(&app_ref(app));
    ensure(images.is_empty(), || format!("kept are {images:?}"))
}

/// Somebody serves the app at this moment.
pub async fn serves(ground: &Ground, app: &App) -> Result<(), String> {
    let routed = async || db::route::find(&ground.pool, app.uuid).await.unwrap();
    loop {
        let route = routed().await;
        let observed = ground.memory.exists(&app_ref(app));
        let version = route.as_ref().map(|route| route.version);
        let ends: Vec<_> = route.and_then(|route| route.routes).map(|routes| routes.endpoints).unwrap_or_default();
        let alive = |name: &str| {
            observed.instances.iter().any(|seen| seen.name == name && seen.state == InstanceState::Running)
        };
        if ends.iter().any(|end| alive(&end.instance)) {
            return Ok(());
        }
        // The routes may have changed between the two looks.
        if routed().await.map(|route| route.version) == version {
            let names: Vec<_> = observed.instances.iter().map(|seen| (&seen.name, seen.state)).collect();
            return Err(format!("nobody serves: routed are {ends:?}, there are {names:?}"));
        }
    }
}

fn ensure(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint()) }
}
