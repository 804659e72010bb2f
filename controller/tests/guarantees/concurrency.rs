//! Many clients change one app at once, through several controllers: no update is lost, no version is missing or there
//! twice, and a request that is sent again after its answer was dropped is done once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use api::names::ConfigKey;
use axum::http::Method;
use controller::{
    db::{self, release::Release},
    vault::Vault,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    controller::{Answer, Controller},
    fence,
    site::{Ground, Site},
    slate,
};

const CLIENTS: usize = 8;
const APP: &str = "busy";
/// Requests, and how many of them are sent again after their answer was dropped.
const SHORT: usize = 150;
const FULL: usize = 5000;
const DROPPED_OF: usize = 5;
/// The longest that a client waits for an answer that it drops.
const HASTE: u64 = 120;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
enum Wish {
    Set { key: String, value: String },
    Deploy(&'static str),
    RollBack(u32),
    Scale(u32),
}

/// A wish that was answered.
#[derive(Debug)]
struct Granted {
    wish: Wish,
    answer: Answer,
    asked: Instant,
    answered: Instant,
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_changes_at_once_none_is_lost_and_none_is_made_twice(pool: PgPool) {
    let mut site = Site::new(pool).await;
    site.post("/v2/apps", json!({"id": APP})).await;
    site.post(&format!("/v2/apps/{APP}/builds"), json!({"image": "web:1"})).await;
    let crowd = Arc::new(Crowd {
        controllers: [site.controller.clone(), Arc::new(site.another("two").await)],
        token: site.token.clone(),
        left: AtomicUsize::new(if crate::prove() { FULL } else { SHORT }),
        dropped: AtomicUsize::new(0),
        latest: AtomicUsize::new(2),
    });
    let clients = (0..CLIENTS).map(|client| tokio::spawn(crowd.clone().ask_on_and_on(client)));
    let clients = futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    let granted: Vec<Granted> = clients.into_iter().flat_map(Result::unwrap).collect();
    site.eventually(async |ground| slate::settled(ground, APP).await).await.unwrap();
    fence::kept(&site.ground.pool).await.unwrap();
    let app = site.ground.app(APP).await.unwrap();
    let releases = slate::releases(&site.ground, &app).await;
    let made = by_version(&granted, &releases);
    follow_each_other(&site.ground, &site.vault(), &releases, &made).await;
    keep_to_time(&made);
    assert!(is_a_last_scale(&granted, app.structure.values().sum()), "the formation {:?} was not last", app.structure);
    let dropped = crowd.dropped.load(Ordering::Relaxed);
    println!("{} changes, {} releases, {dropped} answers dropped", granted.len(), releases.len());
    assert!(dropped * DROPPED_OF * 2 >= granted.len(), "too few answers were dropped");
}

/// Eight clients of two controllers.
struct Crowd {
    controllers: [Arc<Controller>; 2],
    token: String,
    left: AtomicUsize,
    dropped: AtomicUsize,
    /// A version that exists.
    latest: AtomicUsize,
}

impl Crowd {
    async fn ask_on_and_on(self: Arc<Self>, client: usize) -> Vec<Granted> {
        let mut granted = Vec::new();
        while self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let wish = self.wish(client, granted.len());
            let asked = Instant::now();
            let answer = self.ask(client, &wish).await;
            if let Some(version) = answer.body["version"].as_u64() {
                self.latest.fetch_max(usize::try_from(version).unwrap(), Ordering::Relaxed);
            }
            granted.push(Granted { wish, answer, asked, answered: Instant::now() });
        }
        granted
    }

    fn wish(&self, client: usize, number: usize) -> Wish {
        let value = format!("{client}.{number}");
        match rand::random_range(0..100) {
            0..30 => Wish::Set { key: format!("OWN_{client}"), value },
            30..60 => Wish::Set { key: "SHARED".to_owned(), value },
            60..70 => Wish::Deploy("web:1"),
            70..80 => Wish::Deploy("web:2"),
            80..90 => {
                let latest = self.latest.load(Ordering::Relaxed);
                Wish::RollBack(u32::try_from(rand::random_range(latest.saturating_sub(4).max(2)..=latest)).unwrap())
            }
            _ => Wish::Scale(rand::random_range(1..=3)),
        }
    }

