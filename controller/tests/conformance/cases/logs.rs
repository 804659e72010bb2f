//! What instances write.

use controller::platform::{Error, InstanceId, LogLine};
use futures_util::{StreamExt, TryStreamExt};

use crate::bench::{Bench, soon};

async fn read(bench: &Bench, id: &InstanceId, since: Option<&LogLine>, lines: usize) -> Vec<LogLine> {
    let log = bench.platform.logs(id, since.map(|line| line.at)).await.unwrap();
    soon(log.take(lines).try_collect()).await.unwrap()
}

fn numbers(lines: &[LogLine]) -> Vec<u32> {
    lines.iter().map(|line| line.text.strip_prefix("line ").unwrap().parse().unwrap()).collect()
}

pub async fn follows_to_the_end(bench: &Bench) {
    let id = bench.started("talks").await;
    let mut log = bench.platform.logs(&id, None).await.unwrap();
    let mut lines: Vec<LogLine> = Vec::new();
    while lines.len() < 5 {
        lines.push(soon(log.next()).await.unwrap().unwrap());
    }
    bench.stop(&id).await;
    lines.extend(soon(log.try_collect::<Vec<_>>()).await.unwrap());
    let expected: Vec<u32> = (0..).take(lines.len()).collect();
    assert_eq!(numbers(&lines), expected);
    assert!(lines.is_sorted_by_key(|line| line.at));
    let last: Vec<_> = lines[lines.len() - 3..].iter().map(|line| line.text.clone()).collect();
    assert_eq!(bench.platform.tail(&id, 3).await.unwrap(), last);
}

pub async fn resumes_without_loss(bench: &Bench) {
    let id = bench.started("talks").await;
    let mut lines = read(bench, &id, None, 10).await;
    for _ in 0..5 {
        let more = read(bench, &id, lines.last(), 10).await;
        // Inclusive: what bears the very time comes again, and nothing before it.
        assert_eq!(more[0].at, lines.last().unwrap().at);
        let new = more.into_iter().filter(|line| !lines.contains(line)).collect::<Vec<_>>();
        lines.extend(new);
    }
    let expected: Vec<u32> = (0..).take(lines.len()).collect();
    assert_eq!(numbers(&lines), expected);
}

pub async fn goes_on_after_a_restart(bench: &Bench) {
    let id = bench.started("exits").await;
    let log = bench.platform.logs(&id, None).await.unwrap();
    let lines: Vec<_> = soon(log.take(6).try_collect()).await.unwrap();
    let mut texts: Vec<_> = lines.iter().map(|line: &LogLine| line.text.as_str()).collect();
    // The two streams of one life are not ordered among each other.
    texts.chunks_mut(2).for_each(<[_]>::sort);
    assert_eq!(texts, ["first", "last", "first", "last", "first", "last"]);
}

pub async fn tails_what_has_ended(bench: &Bench) {
    let id = bench.started("exits").await;
    bench.until(&id, |instance| instance.last_exit.is_some()).await;
    bench.stop(&id).await;
    bench.until_ended(&id).await;
    let mut tail = bench.platform.tail(&id, 2).await.unwrap();
    tail.sort();
    assert_eq!(tail, ["first", "last"]);
}

pub async fn knows_no_strangers(bench: &Bench) {
    let nobody = InstanceId("0123456789abcdef".repeat(4));
    assert!(matches!(bench.platform.logs(&nobody, None).await.map(drop), Err(Error::Gone)));
    assert!(matches!(bench.platform.tail(&nobody, 1).await, Err(Error::Gone)));
}
