//! Where no drain leads, and what a receiver that stands still costs.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::*;

#[sqlx::test(migrations = "../migrations")]
async fn names_that_lead_to_this_machine_are_not_followed(pool: PgPool) {
    let world = World::begin(pool).await;
    let receiver = Receiver::start();
    world.drain(&format!("syslog://localhost:{}", receiver.port)).await;
    let (_sending, _stop) = world.send(Outside::default());
    world.write(1, "").await;
    let failed = world.until("it is told", |drain| drain.last_error.is_some()).await;
    assert_snapshot!(failed.last_error.unwrap().replace("::1", "127.0.0.1"), @"localhost leads to 127.0.0.1, which is this platform's own machine");
    assert!(receiver.connections.lock().unwrap().is_empty(), "nobody has even connected");
}

/// Of a hundred megabytes, the log keeps ten. The one receiver gets all of it, the other what is left when it reads again;
/// what it does not get is counted, to the line, and neither costs memory.
#[sqlx::test(migrations = "../migrations")]
async fn a_receiver_that_stands_still_holds_up_nobody_and_is_told_what_it_missed(pool: PgPool) {
    const LINES: i64 = 7000;
    let padding = "x".repeat(15_000);
    let world = World::begin(pool).await;
    let [slow, swift] = [Receiver::start(), Receiver::start()];
    slow.limit.send_replace(0);
    world.drain(&format!("syslog://127.0.0.1:{}", slow.port)).await;
    world.drain(&format!("syslog://127.0.0.1:{}", swift.port)).await;
    let (sending, stop) = world.send(home());
    let before = resident();
    for _ in 0..LINES / 100 {
        world.write(100, &padding).await;
        // Each line goes in two pieces.
        swift.until(|messages| messages.len() == 200).await;
        // What this test keeps is none of what is measured.
        swift.messages.send_modify(Vec::clear);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 50 << 20, "{} MiB more than before", grown >> 20);
    // What was written to connections that are no more is no part of the count.
    slow.cut().await;
    world.until("the connection is found broken", |drain| drain.last_error.is_some()).await;
    slow.limit.send_replace(usize::MAX);
    let last = format!("line {} ", LINES - 1);
    // The last line goes in two pieces.
    let is_there = |messages: &[String]| messages.iter().rev().take(2).any(|message| message.contains(&last));
    let messages = slow.until(is_there).await;
    let got: BTreeSet<_> = numbers(&messages).into_iter().collect();
    let told: i64 = messages.iter().filter_map(|message| dropped(message)).sum();
    assert!(told > LINES / 2, "{told} told");
    assert_eq!(i64::try_from(got.len()).unwrap() + told, LINES);
    stop.cancel();
    sending.await.unwrap();
    world.until("it is counted", |drain| drain.dropped == told).await;
}

fn dropped(message: &str) -> Option<i64> {
    message.split_once("Error L10 (output buffer overflow): ")?.1.split(' ').next()?.parse().ok()
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
