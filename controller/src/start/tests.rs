//! Migrations: cut off anywhere they can be started again, they do not keep others from their rows for long, and an older
//! controller works on a newer schema.

use std::{borrow::Cow, thread, time::Instant};

use api::names::AppName;
use sqlx::{Connection, PgConnection, migrate::Migrator};
use tokio::{runtime::Builder, time::interval};

use super::*;
use crate::worker::tests::{PATIENCE, Story, url_of};

/// Longest time for which a migration waits for a lock, and what a busy machine adds.
const LOCK: Duration = Duration::from_millis(2000 + 1500);
/// Between two requests of the load: a migration does not take long enough for many.
const PACE: Duration = Duration::from_millis(2);

fn prove() -> bool {
    std::env::var_os("SLIPWAY_PROVE").is_some()
}

fn all() -> Migrator {
    sqlx::migrate!("../migrations")
}

/// Brings an empty database to the schema of some time ago: with the first so many migrations.
async fn as_of(pool: &PgPool, count: usize) {
    let migrations = all().migrations.iter().take(count).cloned().collect();
    let old = Migrator { migrations: Cow::Owned(migrations), ..all() };
    old.run(pool).await.unwrap();
}

/// What the schema consists of.
async fn schema(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
         from information_schema.columns where table_schema = 'public' and table_name <> '_sqlx_migrations'
         union all select indexdef from pg_indexes where schemaname = 'public' and tablename <> '_sqlx_migrations'
         union all select concat_ws(' ', conname, pg_get_constraintdef(oid)) from pg_constraint
            where connamespace = 'public'::regnamespace and conrelid <> '_sqlx_migrations'::regclass
         order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

async fn empty(pool: &PgPool) {
    sqlx::raw_sql("drop schema public cascade; create schema public").execute(pool).await.unwrap();
}

/// Begins to migrate as a controller that starts, and ends that process after some time.
fn cut_off(url: String, after: Duration) {
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // Whether it came to its end or not, it is over.
        let _over = runtime.block_on(async { tokio::time::timeout(after, migrate(&url)).await });
        runtime.shutdown_background();
    })
    .join()
    .unwrap();
}

/// Starts again until it has started, as a supervisor does.
async fn start_until_done(url: &str) {
    let begun = Instant::now();
    while let Err(error) = migrate(url).await {
        assert!(begun.elapsed() < PATIENCE, "{error:#}");
    }
}

#[sqlx::test(migrations = false)]
async fn migrations_that_were_cut_off_are_begun_again(pool: PgPool) {
    let url = url_of(&pool);
    start_until_done(&url).await;
    let wanted = schema(&pool).await;
    let begun = Instant::now();
    empty(&pool).await;
    start_until_done(&url).await;
    let whole = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let rounds = if prove() { 200 } else { 20 };
    let mut in_the_middle = 0;
    for round in 0..rounds {
        empty(&pool).await;
        as_of(&pool, round % all().migrations.len()).await;
        cut_off(url.clone(), Duration::from_millis(rand::random_range(0..whole / 3)));
        let done: i64 =
            sqlx::query_scalar("select count(*) from _sqlx_migrations").fetch_one(&pool).await.unwrap_or_default();
        in_the_middle += usize::from(done < i64::try_from(all().migrations.len()).unwrap());
        start_until_done(&url).await;
        assert_eq!(schema(&pool).await, wanted, "round {round}");
    }
    println!("{rounds} migrations were cut off, {in_the_middle} of them before their end");
    assert!(in_the_middle * 4 >= rounds, "only {in_the_middle} of {rounds} were cut off before their end");
}

/// How many migrations there were before `0006_services.sql`.
const BEFORE_SERVICES: usize = 5;

/// Somebody's long transaction keeps a migration from its lock. Whoever comes after the migration does not wait as long as
/// that transaction lasts, and once it is over the next start succeeds.
#[sqlx::test(migrations = false)]
async fn a_migration_waits_two_seconds_for_a_lock_and_no_request_longer(pool: PgPool) {
    // What comes next takes a lock on `apps`.
    as_of(&pool, BEFORE_SERVICES).await;
    let url = url_of(&pool);
    let mut long = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("begin; lock table apps, users in row exclusive mode").execute(&mut long).await.unwrap();
    let begun = Instant::now();
    let mut wanted = PgConnection::connect(&url).await.unwrap();
    let both = futures_util::future::join(migrate(&url), async {
        wait_for_waiting(&pool).await;
        let asked = Instant::now();
        sqlx::query("update apps set updated_at = now()").execute(&mut wanted).await.unwrap();
        asked.elapsed()
    });
    let (gave_up, asked) = tokio::time::timeout(PATIENCE, both).await.expect("an end");
    let text = format!("{:#}", gave_up.unwrap_err());
    assert!(text.contains("lock timeout"), "{text}");
    assert!(begun.elapsed() < LOCK && asked < LOCK, "{:?} {asked:?}", begun.elapsed());
    sqlx::raw_sql("commit").execute(&mut long).await.unwrap();
    start_until_done(&url).await;
}

