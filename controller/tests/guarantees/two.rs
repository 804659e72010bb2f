//! Two controllers on one database. One ends at a point, or stands still there for longer than its lease and then goes on:
//! the other takes over in time, what the old holder still wants to write is refused, and nothing that lives is removed.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use controller::db::app::App;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::{interval, timeout};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::{
    changes::Change,
    controller::{Answer, Controller},
    fence, lanes,
    mischief::{Deed, Mischief, Step},
    site::{Ground, PATIENCE, PERIOD, Site},
    slate,
    steps::Watch,
};

/// A point that is reached again and again in one change is attacked so often.
const TIMES: usize = 2;
/// How long one stands still: longer than a lease lasts.
const STILL: Duration = Duration::from_secs(12);
/// Within this time somebody else acts for the app.
const TAKEOVER: Duration = Duration::from_secs(15);
/// Installations side by side, because each waits most of the time.
const LANES: usize = 10;
/// Steps of the short size beside those of a change of config.
const OTHERS: usize = 4;
/// How long a client waits for an answer before it asks the other controller.
const CLIENT: Duration = Duration::from_secs(2);

#[sqlx::test(migrations = "../migrations")]
async fn one_of_two_controllers_may_end_or_stand_still_anywhere(pool: PgPool) {
    let mut site = Site::new(pool.clone()).await;
    let mut all = Vec::new();
    for (number, change) in Change::ALL.into_iter().enumerate() {
        let (reached, _) = crate::steps::one(&mut site, change, None, &format!("dry-{number}")).await.unwrap();
        all.extend(lanes::attacks(change, reached, TIMES, |_| vec![Deed::Stands, Deed::Ends(1)]));
    }
    // In a transaction, in a request whose key others may take over, and where a release is made next.
    let telling = |what: &str| what.starts_with("commit") || what == "Ping";
    let steps = lanes::choose(all, OTHERS, |(change, step)| {
        *change == Change::Config && step.deed == Deed::Stands && telling(&step.point.what)
    });
    let took = lanes::side_by_side(&pool, LANES, &steps, async |own, steps| {
        let mut pair = Pair::new(own).await;
        let mut took = Vec::new();
        for (number, (change, step)) in steps.iter().enumerate() {
            match pair.one(*change, step, &format!("app-{number}")).await {
                Ok(done) => took.extend(done),
                Err(complaint) => panic!("{change:?}: {step}: {complaint}"),
            }
        }
        took
    });
    let took = took.await;
    let stood = took.iter().filter(|one| one.stood).count();
    let over: Vec<_> = took.iter().filter_map(|one| one.takeover).collect();
    let longest = over.iter().max().copied().unwrap_or_default();
    println!("{stood} stood still, {} ended; {} takeovers, the longest {longest:?}", took.len() - stood, over.len());
    assert!(longest <= TAKEOVER, "{longest:?}");
    assert!(took.len() * 10 >= steps.len() * 8, "only {} of {} steps were met", took.len(), steps.len());
}

/// What became of a step that was met.
struct Took {
    stood: bool,
    /// Until somebody else held the app that the first one held.
    takeover: Option<Duration>,
}

/// Two controllers, and a client who asks the other one when the first does not answer.
struct Pair {
    site: Site,
    other: Controller,
}

impl Pair {
    async fn new(pool: PgPool) -> Self {
        let site = Site::new(pool).await;
        let other = site.another("two").await;
        Self { site, other }
    }

    async fn one(&mut self, change: Change, step: &Step, name: &str) -> Result<Option<Took>, String> {
        change.prepare(&mut self.site, name).await;
        let ground = self.site.ground.clone();
        let app = ground.app(name).await;
        let watch = change.is_served().then(|| Watch::begin(&ground, name));
        self.site.mischief.begin(Some(step.clone()));
        let clock = clock(self.site.mischief.clone(), ground.clone(), app.clone());
        let clock = AbortOnDropHandle::new(tokio::spawn(clock));
        let answer = self.ask(change.request(name)).await;
        settled(&ground, change, app.as_ref(), name).await?;
        let met = self.site.mischief.done() > 0;
        let took = if met { Some(clock.await.unwrap()) } else { None };
        println!("{change:?}: {step}: {}", if met { "met" } else { "not met" });
        let before = alive(&ground, app.as_ref());
        self.wake(step, met).await;
        settled(&ground, change, app.as_ref(), name).await?;
        if let Some(watch) = watch {
            watch.end().await?;
        }
        fence::kept(&ground.pool).await?;
        if alive(&ground, app.as_ref()) != before {
            return Err(format!("{before:?} has become {:?}", alive(&ground, app.as_ref())));
        }
        if !change.is_done(answer.status) {
            return Err(format!("answered {answer:?}"));
        }
        let takeover = took.flatten();
        Ok(met.then_some(Took { stood: step.deed == Deed::Stands, takeover }))
    }

