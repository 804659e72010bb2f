//! Types that are scaled by what they use.

use std::time::{Duration, Instant};

use api::{names::ProcessType, types::AutoscaleRule};
use sqlx::PgPool;

use super::{PATIENCE, Story, config};
use crate::{
    autoscale::Autoscaler,
    db::{self, app::App},
    instances,
    operation::Patch,
    workload,
};

const PERIOD: Duration = Duration::from_secs(15);

/// A story, the one who scales in it, and its clock.
struct Scaling {
    story: Story,
    app: App,
    autoscaler: Autoscaler,
    now: Instant,
}

impl Scaling {
    /// One instance of an app, which may have `max`; half a core each is right.
    async fn begin(pool: PgPool, max: u32) -> Self {
        let story = Story::begin(pool).await;
        let app = story.app().await;
        story.deploy(&app, "web:1").await.unwrap();
        let mut settings = db::settings::find(&story.state.pool, app.id).await.unwrap().unwrap();
        settings.autoscale.0.insert(ProcessType::cmd(), AutoscaleRule { min: 1, max, cpu_percent: 50 });
        db::settings::update(&story.state.pool, app.id, story.ana.user_id, &settings).await.unwrap();
        Self { story, app, autoscaler: Autoscaler::default(), now: Instant::now() }
    }

    /// Every instance works for so much of a period, then it is looked at. How many there are to be now.
    async fn next(&mut self, work: Duration) -> u32 {
        self.story.memory.work(&workload::app_ref(&self.app), work);
        self.now += PERIOD;
        self.autoscaler.look(&self.story.state, self.now).await;
        assert!(instances::wait_up(&self.story.state, &self.app, None, PATIENCE).await.unwrap());
        self.wanted().await
    }

    async fn wanted(&self) -> u32 {
        let app = db::app::get(&self.story.state.pool, self.app.id).await.unwrap().unwrap();
        app.structure[&ProcessType::cmd()]
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn follows_the_load(pool: PgPool) {
    let mut scaling = Scaling::begin(pool, 3).await;
    assert_eq!(scaling.next(PERIOD).await, 1, "one look says nothing");
    assert_eq!(scaling.next(PERIOD).await, 2);
    assert_eq!(scaling.next(PERIOD).await, 2, "what has just begun is not measured yet");
    assert_eq!(scaling.next(PERIOD).await, 3, "and no more than are allowed");
    assert_eq!(scaling.next(PERIOD).await, 3);
    let mut counts = Vec::new();
    for _ in 0..22 {
        counts.push(scaling.next(Duration::ZERO).await);
    }
    assert!(counts[..19].iter().all(|count| *count == 3), "a lull changes nothing: {counts:?}");
    assert_eq!(counts.last(), Some(&1), "{counts:?}");
    let events = db::event::last(&scaling.story.state.pool, scaling.app.id, 100).await.unwrap();
    let lines: Vec<_> =
        events.iter().map(|event| event.text.as_str()).filter(|text| text.contains("autoscaler")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    autoscaler scaled pods cmd=2: CPU at 100%, 50% wanted, 1 to 3 allowed
    autoscaler scaled pods cmd=3: CPU at 100%, 50% wanted, 1 to 3 allowed
    autoscaler scaled pods cmd=1: CPU at 0%, 50% wanted, 1 to 3 allowed
    ");
}

#[sqlx::test(migrations = "../migrations")]
async fn half_a_core_is_all_of_half_a_core(pool: PgPool) {
    let mut scaling = Scaling::begin(pool, 9).await;
    let limit = serde_json::from_value(serde_json::json!({"cpu": {"cmd": "500m/2"}})).unwrap();
    scaling.story.change(&scaling.app, Patch::Config(limit)).await.unwrap();
    scaling.next(PERIOD / 2).await;
    assert_eq!(scaling.next(PERIOD / 2).await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_scales_to_nothing_wants_nothing(pool: PgPool) {
    let mut scaling = Scaling::begin(pool, 3).await;
    scaling.next(PERIOD).await;
    scaling.story.scale(&scaling.app, "cmd", 0).await;
    assert_eq!(scaling.next(PERIOD).await, 0);
    scaling.story.scale(&scaling.app, "cmd", 5).await;
    assert_eq!(scaling.next(PERIOD).await, 3, "more than are allowed");
}

#[sqlx::test(migrations = "../migrations")]
async fn counts_survive_a_release(pool: PgPool) {
    let mut scaling = Scaling::begin(pool, 3).await;
    scaling.next(PERIOD).await;
    assert_eq!(scaling.next(PERIOD).await, 2);
    scaling.story.change(&scaling.app, config("A", Some("1"))).await.unwrap();
    assert_eq!(scaling.wanted().await, 2);
    assert_eq!(scaling.story.ps(&scaling.app).await, ["cmd up v3", "cmd up v3"]);
}
