//! A new app: its rows, its first release and its first domain, in one transaction (reference 3.1).

use api::names::{AppName, DomainName, PlatformName};
use rand::seq::IndexedRandom;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Actor, announce::announce};
use crate::{
    db::{self, app::App, config::Document, event::Level, release::Resolved},
    error::Error,
    hook::Announcement,
    state::State,
};

/// Tries at a generated name before we admit that something else is wrong.
const TRIES: usize = 10;

const ADJECTIVES: [&str; 48] = [
    "ablaze", "active", "agreed", "amused", "bonnie", "brainy", "breezy", "bright", "candid", "casual", "chatty",
    "cheery", "chilly", "classy", "clever", "cosmic", "dapper", "daring", "direct", "dreamy", "elated", "earthy",
    "exotic", "feisty", "finest", "floral", "frosty", "gentle", "gilded", "golden", "humble", "jangly", "jovial",
    "kindly", "lively", "mellow", "modest", "nimble", "placid", "poetic", "polite", "quaint", "rustic", "serene",
    "snappy", "trusty", "upbeat", "velvet",
];
const NOUNS: [&str; 48] = [
    "airplane", "aardvark", "antelope", "aquarium", "backpack", "bagpipes", "basilisk", "bluebird", "capybara",
    "cardinal", "chipmunk", "cinnamon", "clarinet", "climbing", "daffodil", "duckbill", "dulcimer", "elephant",
    "fountain", "goldfish", "gumboots", "hedgehog", "icebreak", "jackdaws", "keepsake", "kingfish", "lacewing",
    "lavender", "lemonade", "mackerel", "magnolia", "mandolin", "moonbeam", "mountain", "nuthatch", "ocarinas",
    "paddling", "parakeet", "penguins", "platypus", "quilting", "reindeer", "sailfish", "sandwich", "squirrel",
    "starfish", "terrapin", "yachting",
];

/// Creates an app for `actor` in the caller's transaction, named by us when `name` is none.
pub async fn create_app(
    tx: &mut PgConnection,
    state: &State,
    actor: &Actor,
    name: Option<AppName>,
) -> Result<App, Error> {
    if let Some(name) = name {
        return create_named(tx, state, actor, &name).await;
    }
    for _ in 0..TRIES {
        // A name that is taken must cost this try alone, not the caller's transaction.
        let mut savepoint = tx.begin().await?;
        match create_named(&mut savepoint, state, actor, &generate()?).await {
            Err(Error::Fields(_)) => savepoint.rollback().await?,
            Err(other) => return Err(other),
            Ok(app) => {
                savepoint.commit().await?;
                return Ok(app);
            }
        }
    }
    Err(Error::Conflict("No free name was found. Choose one: create <name>".to_owned()))
}

fn generate() -> Result<AppName, Error> {
    let mut rng = rand::rng();
    let words = (ADJECTIVES.choose(&mut rng), NOUNS.choose(&mut rng));
    let (Some(adjective), Some(noun)) = words else { return Err(anyhow::anyhow!("no words").into()) };
    AppName::parse(&format!("{adjective}-{noun}")).map_err(|error| Error::name("id", error))
}

/// Refuses a name that the platform needs for itself.
pub(super) fn check_reserved(state: &State, name: &AppName) -> Result<(), Error> {
    if state.settings.reserved_names.iter().any(|reserved| reserved == name.as_str()) {
        return Err(Error::field("id", format!("{name} is a reserved name.")));
    }
    Ok(())
}

async fn create_named(tx: &mut PgConnection, state: &State, actor: &Actor, name: &AppName) -> Result<App, Error> {
    check_reserved(state, name)?;
    let uuid = Uuid::now_v7();
    let digest = hex::encode(&Sha256::digest(name.as_str())[..4]);
    let platform_name = PlatformName::for_app(name, &digest);
    let new = db::app::NewApp { uuid, name, platform_name: &platform_name, owner_id: actor.user_id };
    let id = db::app::insert(&mut *tx, new).await?;
    first_rows(state, tx, actor, (id, uuid), name).await?;
    db::app::get(&mut *tx, id).await?.ok_or(Error::Missing("App"))
}

/// What every app begins with, and the log lines about it in the order that Deis's users know.
async fn first_rows(
    state: &State,
    tx: &mut PgConnection,
    actor: &Actor,
    (id, uuid): (i64, Uuid),
    name: &AppName,
) -> Result<(), Error> {
    let document = Document { tags: state.settings.default_tags.clone(), ..Document::default() };
    let config_id = db::config::insert(&mut *tx, &state.vault, (id, uuid), actor.user_id, &document).await?;
    let config = db::config::get(&mut *tx, config_id).await?;
    log(tx, id, &format!("config {name}-{} updated", short(config.uuid))).await?;
    let summary = format!("{} created initial release", actor.username);
    let release = db::release::NewRelease {
        app_id: id,
        version: 1,
        user_id: actor.user_id,
        build_id: None,
        config_id,
        resolved: &Resolved::default(),
        summary: &summary,
        state: db::release::State::Good,
    };
    db::release::insert(&mut *tx, release).await?;
    log(tx, id, &summary).await?;
    let announcement = Announcement { app: name, version: 1, summary: &summary, sha: "", user: &actor.username };
    announce(tx, &state.settings.deploy_hooks, id, announcement).await?;
    db::settings::insert(&mut *tx, id, actor.user_id).await?;
    log(tx, id, &format!("appsettings {name}-{} updated", short(uuid))).await?;
    let domain = DomainName::parse(name.as_str()).map_err(|error| Error::name("id", error))?;
    db::domain::insert(&mut *tx, id, actor.user_id, &domain).await.map_err(name_is_a_domain)?;
    log(tx, id, &format!("domain {domain} added")).await?;
    Ok(())
}

/// An app's name is its first domain; somebody else's app may have that one already.
pub(super) fn name_is_a_domain(error: Error) -> Error {
    match error {
        Error::Fields(_) => Error::field("id", "Application with this id already exists."),
        other => other,
    }
}

async fn log(tx: &mut PgConnection, app_id: i64, text: &str) -> Result<(), Error> {
    Ok(db::event::add(&mut *tx, app_id, Level::Info, text).await?)
}

/// The seven characters by which log lines name a row. The beginning of a v7 uuid is the time, its end tells rows apart.
#[must_use]
pub fn short(uuid: Uuid) -> String {
    let text = uuid.simple().to_string();
    text[text.len() - 7..].to_owned()
}
