//! A router in this process.

use std::net::{SocketAddr, TcpListener};

use api::routes::{AppRoutes, Endpoint};
use router::{
    Config, Listener, Listeners, Protocol,
    control::{Client, Status},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{until, within};

/// Name of the control socket in the router's directory.
pub const CONTROL: &str = "control.sock";

/// A running router, its socket and its files.
pub struct Router {
    pub address: SocketAddr,
    https: Option<SocketAddr>,
    control: Client,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    dir: tempfile::TempDir,
}

impl Router {
    /// With one route: `app.example` leads to `origins`.
    pub fn to(origins: &[SocketAddr]) -> Self {
        Self::with(|config| config.initial = Some(vec![app(1, "app.example", origins)]))
    }

    /// With whatever `configure` makes of the defaults.
    pub fn with(configure: impl FnOnce(&mut Config)) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), configure)
    }

    /// With whatever `configure` makes of the defaults; it speaks TLS on a second socket.
    pub fn secure(configure: impl FnOnce(&mut Config)) -> Self {
        let socket = || TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listening(socket(), Some(socket()), configure)
    }

    /// On a socket that is there already.
    pub fn on(socket: TcpListener, configure: impl FnOnce(&mut Config)) -> Self {
        Self::listening(socket, None, configure)
    }

    fn listening(socket: TcpListener, secure: Option<TcpListener>, configure: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let control = dir.path().join(CONTROL);
        let mut config = Config { control_socket: Some(control.clone()), ..Config::default() };
        configure(&mut config);
        let address = socket.local_addr().unwrap();
        let https = secure.as_ref().map(|socket| socket.local_addr().unwrap());
        let secure = secure.map(|socket| Listener { name: "https".into(), protocol: Protocol::Https, socket });
        let listener = Listener { name: "http".into(), protocol: Protocol::Http, socket };
        let listeners = Listeners([listener].into_iter().chain(secure).collect());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(router::run(config, listeners, shutdown.clone()));
        Self { address, https, control: Client::new(&control), shutdown, running, dir }
    }

    /// Where it speaks TLS.
    pub fn https(&self) -> SocketAddr {
        self.https.expect("it was started with Router::secure")
    }

    /// Where this router may keep files.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// How the router says it is.
    pub async fn status(&self) -> Status {
        self.ask(Client::status).await.unwrap()
    }

    /// Calls the control socket without blocking the router, which runs on the same threads.
    pub async fn ask<T: Send + 'static>(&self, call: impl Fn(&Client) -> T + Send + 'static) -> T {
        let client = self.control.clone();
        until("the control socket", || self.dir.path().join(CONTROL).exists()).await;
        within("the control socket", tokio::task::spawn_blocking(move || call(&client))).await.unwrap()
    }

    /// Begins an orderly stop.
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops in order.
    pub async fn stopped(self) {
        self.shutdown.cancel();
        within("the router to stop", self.running).await.unwrap().unwrap();
    }

    /// Ends the router as a crash would, as far as that is possible within one process.
    pub async fn kill(self) {
        self.running.abort();
        let _aborted = self.running.await;
    }
}

/// Routes of the app number `id`.
pub fn app(id: u128, host: &str, origins: &[SocketAddr]) -> AppRoutes {
    let endpoint = |(n, address): (usize, &SocketAddr)| Endpoint {
        instance: format!("app{id}-web-{n}-{}", address.port()),
        address: *address,
    };
    AppRoutes {
        app: Uuid::from_u128(id),
        name: format!("app{id}"),
        hosts: vec![host.to_owned()],
        endpoints: origins.iter().enumerate().map(endpoint).collect(),
        maintenance: false,
        certificates: Vec::new(),
        https_enforced: false,
        paths: Vec::new(),
        whitelist: Vec::new(),
        treatment: Box::default(),
    }
}
