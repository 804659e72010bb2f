//! Every step of every change fails, fails again, or is the last of its controller; every answer of the platform is an error
//! or lost. What was asked for is done once, what serves goes on serving, and nothing is left over.

use std::collections::BTreeMap;

use controller::{
    failpoint::Point,
    platform::memory::{Call, Fault},
};
use serde_json::json;
use sqlx::PgPool;
use tokio::{sync::oneshot, time::interval};

use crate::{
    changes::Change,
    fence, lanes,
    mischief::{Deed, Step},
    site::{Ground, PERIOD, Site},
    slate,
};

/// A point that is reached again and again in one change is attacked so often.
const TIMES: usize = 3;
/// Installations side by side.
const LANES: usize = 6;
/// Steps of the short size beside those of a deploy.
const OTHERS: usize = 30;

#[sqlx::test(migrations = "../migrations")]
async fn every_step_may_fail_or_be_the_last(pool: PgPool) {
    let deeds = |point: &Point| {
        let ends = [Deed::Ends(1), Deed::Ends(2)];
        let fails = [Deed::Fails(1), Deed::Fails(2)];
        if is_commit(point) { [ends, fails].concat() } else { ends.to_vec() }
    };
    attack(pool, deeds, |step| [Deed::Ends(1), Deed::Fails(1)].contains(&step.deed)).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn whatever_the_platform_answers_nothing_that_serves_is_removed(pool: PgPool) {
    let deeds = |point: &Point| {
        let fails = vec![Deed::Fails(1), Deed::Fails(2), Deed::Fails(6)];
        if is_commit(point) { Vec::new() } else { fails }
    };
    attack(pool, deeds, |step| step.deed == Deed::Fails(2)).await;
}

fn is_commit(point: &Point) -> bool {
    point.what.starts_with("commit")
}

/// Makes each change once with nothing done to it, to learn which points it goes past; then again for every deed at each.
async fn attack(pool: PgPool, deeds: impl Fn(&Point) -> Vec<Deed>, sample: impl Fn(&Step) -> bool) {
    let mut site = Site::new(pool.clone()).await;
    let mut all = Vec::new();
    for (number, change) in Change::ALL.into_iter().enumerate() {
        let (reached, _) = one(&mut site, change, None, &format!("dry-{number}")).await.unwrap();
        all.extend(lanes::attacks(change, reached, TIMES, &deeds));
    }
    let count = all.len();
    let chosen = lanes::choose(all, OTHERS, |(change, step)| *change == Change::Pull && sample(step));
    let done = lanes::side_by_side(&pool, LANES, &chosen, async |own, attacks| {
        let mut site = Site::new(own).await;
        let mut done = Vec::new();
        for (number, (change, step)) in attacks.iter().enumerate() {
            let one = one(&mut site, *change, Some(step), &format!("app-{number}")).await;
            done.push(one.map(|(_, deeds)| deeds > 0).map_err(|complaint| format!("{change:?}: {step}: {complaint}")));
        }
        done
    });
    let done = done.await;
    let wrong: Vec<_> = done.iter().filter_map(|one| one.as_ref().err().cloned()).collect();
    let met = done.iter().filter(|one| matches!(one, Ok(true))).count();
    println!("{} of {count} steps, {met} of them met, {} wrong", chosen.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(met * 10 >= chosen.len() * 9, "only {met} of {} steps were met", chosen.len());
}

/// Makes one change while a deed is done, and takes the app down. Answers what was reached, and how often it was done.
pub async fn one(
    site: &mut Site,
    change: Change,
    step: Option<&Step>,
    name: &str,
) -> Result<(BTreeMap<Point, usize>, usize), String> {
    if let Some(step) = step {
        println!("{change:?}: {step}");
    }
    change.prepare(site, name).await;
    let before = made(&site.ground, name).await;
    let app = site.ground.app(name).await;
    let watch = change.is_served().then(|| Watch::begin(&site.ground, name));
    site.mischief.begin(step.cloned());
    let answer = change.make(site, name).await;
    let settled = match &app {
        Some(app) if change == Change::Destroy => site.eventually(async |ground| slate::gone(ground, app).await).await,
        _ => site.eventually(async |ground| slate::settled(ground, name).await).await,
    };
    let met = site.mischief.end();
    let served = match watch {
        Some(watch) => watch.end().await,
        None => Ok(()),
    };
    settled.and(served)?;
    fence::kept(&site.ground.pool).await?;
    if !change.is_done(answer.status) {
        return Err(format!("answered {answer:?}"));
    }
    if !site.server_errors.is_empty() {
        return Err(format!("answered 500: {:?}", std::mem::take(&mut site.server_errors)));
    }
    if change != Change::Destroy {
        let after = made(&site.ground, name).await;
        if after != before + change.releases() {
            return Err(format!("{before} releases have become {after}"));
        }
        take_down(site, name).await?;
    }
    Ok(met)
}

async fn made(ground: &Ground, name: &str) -> usize {
    match ground.app(name).await {
        Some(app) => slate::releases(ground, &app).await.len(),
        None => 0,
    }
}

async fn take_down(site: &mut Site, name: &str) -> Result<(), String> {
    let app = site.ground.app(name).await.ok_or("the app is gone")?;
    Change::Destroy.make(site, name).await;
    site.eventually(async |ground| slate::gone(ground, &app).await).await
}

/// Looks all the time whether somebody serves an app.
pub struct Watch {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), String>>,
}

impl Watch {
    pub fn begin(ground: &Ground, name: &str) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let (ground, name) = (ground.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            let app = ground.app(&name).await.unwrap();
            let mut ticks = interval(PERIOD / 4);
            while stopped.try_recv().is_err() {
                slate::serves(&ground, &app).await?;
                ticks.tick().await;
            }
            Ok(())
        });
        Self { stop, task }
    }

    pub async fn end(self) -> Result<(), String> {
        self.stop.send(()).ok();
        self.task.await.unwrap()
    }
}

/// What a platform refuses in words ends the deploy, and the release before goes on; all else is tried again.
#[sqlx::test(migrations = "../migrations")]
async fn whatever_the_platform_refuses_the_release_before_goes_on(pool: PgPool) {
    let mut site = Site::new(pool).await;
    let calls =
        [Call::PrepareImage, Call::Start, Call::Stop, Call::Kill, Call::Remove, Call::ForgetImage, Call::EnsureNetwork];
    for (number, call) in calls.into_iter().enumerate() {
        let name = format!("app-{number}");
        Change::Pull.prepare(&mut site, &name).await;
        let before = made(&site.ground, &name).await;
        let watch = Watch::begin(&site.ground, &name);
        site.ground.memory.faults().next(call, 1, Fault::Rejected("not today".to_owned()));
        let answer = site.post(&format!("/v2/apps/{name}/builds"), json!({"image": "web:2"})).await;
        site.eventually(async |ground| slate::settled(ground, &name).await).await.unwrap();
        let told = (call, answer.status.as_u16(), made(&site.ground, &name).await - before);
        let wanted = match call {
            Call::PrepareImage => (call, 400, 0),
            Call::Start => (call, 400, 1),
            _ => (call, 201, 1),
        };
        assert_eq!(told, wanted, "{answer:?}");
        watch.end().await.unwrap();
        site.ground.memory.faults().clear();
        take_down(&mut site, &name).await.unwrap();
    }
}
