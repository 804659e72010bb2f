//! Probes every life that is watched, in one task each, and keeps the results in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api::types::Probe;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::{
    sync::broadcast,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    Health, Life, Try,
    gauge::{Gauge, Verdict},
    pace::Pace,
};
use crate::platform::{InstanceId, Readiness, SETTLED};

/// From this age on nobody is in a hurry to hear that an instance passes: whoever still waits for it looks by himself.
const OLD: TimeDelta = TimeDelta::minutes(1);

/// Probes instances and says which app's health has changed.
pub(in crate::platform) struct Prober {
    tries: Arc<dyn Try>,
    watched: Mutex<HashMap<InstanceId, Watched>>,
    changes: broadcast::Sender<Uuid>,
}

struct Watched {
    app: Uuid,
    started_at: DateTime<Utc>,
    health: Arc<Mutex<Health>>,
    _task: AbortOnDropHandle<()>,
}

impl Prober {
    pub(in crate::platform) fn new(tries: Arc<dyn Try>, changes: broadcast::Sender<Uuid>) -> Self {
        Self { tries, watched: Mutex::default(), changes }
    }

    /// Watches exactly `lives` of `app` from now on, and answers what is known of each.
    pub(in crate::platform) fn watch_only(&self, app: Uuid, lives: Vec<Life>) -> HashMap<InstanceId, Health> {
        let mut watched = lock(&self.watched);
        let current: HashSet<_> = lives.iter().map(|life| (life.id.clone(), life.started_at)).collect();
        watched.retain(|id, one| one.app != app || current.contains(&(id.clone(), one.started_at)));
        lives
            .into_iter()
            .map(|life| {
                let id = life.id.clone();
                let one = watched.entry(id.clone()).or_insert_with(|| self.watch(life));
                (id, lock(&one.health).clone())
            })
            .collect()
    }

    /// What is known of the lives of `app` that are watched.
    pub(in crate::platform) fn known(&self, app: Uuid) -> HashMap<InstanceId, Health> {
        let watched = lock(&self.watched);
        let of_the_app = watched.iter().filter(|(_, one)| one.app == app);
        of_the_app.map(|(id, one)| (id.clone(), lock(&one.health).clone())).collect()
    }

    /// Forgets the life of `id` that ended at `at`.
    pub(in crate::platform) fn ended(&self, id: &InstanceId, at: DateTime<Utc>) {
        let mut watched = lock(&self.watched);
        if watched.get(id).is_some_and(|one| one.started_at <= at) {
            watched.remove(id);
        }
    }

    fn watch(&self, life: Life) -> Watched {
        let (app, started_at) = (life.app, life.started_at);
        let health = Arc::new(Mutex::new(at_first(&life, Utc::now())));
        let is_old = Utc::now() - started_at > OLD;
        let report = Report { health: health.clone(), app, changes: self.changes.clone(), is_old };
        let task = tokio::spawn(probe(life, self.tries.clone(), report));
        Watched { app, started_at, health, _task: AbortOnDropHandle::new(task) }
    }
}

/// Where the results of one life go.
struct Report {
    health: Arc<Mutex<Health>>,
    app: Uuid,
    changes: broadcast::Sender<Uuid>,
    /// It ran for long before anybody here knew it. That it passes then is what everybody believes of it already: a controller
    /// that starts would look at every app again for each of its instances.
    is_old: bool,
}

impl Report {
    fn readiness(&self, readiness: Readiness) {
        self.change(|health| health.readiness = readiness);
    }

    fn change(&self, change: impl FnOnce(&mut Health)) {
        let mut health = lock(&self.health);
        let before = health.clone();
        change(&mut health);
        let passes_still =
            self.is_old && before.readiness == Readiness::Unknown && health.readiness == Readiness::Ready;
        if *health != before && !passes_still {
            // Nobody listening is fine: observations carry the same.
            let _ = self.changes.send(self.app);
        }
    }
}

/// What may be said of a life before anything was tried.
fn at_first(life: &Life, now: DateTime<Utc>) -> Health {
    let age = now - life.started_at;
    let readiness = match life.checks.readiness() {
        None if age >= settled() => Readiness::Ready,
        None => Readiness::NotReady("it has only just started".to_owned()),
        Some(probe) if age < delay(&probe) => {
            Readiness::NotReady(format!("its readiness probe begins {} s after its start", probe.initial_delay_seconds))
        }
        Some(_) => Readiness::Unknown,
    };
    Health { readiness, liveness_failure: None }
}

async fn probe(life: Life, tries: Arc<dyn Try>, report: Report) {
    tokio::join!(readiness(&life, &*tries, &report), liveness(&life, &*tries, &report));
}