    /// Asks one controller, and the other when it does not answer, with the same key.
    async fn ask(&self, (method, path, body): (Method, String, Value)) -> Answer {
        let key = Uuid::now_v7().to_string();
        let deadline = Instant::now() + PATIENCE;
        let mut ticks = interval(PERIOD);
        for controller in [&*self.site.controller, &self.other].into_iter().cycle() {
            let asked = controller.ask(&self.site.token, Some(&key), (method.clone(), &path, &body));
            match timeout(CLIENT, asked).await.ok().flatten() {
                Some(answer) if answer.status != StatusCode::SERVICE_UNAVAILABLE => return answer,
                _ if Instant::now() > deadline => break,
                _ => ticks.tick().await,
            };
        }
        Answer { status: StatusCode::GATEWAY_TIMEOUT, body: Value::Null }
    }

    /// Lets the one that stood still go on, and waits until it has had its say; starts the next in the place of one that ended.
    async fn wake(&mut self, step: &Step, met: bool) {
        let still = self.site.mischief.clone();
        if met && step.deed == Deed::Stands {
            still.go_on();
        }
        still.end();
        self.site.revive().await;
        if self.other.is_over() {
            let next = self.site.another("two").await;
            std::mem::replace(&mut self.other, next).kill().await;
        }
        for controller in [&*self.site.controller, &self.other] {
            // Behind all that it still had to do.
            let answer = controller.ask(&self.site.token, None, (Method::GET, "/v2/apps", &json!({}))).await;
            assert!(answer.is_some_and(|answer| answer.status.is_success()));
        }
    }
}

async fn settled(ground: &Ground, change: Change, app: Option<&App>, name: &str) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = interval(PERIOD);
    loop {
        let looked = match app {
            Some(app) if change == Change::Destroy => slate::gone(ground, app).await,
            _ => slate::settled(ground, name).await,
        };
        match looked {
            Err(_) if Instant::now() < deadline => ticks.tick().await,
            looked => return looked,
        };
    }
}

/// Names of the instances that there are.
fn alive(ground: &Ground, app: Option<&App>) -> BTreeSet<String> {
    let observed = app.map(|app| ground.memory.exists(&slate::app_ref(app)));
    observed.into_iter().flat_map(|observed| observed.instances).map(|seen| seen.name).collect()
}

/// Waits for the deed, then measures how long nobody else acts for the app that the one to whom it was done held. At least as
/// long as one has to stand still.
async fn clock(mischief: Mischief, ground: Ground, app: Option<App>) -> Option<Duration> {
    let mut ticks = interval(PERIOD);
    while mischief.done() == 0 {
        ticks.tick().await;
    }
    let began = Instant::now();
    let at_first = lease(&ground, app.as_ref()).await;
    let held = at_first.filter(|(_, held)| *held).map(|(fence, _)| fence);
    let mut takeover = None;
    while began.elapsed() < STILL || (held.is_some() && takeover.is_none()) {
        if takeover.is_none() && lease(&ground, app.as_ref()).await.map(|(fence, _)| fence) != held {
            takeover = held.map(|_| began.elapsed());
        }
        if began.elapsed() > PATIENCE {
            return Some(PATIENCE);
        }
        ticks.tick().await;
    }
    takeover
}

/// The fence of whoever held the app last, and whether that is still so; none when the app is gone.
async fn lease(ground: &Ground, app: Option<&App>) -> Option<(i64, bool)> {
    sqlx::query_as("select lease_fence, coalesce(lease_until > now(), false) from apps where id = $1")
        .bind(app?.id)
        .fetch_optional(&ground.pool)
        .await
        .unwrap()
}
