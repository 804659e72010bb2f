//! Under load, while routes change and routers come and go: nobody is to notice.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use api::routes::RouteEvent;
use router::{Config, Listener, Listeners, Protocol};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{
    controller::{Controller, INSTALLATION},
    origin::Origin,
    raw::{Raw, status},
    router::{Router, app},
    until, within,
};

/// Clients, half of which keep their connections, a tenth of whose requests are uploads.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    clients: JoinSet<()>,
}

impl Load {
    fn start(address: SocketAddr, clients: usize) -> Self {
        let mut load = Self { stop: Arc::default(), answers: Arc::default(), clients: JoinSet::new() };
        for client in 0..clients {
            load.clients.spawn(drive(address, client, load.stop.clone(), load.answers.clone()));
        }
        load
    }

    /// Returns after a hundred more answers.
    async fn goes_on(&self) {
        let enough = self.answers.load(SeqCst) + 100;
        until("a hundred answers", || self.answers.load(SeqCst) >= enough).await;
    }

    /// Ends the load. A client panics at its first failure.
    async fn stop(mut self) {
        self.stop.store(true, SeqCst);
        while let Some(client) = within("the clients", self.clients.join_next()).await {
            client.unwrap();
        }
    }
}

async fn drive(address: SocketAddr, client: usize, stop: Arc<AtomicBool>, answers: Arc<AtomicUsize>) {
    let keeps = client.is_multiple_of(2);
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    let mut kept: Option<Raw> = None;
    let mut n = 0;
    while !stop.load(SeqCst) {
        pace.tick().await;
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Raw::connect(address).await,
        };
        let (path, body) = (format!("/{client}/{n}"), "x".repeat(n % 1000));
        let close = if keeps { "" } else { "Connection: close\r\n" };
        let (request, answer) = if n % 10 == 0 {
            let length = body.len();
            let head = format!("POST {path} HTTP/1.1\r\nHost: app.example\r\n{close}Content-Length: {length}\r\n\r\n");
            (head + &body, format!("POST {path}\n{body}"))
        } else {
            (format!("GET {path} HTTP/1.1\r\nHost: app.example\r\n{close}\r\n"), format!("GET {path}\n"))
        };
        connection.send(request).await;
        let head = connection.head().await;
        assert_eq!((status(&head), connection.body(&head).await), (200, answer));
        n += 1;
        answers.fetch_add(1, SeqCst);
        kept = (keeps && !head.contains("connection: close")).then_some(connection);
    }
}

/// A rolling deploy as the controller does it: the new instance enters the routes, the old one leaves, and is stopped
/// once the router says that nothing is under way there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_deploys_fail_nobody() {
    let dir = tempfile::TempDir::new().unwrap();
    let socket = dir.path().join("internal.sock");
    let mut origin = Origin::slow().await;
    let change = |version, origins: &[SocketAddr]| RouteEvent::App { version, app: app(1, "app.example", origins) };
    let opening = vec![
        RouteEvent::Hello { installation: INSTALLATION, epoch: 1, snapshot: true },
        change(1, &[origin.address]),
        RouteEvent::SnapshotEnd { version: 1, gone: Vec::new() },
    ];
    let controller = Controller::start(&socket, opening);
    let table = dir.path().join("table");
    let router = Router::with(move |config| {
        config.internal_socket = Some(socket);
        config.table_file = Some(table);
    });
    controller.acknowledged("the snapshot", |ack| ack.version == 1).await;
    let load = Load::start(router.address, 8);
    for deploy in 1..=20 {
        let next = Origin::slow().await;
        controller.send(&change(2 * deploy, &[origin.address, next.address]));
        within("the new instance to be used", async {
            while next.seen.count() < 10 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        controller.send(&change(2 * deploy + 1, &[next.address]));
        let left = |ack: &api::routes::RouteAck| ack.version > 2 * deploy && ack.in_flight.is_empty();
        controller.acknowledged("nothing to be under way", left).await;
        // Dropped: its connections are reset, and nobody listens there any more.
        origin = next;
        load.goes_on().await;
    }
    load.stop().await;
}

/// Each router takes the listening socket over from the one before, as a supervisor would arrange it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_of_the_router_refuse_and_fail_nobody() {
    let origin = Origin::slow().await;
    let address = origin.address;
    let mut router = Router::to(&[address]);
    let load = Load::start(router.address, 8);
    for _ in 0..10 {
        let mut sockets = router.ask(router::control::Client::sockets).await.unwrap();
        let next = Router::on(sockets.remove(0).1, move |config| {
            config.initial = Some(vec![app(1, "app.example", &[address])]);
        });
        next.status().await;
        load.goes_on().await;
        router.stopped().await;
        router = next;
    }
    load.stop().await;
}

/// A connection that was accepted in the very moment of the stop belongs to what is under way. Each router has threads of
/// its own, which end with it as those of a process do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_accepted_last_is_answered() {
    let origin = Origin::echo().await;
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut router = Threads::start(&socket, origin.address);
    let load = Load::start(address, 8);
    for _ in 0..100 {
        let next = Threads::start(&socket, origin.address);
        load.goes_on().await;
        router.stopped().await;
        router = next;
    }
    load.stop().await;
    router.stopped().await;
}

/// A router with a runtime of its own, stopped when dropped.
struct Threads {
    shutdown: DropGuard,
    running: JoinHandle<()>,
}

impl Threads {
    fn start(socket: &TcpListener, origin: SocketAddr) -> Self {
        let config = Config { initial: Some(vec![app(1, "app.example", &[origin])]), ..Config::default() };
        let socket = socket.try_clone().unwrap();
        let listeners = Listeners(vec![Listener { name: "http".into(), protocol: Protocol::Http, socket }]);
        let shutdown = CancellationToken::new();
        let until = shutdown.clone();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(router::run(config, listeners, until)).unwrap();
            runtime.shutdown_background();
        };
        Self { shutdown: shutdown.drop_guard(), running: tokio::task::spawn_blocking(run) }
    }

    async fn stopped(self) {
        drop(self.shutdown);
        within("the router to stop", self.running).await.unwrap();
    }
}

/// Between the death of one router and the start of the next, clients wait in the socket's queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_of_the_router_nobody_is_refused() {
    let origin = Origin::echo().await;
    let old = Router::to(&[origin.address]);
    let socket = old.ask(router::control::Client::sockets).await.unwrap().remove(0).1;
    old.kill().await;
    let mut clients = Vec::new();
    for n in 0..20 {
        let mut client = Raw::connect(socket.local_addr().unwrap()).await;
        client.send(format!("GET /{n} HTTP/1.1\r\nHost: app.example\r\n\r\n")).await;
        clients.push(client);
    }
    let address = origin.address;
    let _new = Router::on(socket, move |config| config.initial = Some(vec![app(1, "app.example", &[address])]));
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.answer().await, (200, format!("GET /{n}\n")));
    }
}