    /// Asks with a key of its own until there is an answer; one of some is not listened to, and asked for again.
    async fn ask(&self, client: usize, wish: &Wish) -> Answer {
        let (path, body) = wish.request();
        let key = Uuid::now_v7().to_string();
        let asked = (Method::POST, path.as_str(), &body);
        let [one, other] = &self.controllers;
        let (one, other) = if client.is_multiple_of(2) { (one, other) } else { (other, one) };
        if rand::random_range(0..DROPPED_OF) == 0 {
            let haste = Duration::from_millis(rand::random_range(0..HASTE));
            // Whether it came in time or not, nobody hears it.
            let _dropped = tokio::time::timeout(haste, one.ask(&self.token, Some(&key), asked.clone())).await;
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        let answer = other.ask(&self.token, Some(&key), asked.clone()).await.unwrap();
        assert!(answer.status.is_success() || wish.may_be_refused(&answer), "{wish:?}: {answer:?}");
        answer
    }
}

impl Wish {
    fn request(&self) -> (String, Value) {
        let (path, body) = match self {
            Self::Set { key, value } => ("config", json!({"values": {key: value}})),
            Self::Deploy(image) => ("builds", json!({"image": image})),
            Self::RollBack(version) => ("releases/rollback", json!({"version": version})),
            Self::Scale(count) => ("scale", json!({"cmd": count})),
        };
        (format!("/v2/apps/{APP}/{path}"), body)
    }

    /// Rolling back fails when the image is not kept any more.
    fn may_be_refused(&self, answer: &Answer) -> bool {
        matches!(self, Self::RollBack(_)) && answer.status == 400
    }
}

/// Which wish each version comes from: each from exactly one, and each wish has one.
fn by_version<'a>(granted: &'a [Granted], releases: &[Release]) -> BTreeMap<u32, &'a Granted> {
    let first = |is: &dyn Fn(&&Release) -> bool| releases.iter().find(is).map(|release| release.version);
    let uuid = |granted: &Granted| granted.answer.body["uuid"].as_str().map(str::to_owned).unwrap_or_default();
    let mut made = BTreeMap::new();
    for one in granted.iter().filter(|one| one.answer.status == 201) {
        let uuid = uuid(one);
        let version = match one.wish {
            Wish::Set { .. } => first(&|release| release.config_uuid.to_string() == uuid),
            Wish::Deploy(_) => first(&|release| release.build_uuid.is_some_and(|build| build.to_string() == uuid)),
            Wish::RollBack(_) => one.answer.body["version"].as_u64().and_then(|version| u32::try_from(version).ok()),
            Wish::Scale(_) => continue,
        };
        let version = version.unwrap_or_else(|| panic!("no release came of {one:?}"));
        assert!(made.insert(version, one).is_none(), "v{version} came of two requests");
    }
    let unasked: Vec<u32> = releases
        .iter()
        .map(|release| release.version)
        .filter(|version| *version > 2 && !made.contains_key(version))
        .collect();
    assert!(unasked.is_empty(), "nobody asked for {unasked:?}");
    made
}

/// Every release is the one before it and what was asked for, and nothing else.
async fn follow_each_other(ground: &Ground, vault: &Vault, releases: &[Release], made: &BTreeMap<u32, &Granted>) {
    let app = ground.app(APP).await.unwrap();
    let mut values = Vec::new();
    for release in releases {
        let config = db::config::get(&ground.pool, release.config_id).await.unwrap();
        values.push(config.open(vault, app.uuid).unwrap().values);
    }
    for (index, release) in releases.iter().enumerate().skip(2) {
        let (before, mut wanted) = (&releases[index - 1], values[index - 1].clone());
        match &made[&release.version].wish {
            Wish::Set { key, value } => {
                wanted.insert(ConfigKey::parse(key).unwrap(), value.clone());
                assert_eq!(release.build_id, before.build_id, "v{}", release.version);
            }
            Wish::Deploy(_) => assert_eq!(release.config_id, before.config_id, "v{}", release.version),
            Wish::RollBack(version) => {
                let target = *version as usize - 1;
                wanted.clone_from(&values[target]);
                assert_eq!(release.build_id, releases[target].build_id, "v{}", release.version);
            }
            Wish::Scale(_) => unreachable!("it makes no release"),
        }
        assert_eq!(values[index], wanted, "v{}", release.version);
    }
}

/// What was asked for after something else was answered comes after it.
fn keep_to_time(made: &BTreeMap<u32, &Granted>) {
    let mut latest_asked: Option<(u32, Instant)> = None;
    for (version, granted) in made {
        if let Some((earlier, asked)) = latest_asked {
            assert!(granted.answered > asked, "v{version} was there before v{earlier} was asked for");
        }
        if latest_asked.is_none_or(|(_, asked)| granted.asked > asked) {
            latest_asked = Some((*version, granted.asked));
        }
    }
}

/// True when no other count was asked for after this one was answered, for one of those who asked for it.
fn is_a_last_scale(granted: &[Granted], count: u32) -> bool {
    let scales: Vec<_> = granted.iter().filter(|one| matches!(one.wish, Wish::Scale(_))).collect();
    let is_last = |one: &&&Granted| scales.iter().all(|other| other.asked <= one.answered);
    scales.is_empty() || scales.iter().filter(is_last).any(|one| one.wish == Wish::Scale(count))
}
