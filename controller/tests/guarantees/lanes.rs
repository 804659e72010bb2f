//! Steps side by side, each lane of them in a database of its own: they wait most of the time.

use controller::failpoint::Point;
use rand::seq::SliceRandom;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    changes::Change,
    mischief::{Deed, Step},
};

/// A step, and the change that is being made.
pub type Attack = (Change, Step);

/// Those of `attacks` that are made: at full size all; else what `core` wants, the first time that its point is reached, and
/// some others.
pub fn choose(mut attacks: Vec<Attack>, others: usize, core: impl Fn(&Attack) -> bool) -> Vec<Attack> {
    attacks.shuffle(&mut rand::rng());
    if crate::prove() {
        return attacks;
    }
    let always = |attack: &Attack| attack.1.nth == 1 && core(attack);
    let (mut chosen, mut rest): (Vec<_>, Vec<_>) = attacks.into_iter().partition(always);
    rest.truncate(others);
    chosen.append(&mut rest);
    chosen
}

/// Gives the attacks to so many lanes, and answers what came of each.
pub async fn side_by_side<T>(
    pool: &PgPool,
    lanes: usize,
    attacks: &[Attack],
    go: impl AsyncFn(PgPool, &[Attack]) -> Vec<T>,
) -> Vec<T> {
    let lanes = attacks.chunks(attacks.len().div_ceil(lanes).max(1)).map(async |attacks| {
        let name = format!("lane_{}", Uuid::now_v7().simple());
        admit(pool, format!("create database {name}")).await;
        let own = PgPool::connect_with((*pool.connect_options()).clone().database(&name)).await.unwrap();
        sqlx::migrate!("../migrations").run(&own).await.unwrap();
        let done = go(own, attacks).await;
        admit(pool, format!("drop database {name} with (force)")).await;
        done
    });
    futures_util::future::join_all(lanes).await.into_iter().flatten().collect()
}

async fn admit(pool: &PgPool, statement: String) {
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
}

/// Every deed that `deeds` names, each of the first `times` times that a point is reached.
pub fn attacks(
    change: Change,
    reached: impl IntoIterator<Item = (Point, usize)>,
    times: usize,
    deeds: impl Fn(&Point) -> Vec<Deed>,
) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (point, count) in reached {
        for nth in 1..=count.min(times) {
            let steps = deeds(&point).into_iter().map(|deed| Step { point: point.clone(), nth, deed });
            attacks.extend(steps.map(|step| (change, step)));
        }
    }
    attacks
}