async fn wait_for_waiting(pool: &PgPool) {
    let mut ticks = interval(PACE);
    let waiting = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and not l.granted";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {
        ticks.tick().await;
    }
}

/// From the oldest schema to the newest, with ten thousand apps in it and requests that go on.
#[sqlx::test(migrations = false)]
async fn requests_go_on_while_ten_thousand_apps_are_migrated(pool: PgPool) {
    let rounds = if prove() { 50 } else { 3 };
    let (mut asked, mut longest) = (0, Duration::ZERO);
    for _ in 0..rounds {
        let (more, took) = migrate_under_load(&pool).await;
        (asked, longest) = (asked + more, longest.max(took));
    }
    println!("{asked} requests during {rounds} migrations, the longest took {longest:?}");
    assert!(asked >= rounds && longest < LOCK, "{asked} {longest:?}");
}

async fn migrate_under_load(pool: &PgPool) -> (usize, Duration) {
    empty(pool).await;
    as_of(pool, 1).await;
    let fill = "insert into users (uuid, username, email, password_hash) values (gen_random_uuid(), 'ana', '', '');
        insert into apps (uuid, name, platform_name, owner_id)
            select gen_random_uuid(), 'app-' || n, 'app-' || n, 1 from generate_series(1, 10000) n;";
    sqlx::raw_sql(fill).execute(pool).await.unwrap();
    let stop = CancellationToken::new();
    let asking = tokio::spawn(ask(pool.clone(), stop.clone()));
    start_until_done(&url_of(pool)).await;
    stop.cancel();
    let done = asking.await.unwrap();
    let apps: i64 = sqlx::query_scalar("select count(*) from apps").fetch_one(pool).await.unwrap();
    assert_eq!(apps, 10_000);
    done
}

/// Reads an app and writes it, on and on. Nothing of it fails.
async fn ask(pool: PgPool, stop: CancellationToken) -> (usize, Duration) {
    let mut ticks = interval(PACE);
    let (mut asked, mut longest) = (0, Duration::ZERO);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let begun = Instant::now();
        let name = AppName::parse(&format!("app-{}", rand::random_range(1..=10_000))).unwrap();
        let app = db::app::find(&pool, &name).await.unwrap().unwrap();
        db::app::touch(&pool, app.id).await.unwrap();
        longest = longest.max(begun.elapsed());
        asked += 1;
    }
    (asked, longest)
}

/// What a later version may add: tables, columns that may be empty or have a value of their own, indexes.
#[sqlx::test(migrations = "../migrations")]
async fn an_older_controller_works_on_a_newer_schema(pool: PgPool) {
    let newer = "create table later (id bigint primary key, app_id bigint references apps on delete cascade);
        alter table apps add column later text;
        alter table operations add column later jsonb not null default '{}';
        alter table releases add column later boolean not null default false;
        alter table instances add column later timestamptz;
        create index later_index on operations (later);
        insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (9999, 'later', true, '\\x00', 0);";
    sqlx::raw_sql(newer).execute(&pool).await.unwrap();
    migrate(&url_of(&pool)).await.unwrap();
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    assert_eq!(story.deploy(&app, "web:1").await.unwrap(), "v2 ana deployed web:1");
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v3 ana added A");
    assert_eq!(story.ps(&app).await, ["cmd up v3"]);
}

/// Older controllers read and write what they know; so nothing of that may go away, or be demanded of them.
#[test]
fn migrations_only_add() {
    let additions = ["create table ", "create index ", "create unique index ", "insert into ", "comment on "];
    for migration in all().migrations.iter() {
        let text: String = migration.sql.as_str().lines().map(|line| line.split("--").next().unwrap_or("")).collect();
        for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            let adds_column = statement.starts_with("alter table ")
                && statement.contains(" add column ")
                && (!statement.contains(" not null") || statement.contains(" default "));
            let adds = adds_column || additions.iter().any(|addition| statement.starts_with(addition));
            assert!(adds, "migration {} does more than to add: {statement}", migration.version);
        }
    }
}