async fn readiness(life: &Life, tries: &dyn Try, report: &Report) {
    let Some(probe) = life.checks.readiness() else {
        sleep_until(life.started_at + settled()).await;
        return report.readiness(Readiness::Ready);
    };
    let mut gauge = Gauge::new(&probe);
    let mut pace = Pace::readiness(&probe, life.checks.readiness.is_some(), life.started_at);
    let mut proven = false;
    sleep_until(life.started_at + delay(&probe)).await;
    loop {
        let result = try_in_time(life, &probe, tries).await;
        let failed = result.as_ref().is_none_or(Result::is_err);
        match result.and_then(|result| gauge.record(result)) {
            Some(Verdict::Passing) => {
                proven = true;
                report.readiness(Readiness::Ready);
            }
            Some(Verdict::Failing(reason)) => report.readiness(Readiness::NotReady(reason)),
            Some(Verdict::Unknown) | None => {}
        }
        sleep(pace.next(failed, proven, Utc::now())).await;
    }
}

async fn liveness(life: &Life, tries: &dyn Try, report: &Report) {
    let Some(probe) = &life.checks.liveness else { return };
    let mut gauge = Gauge::new(probe);
    let mut pace = Pace::liveness(probe);
    sleep_until(life.started_at + delay(probe)).await;
    loop {
        let result = try_in_time(life, probe, tries).await;
        if let Some(Verdict::Failing(reason)) = result.and_then(|result| gauge.record(result)) {
            // What has once failed is replaced; there is no way back.
            return report.change(|health| health.liveness_failure = Some(reason));
        }
        sleep(pace.next(false, true, Utc::now())).await;
    }
}

async fn try_in_time(life: &Life, probe: &Probe, tries: &dyn Try) -> Option<Result<(), String>> {
    let seconds = probe.timeout_seconds.max(1);
    timeout(Duration::from_secs(u64::from(seconds)), tries.try_once(life, probe))
        .await
        .unwrap_or_else(|_| Some(Err(format!("no answer within {seconds} s"))))
}

async fn sleep_until(at: DateTime<Utc>) {
    sleep((at - Utc::now()).to_std().unwrap_or_default()).await;
}

fn delay(probe: &Probe) -> TimeDelta {
    TimeDelta::seconds(i64::from(probe.initial_delay_seconds))
}

fn settled() -> TimeDelta {
    TimeDelta::from_std(SETTLED).unwrap_or_default()
}

/// A panic elsewhere leaves plain data behind here; there is nothing to repair.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use api::types::Probe;
    use async_trait::async_trait;
    use chrono::{TimeDelta, Utc};
    use tokio::sync::broadcast;
    use uuid::Uuid;

    use super::{InstanceId, Life, Prober, Readiness, Try};
    use crate::platform::health::Checks;

    /// A platform that does not answer for the first tries.
    struct Late(AtomicU32);

    #[async_trait]
    impl Try for Late {
        async fn try_once(&self, _: &Life, _: &Probe) -> Option<Result<(), String>> {
            (self.0.fetch_add(1, Ordering::Relaxed) >= 4).then_some(Ok(()))
        }
    }

    /// A platform that always answers.
    struct Passing;

    #[async_trait]
    impl Try for Passing {
        async fn try_once(&self, _: &Life, _: &Probe) -> Option<Result<(), String>> {
            Some(Ok(()))
        }
    }

    /// Whether it is told that an instance passes that has run for so long.
    async fn is_told(age: TimeDelta) -> bool {
        let changes = broadcast::Sender::new(16);
        let mut heard = changes.subscribe();
        let prober = Prober::new(Arc::new(Passing), changes);
        let checks = Checks { port: Some(80), readiness: None, liveness: None };
        let started_at = Utc::now() - age;
        let life = Life { app: Uuid::nil(), id: InstanceId("1".to_owned()), address: None, started_at, checks };
        while prober.watch_only(life.app, vec![life.clone()])[&life.id].readiness != Readiness::Ready {
            tokio::task::yield_now().await;
        }
        heard.try_recv().is_ok()
    }

    #[tokio::test]
    async fn that_somebody_passes_who_has_run_for_long_is_no_news() {
        assert!(is_told(TimeDelta::seconds(1)).await);
        assert!(!is_told(TimeDelta::hours(1)).await);
    }

    #[tokio::test]
    async fn tries_that_could_not_be_made_say_nothing() {
        let changes = broadcast::Sender::new(16);
        let mut heard = changes.subscribe();
        let prober = Prober::new(Arc::new(Late(AtomicU32::new(0))), changes);
        let probe: Probe = serde_json::from_str(r#"{"failureThreshold": 1, "exec": {"command": ["true"]}}"#).unwrap();
        let life = Life {
            app: Uuid::nil(),
            id: InstanceId("1".to_owned()),
            address: None,
            started_at: Utc::now(),
            checks: Checks { port: None, readiness: Some(probe.clone()), liveness: Some(probe) },
        };
        assert_eq!(prober.watch_only(life.app, vec![life.clone()])[&life.id].readiness, Readiness::Unknown);
        heard.recv().await.unwrap();
        let health = &prober.watch_only(life.app, vec![life.clone()])[&life.id];
        assert_eq!((&health.readiness, &health.liveness_failure), (&Readiness::Ready, &None));
    }
}
