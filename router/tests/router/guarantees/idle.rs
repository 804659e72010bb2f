//! Instances that close idle connections, often in the very moment at which the next request is on its way.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;

use super::{
    Failures,
    asker::Asker,
    instance::{self, Habits, Ledger},
    size,
};
use crate::support::{pass, router::Router};

const CLIENTS: usize = 50;
/// Of so many requests one is a POST.
const POSTS: usize = 5;

/// A request may have met the end of its connection without having been executed, and only then is it sent again. Nobody
/// can know that of a POST, so that it gets a connection of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_close_idle_connections_cost_no_answer_and_no_second_execution() {
    let habits = Habits { idle: Duration::from_millis(50), slams: 8 };
    let ledger = Arc::new(Ledger::default());
    let (one, two) =
        (instance::start(1, habits, ledger.clone()).await, instance::start(1, habits, ledger.clone()).await);
    let router = Router::to(&[one.address, two.address]);
    let each = size(10_000, 250_000) / CLIENTS;
    let failures = Arc::new(Failures::default());
    let clients = (0..CLIENTS).map(|client| {
        let ids = (client * each..(client + 1) * each).map(|n| n + 1);
        tokio::spawn(ask_for(router.address, ids, ledger.clone(), failures.clone()))
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let total = each * CLIENTS;
    for id in (1..=total).filter(|id| id.is_multiple_of(POSTS)) {
        let executed = ledger.executed(id);
        if executed != 1 {
            failures.note(format!("POST {id} was executed {executed} times"));
        }
    }
    let slammed = ledger.slammed.load(Relaxed);
    println!("{total} requests, {} of them POST; {slammed} met a connection that was just closed", total / POSTS);
    failures.are_none(total);
    assert!(slammed > total / 100, "only {slammed} requests of {total} met a connection that was just closed");
}

async fn ask_for(router: SocketAddr, ids: impl Iterator<Item = usize>, ledger: Arc<Ledger>, failures: Arc<Failures>) {
    let mut asker = Asker::new(router);
    for id in ids {
        let (method, length) = if id.is_multiple_of(POSTS) { (Method::POST, id % 300) } else { (Method::GET, 0) };
        let request = Request::builder().method(&method).uri("/").header("host", "app.example").header("x-id", id);
        let request = request.body(Full::new(Bytes::from(vec![b'x'; length]))).unwrap();
        match asker.ask(request).await {
            Ok(answer) if answer.status == 200 && answer.body == instance::body(1, id) => {}
            Ok(answer) => failures.note(format!("{method} {id}: {answer:?}")),
            Err(error) => failures.note(format!("{method} {id}, executed {} times: {error}", ledger.executed(id))),
        }
        pass(Duration::from_micros(rand::random_range(0..25_000))).await;
    }
}
