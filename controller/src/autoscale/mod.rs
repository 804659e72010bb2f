//! Types that are scaled by what they use: a rule in the settings of an app, obeyed here where no
//! `HorizontalPodAutoscaler` of a cluster does it.
//!
//! It changes the formation as `ps:scale` does, only where a rule says so, and only while the count is still what it was
//! when the load was taken: several controllers may look at once. What it remembers, it may forget: after a start it takes
//! more instances at once and waits before it takes fewer.

mod decide;

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use api::{names::ProcessType, types::AutoscaleRule};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use self::decide::Recommended;
use crate::{
    db::{self, app::App, config::Document, instance::Phase, settings::Autoscale},
    operation,
    platform::{Error as PlatformError, Instance, InstanceId, InstanceState, Readiness},
    quantity,
    state::State,
    workload,
};

/// Time between two looks, as Kubernetes has it.
const PERIOD: Duration = Duration::from_secs(15);

/// What an instance requests that has no limit: one core.
const REQUEST: u64 = 1000;

/// Looks until `shutdown`.
pub async fn run(state: State, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut autoscaler = Autoscaler::default();
    let looks = async {
        loop {
            ticks.tick().await;
            autoscaler.look(&state, Instant::now()).await;
        }
    };
    shutdown.run_until_cancelled(looks).await;
}

/// What is remembered from one look to the next.
#[derive(Default)]
pub struct Autoscaler {
    types: HashMap<(i64, ProcessType), Seen>,
}

/// What was seen of one type.
#[derive(Default)]
struct Seen {
    /// What each instance had used, and when that was.
    used: HashMap<InstanceId, (Instant, Duration)>,
    recommended: Recommended,
}

impl Autoscaler {
    /// Looks once at every type that has a rule.
    pub async fn look(&mut self, state: &State, now: Instant) {
        let apps = match db::settings::autoscaled(&state.pool).await {
            Ok(apps) => apps,
            Err(error) => {
                tracing::warn!(%error, "rules of scaling cannot be read; trying again");
                return;
            }
        };
        let mut next = HashMap::new();
        for (app_id, rules) in apps {
            let mut seen: BTreeMap<_, _> = rules.keys().map(|name| (name.clone(), self.take(app_id, name))).collect();
            if let Err(error) = look_at(state, app_id, &rules, &mut seen, now).await {
                tracing::warn!(
                    app_id,
                    error = format!("{error:#}"),
                    "an app cannot be scaled by its load; trying again"
                );
            }
            next.extend(seen.into_iter().map(|(name, seen)| ((app_id, name), seen)));
        }
        self.types = next;
    }

    fn take(&mut self, app_id: i64, process_type: &ProcessType) -> Seen {
        self.types.remove(&(app_id, process_type.clone())).unwrap_or_default()
    }
}

async fn look_at(
    state: &State,
    app_id: i64,
    rules: &Autoscale,
    seen: &mut BTreeMap<ProcessType, Seen>,
    now: Instant,
) -> anyhow::Result<()> {
    let Some(app) = db::app::get(&state.pool, app_id).await?.filter(|app| !app.destroyed) else { return Ok(()) };
    let Some(release) = db::release::latest_good(&state.pool, app_id).await? else { return Ok(()) };
    let document = db::config::get(&state.pool, release.config_id).await?.open(&state.vault, app.uuid)?;
    let instances = serving(state, &app).await?;
    for (process_type, seen) in seen {
        let (Some(rule), Some(&count)) = (rules.get(process_type), app.structure.get(process_type)) else { continue };
        // Whoever scales to nothing wants nothing.
        if count == 0 {
            continue;
        }
        let those = instances.iter().filter(|instance| instance.process_type == *process_type);
        let loads = seen.loads(state, those, request(&document, process_type), now).await?;
        let wanted = seen.recommended.steady(now, count, decide::wanted(rule, count, &loads));
        if wanted != count {
            scale(state, &app, process_type, (count, wanted), &reason(rule, &loads)).await?;
        }
    }
    Ok(())
}

/// Those of the app's instances that have proven good and are to stay.
async fn serving(state: &State, app: &App) -> anyhow::Result<Vec<Instance>> {
    let mut rows = db::instance::list(&state.pool, app.id).await?;
    rows.retain(|row| row.phase == Phase::Wanted && row.healthy_at.is_some());
    let names: Vec<_> = rows.into_iter().map(|row| row.name).collect();
    let mut instances = state.platform.instances(&workload::app_ref(app), &names).await?;
    instances.retain(|instance| {
        instance.state == InstanceState::Running && !matches!(instance.readiness, Readiness::NotReady(_))
    });
    Ok(instances)
}

impl Seen {
    /// The loads of those instances that were seen before.
    async fn loads(
        &mut self,
        state: &State,
        instances: impl Iterator<Item = &Instance>,
        request: u64,
        now: Instant,
    ) -> anyhow::Result<Vec<u64>> {
        let mut used = HashMap::new();
        let mut loads = Vec::new();
        for instance in instances {
            let now_used = match state.platform.cpu_time(&instance.id).await {
                Ok(used) => used,
                Err(PlatformError::Gone) => continue,
                Err(error) => return Err(error.into()),
            };
            if let Some((at, before)) = self.used.get(&instance.id) {
                // An instance that has begun anew has used less than before.
                let more = now_used.checked_sub(*before);
                loads.extend(more.and_then(|more| decide::load(more, now.saturating_duration_since(*at), request)));
            }
            used.insert(instance.id.clone(), (now, now_used));
        }
        self.used = used;
        Ok(loads)
    }
}

/// Thousandths of a core that one instance of the type requests.
fn request(document: &Document, process_type: &ProcessType) -> u64 {
    let limit = document.cpu.get(process_type).and_then(|text| quantity::cpu_request(text));
    limit.filter(|limit| *limit > 0).unwrap_or(REQUEST)
}

/// Why another count is wanted, for the app's log.
fn reason(rule: &AutoscaleRule, loads: &[u64]) -> String {
    let AutoscaleRule { min, max, cpu_percent } = rule;
    match u64::try_from(loads.len()) {
        Ok(measured @ 1..) => {
            let average = loads.iter().sum::<u64>() / measured / 10;
            format!("CPU at {average}%, {cpu_percent}% wanted, {min} to {max} allowed")
        }
        _ => format!("{min} to {max} allowed"),
    }
}

async fn scale(
    state: &State,
    app: &App,
    process_type: &ProcessType,
    counts: (u32, u32),
    reason: &str,
) -> anyhow::Result<()> {
    let mut tx = db::begin(&state.pool).await?;
    operation::rescale(&mut tx, app, process_type, counts, reason).await?;
    Ok(db::commit(tx).await?)
}
