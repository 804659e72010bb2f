//! What arrives, and that all of it does.

use std::{collections::BTreeSet, sync::atomic::AtomicI64};

use api::names::AppName;
use insta::assert_snapshot;

use super::{receiver::Collector, *};
use crate::db::event::{self, Level};

#[sqlx::test(migrations = "../migrations")]
async fn lines_and_events_arrive_in_their_order_under_the_names_of_now(pool: PgPool) {
    let world = World::begin(pool).await;
    world.write(3, "before there was a drain").await;
    let receiver = Receiver::start();
    world.drain(&format!("syslog://127.0.0.1:{}", receiver.port)).await;
    let (sending, stop) = world.send(home());
    world.write(2, "at once").await;
    receiver.texts(2).await;
    event::add(world.pool(), world.app.id, Level::Info, "ana deployed example-go\nand more").await.unwrap();
    receiver.until(|messages| messages.len() >= 4).await;
    db::app::set_name(world.pool(), world.app.id, &AppName::parse("journal").unwrap()).await.unwrap();
    world
        .story
        .eventually("the new name is used", async || {
            world.write(1, "renamed").await;
            receiver.messages.borrow().iter().any(|message| message.contains(" journal app "))
        })
        .await;
    let messages = receiver.messages.borrow().clone();
    // The platform's lines bear the time of now.
    let shown = messages[..4].iter().map(|message| message.replacen(message.split(' ').nth(1).unwrap(), "TIME", 1));
    assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r"
    <190>1 TIME blog app web.v3.1vxqg - - line 3 at once
    <190>1 TIME blog app web.v3.1vxqg - - line 4 at once
    <158>1 TIME blog slipway controller - - ana deployed example-go
    <158>1 TIME blog slipway controller - - and more
    ");
    stop.cancel();
    sending.await.unwrap();
    let arrived = i64::try_from(receiver.messages.borrow().len()).unwrap();
    world.until("what arrived is counted", |drain| drain.sent == arrived).await;
    // Whatever is written for an app that is being destroyed is sent nowhere.
    let mut tx = db::begin(world.pool()).await.unwrap();
    db::app::destroy(&mut *tx, world.app.id).await.unwrap();
    db::commit(tx).await.unwrap();
    assert_eq!(db::drain::live(world.pool(), &world.story.state.vault).await.unwrap().len(), 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn syslog_over_tls_is_sent_to_who_proves_to_be_the_host_and_to_nobody_else(pool: PgPool) {
    let world = World::begin(pool).await;
    let authority = Authority::new();
    let impostor = Receiver::tls(&authority, "elsewhere.example");
    let drain = world.drain(&format!("syslog+tls://localhost:{}", impostor.port)).await;
    let (_sending, _stop) = world.send(trusting(&authority));
    world.write(2, "secret").await;
    let failed = world.until("the failure is told", |drain| drain.last_error.is_some()).await;
    assert_snapshot!(failed.last_error.unwrap(), @r#"
    TLS failed: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("elsewhere.example")
    "#);
    assert!(impostor.messages.borrow().is_empty() && failed.sent == 0);
    db::drain::delete(world.pool(), &world.story.state.vault, Some(world.app.id), drain).await.unwrap();
    let receiver = Receiver::tls(&authority, "localhost");
    world.drain(&format!("syslog+tls://localhost:{}", receiver.port)).await;
    world.write(2, "secret").await;
    assert_eq!(receiver.texts(2).await, ["line 2 secret", "line 3 secret"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn batches_are_posted_until_they_are_taken(pool: PgPool) {
    let world = World::begin(pool).await;
    let authority = Authority::new();
    let collector = Collector::start(&authority).await;
    collector.answers.lock().unwrap().extend([500, 429]);
    let drain = world.drain(&format!("https://ana:p%40ss@localhost:{}/v1/logs?key=1", collector.port)).await;
    world.write(2, "posted").await;
    let (_sending, _stop) = world.send(trusting(&authority));
    let posts = collector.until(3).await;
    let header = |post: &receiver::Posted, name: &str| post.headers[name].to_str().unwrap().to_owned();
    let post = &posts[2];
    assert_snapshot!(post.body, @"77 <190>1 2024-05-01T10:00:00.000000+00:00 blog app web.v3.1vxqg - line 0 posted77 <190>1 2024-05-01T10:00:00.000000+00:00 blog app web.v3.1vxqg - line 1 posted");
    assert_eq!(post.query, "key=1");
    assert_eq!(header(post, "content-type"), "application/logplex-1");
    assert_eq!(header(post, "logplex-msg-count"), "2");
    assert_eq!(header(post, "logplex-drain-token"), format!("d.{drain}"));
    assert_eq!(header(post, "authorization"), "Basic YW5hOnBAc3M=");
    let frames: BTreeSet<_> = posts.iter().map(|post| header(post, "logplex-frame-id")).collect();
    assert_eq!(frames.len(), 1, "sent again, it is the same");
    let kept = world.until("the count is kept", |drain| drain.sent == 2).await;
    assert_eq!((kept.dropped, kept.last_error.as_deref()), (0, Some("the receiver answered 429")));
    // One that will never be taken does not keep the next one waiting for ever.
    collector.answers.lock().unwrap().extend([400; 5]);
    world.write(3, "not to be had").await;
    world.until("it is dropped", |drain| drain.dropped == 3).await;
    world.write(1, "next").await;
    let kept = world.until("the next one arrives", |drain| drain.sent == 3).await;
    assert_eq!(kept.dropped, 3);
}

/// Bytes that may come a second time for each end of a connection: what both sides of it may hold, and two batches.
const AGAIN: usize = 512 * 1024 + 2 * 400 * 1024;
/// Of each round.
const LINES: i64 = 10_000;

/// Controllers are killed and stopped, and connections cut, again and again.
#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_lost_and_little_comes_twice_whoever_dies(pool: PgPool) {
    let rounds = if std::env::var_os("SLIPWAY_PROVE").is_some() { 30 } else { 1 };
    let world = World::begin(pool).await;
    let receiver = Receiver::start();
    world.drain(&format!("syslog://127.0.0.1:{}", receiver.port)).await;
    let mut ends = 0;
    for way in ["kill", "cut", "stop"].repeat(rounds) {
        let (sending, stop) = world.send(home());
        // The receiver stands still in the middle, with more to come than a connection holds.
        let seen = receiver.messages.borrow().len() + 1000;
        receiver.limit.send_replace(seen);
        world.write(LINES, &".".repeat(100)).await;
        receiver.until(|messages| messages.len() == seen).await;
        if way == "kill" {
            sending.abort();
        } else if way == "cut" {
            receiver.cut().await;
            receiver.limit.send_replace(usize::MAX);
            receiver.until(|messages| messages.len() > seen + 1000).await;
        }
        stop.cancel();
        let _ = sending.await;
        receiver.limit.send_replace(usize::MAX);
        ends += 1;
    }
    let (sending, stop) = world.send(home());
    let total = world.next.load(Ordering::Relaxed);
    let messages = receiver.until(|messages| distinct(messages) == total).await;
    let again = messages.len() - usize::try_from(total).unwrap();
    println!("{total} lines through {ends} ends: none lost, {again} came twice");
    assert!(again * messages[0].len() <= (ends + 1) * AGAIN, "{again} of {total} came twice");
    stop.cancel();
    sending.await.unwrap();
    let kept = world.until("it is kept", |_| true).await;
    assert_eq!((kept.sent, kept.dropped), (total, 0), "each counts once");
}

fn distinct(messages: &[String]) -> i64 {
    let distinct: BTreeSet<_> = numbers(messages).into_iter().collect();
    i64::try_from(distinct.len()).unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_controllers_one_sends_and_a_stop_hands_over_without_a_line_twice(pool: PgPool) {
    let world = World::begin(pool).await;
    let receiver = Receiver::start();
    world.drain(&format!("syslog://127.0.0.1:{}", receiver.port)).await;
    let (one, stop_one) = world.send(home());
    world.write(100, "").await;
    receiver.texts(100).await;
    let (_other, _stop) = world.send(home());
    world.write(100, "").await;
    receiver.texts(200).await;
    stop_one.cancel();
    one.await.unwrap();
    world.write(100, "").await;
    receiver.texts(300).await;
    assert_eq!(numbers(&receiver.messages.borrow()), (0..300).collect::<Vec<_>>());
}

#[sqlx::test(migrations = "../migrations")]
async fn the_operators_file_names_drains_of_all_apps(pool: PgPool) {
    let world = World::begin(pool).await;
    world.write(2, "from before").await;
    let receiver = Receiver::start();
    let file = world.story.folder.path().join("drains");
    let platform = Platform::new(Some(file.clone()));
    let stop = world.story.stop.child_token();
    // Nobody but the operator may send to this machine.
    let nobody = Arc::new(Outside::default());
    tokio::spawn(send(world.controller(), nobody, platform, stop));
    std::fs::write(&file, format!("# ours\nsyslog://localhost:{}\n", receiver.port)).unwrap();
    world.until("the file is obeyed", |drain| drain.app_id.is_none()).await;
    world.write(1, "").await;
    let other = World { app: world.story.app_named("shop").await, next: AtomicI64::new(100), story: world.story };
    other.write(2, "").await;
    let messages = receiver.until(|messages| numbers(messages).len() == 3).await;
    assert_eq!(numbers(&messages), [2, 100, 101]);
    assert!(messages.iter().any(|message| message.contains(" shop app web.v3.1vxqg ")), "{messages:?}");
    std::fs::write(&file, "").unwrap();
    let gone = async || db::drain::list(other.pool(), &other.story.state.vault, None).await.unwrap().is_empty();
    other.story.eventually("the drain is gone", gone).await;
}
