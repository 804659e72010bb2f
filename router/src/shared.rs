//! What all requests share: the table, the instances, and how long to wait for whom.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use api::routes::AppRoutes;
use arc_swap::ArcSwap;
use http::HeaderValue;
use ipnet::IpNet;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use uuid::Uuid;

use crate::{
    balance::{App, Backend, Fleet, Routed},
    config::{Config, HttpsPort, Limits, Timeouts},
    settings::{Hsts, Settings},
    table::Table,
    tls::Tls,
    upstream::{Address, Connector},
    watch::Watches,
};

/// The router, without its sockets.
pub(crate) struct Shared {
    pub timeouts: Timeouts,
    pub limits: Limits,
    pub trusted: Vec<IpNet>,
    pub watches: Arc<Watches>,
    pub connector: Connector,
    pub fleet: Fleet,
    pub tls: Tls,
    pub https_port: HttpsPort,
    pub settings: Settings,
    /// `Strict-Transport-Security`, if it is said.
    pub hsts: Option<HeaderValue>,
    table: ArcSwap<Routing>,
    api: Vec<(String, Target)>,
    /// In an orderly stop: until when an idle connection is kept, on the router's clock. 0: there is no stop.
    idle_until: AtomicU64,
    drained: CancellationToken,
}

/// Where requests go.
#[derive(Default)]
struct Routing {
    hosts: Table<Target>,
    /// On hosts that nobody has.
    elsewhere: Option<Target>,
}

/// What a host name leads to.
#[derive(Clone)]
pub(crate) enum Target {
    App(Arc<App>),
    /// The controller. It never leaves the table.
    Api(Arc<Backend>),
}

impl Target {
    pub fn is_api(&self) -> bool {
        matches!(self, Self::Api(_))
    }

    /// The app, if it is one.
    pub fn app(&self) -> Option<&App> {
        match self {
            Self::App(app) => Some(app),
            Self::Api(_) => None,
        }
    }
}

impl Shared {
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let watches = Arc::new(Watches::new());
        let shared = Self {
            timeouts: config.timeouts,
            limits: config.limits,
            trusted: config.trusted_proxies.clone(),
            connector: Connector::new(watches.clone()),
            watches,
            fleet: Fleet::default(),
            tls: Tls::new(&config.settings)?,
            hsts: hsts(&config.settings.hsts)?,
            settings: config.settings.clone(),
            https_port: config.https_port,
            table: ArcSwap::default(),
            api: api_targets(config),
            idle_until: AtomicU64::new(0),
            drained: CancellationToken::new(),
        };
        shared.publish(&BTreeMap::new());
        Ok(shared)
    }

    /// Puts a new table in place: whatever arrives from now on goes by it.
    pub fn publish(&self, routes: &BTreeMap<Uuid, Arc<AppRoutes>>) {
        let (apps, leaving) = self.fleet.apps(routes);
        let mut routing = Routing::default();
        for Routed { routes, app } in apps {
            for host in &routes.hosts {
                routing.hosts.insert(host, Target::App(app.clone()));
            }
            // One that is not to be routed has no host, and is none here either.
            if !routes.hosts.is_empty()
                && self.settings.default_app.as_ref().is_some_and(|name| name.as_str() == app.name)
            {
                routing.elsewhere = Some(Target::App(app));
            }
        }
        for (host, target) in &self.api {
            routing.hosts.insert(host, target.clone());
        }
        // First: whoever is sent on to https by the new table finds the certificate there.
        self.tls.publish(routes);
        self.table.store(Arc::new(routing));
        self.fleet.retire(leaving);
    }

    /// Who answers on a host.
    pub fn lookup(&self, host: &str) -> Option<Target> {
        let routing = self.table.load();
        routing.hosts.lookup(host).or(routing.elsewhere.as_ref()).cloned()
    }

    /// Whether somebody has this host.
    pub fn knows(&self, host: &str) -> bool {
        self.table.load().hosts.lookup(host).is_some()
    }

    /// From now on each answer is the last on its connection.
    pub fn drain(&self) {
        self.idle_until.store(self.watches.clock().after(self.timeouts.drain_idle), Relaxed);
        self.drained.cancel();
    }

    /// Returns once [`Shared::drain`] was called.
    pub fn drained(&self) -> WaitForCancellationFuture<'_> {
        self.drained.cancelled()
    }

    pub fn draining(&self) -> bool {
        self.idle_until().is_some()
    }

    /// When idle connections are closed, in an orderly stop.
    pub fn idle_until(&self) -> Option<u64> {
        let until = self.idle_until.load(Relaxed);
        (until > 0).then_some(until)
    }

    /// Milliseconds on the router's clock.
    pub fn now(&self) -> u64 {
        self.watches.clock().now()
    }

    /// Closes connections that nobody has used for a while.
    pub fn close_unused(&self) {
        let pool = u64::try_from(self.timeouts.pool.as_millis()).unwrap_or(u64::MAX);
        let time = self.now().saturating_sub(pool);
        self.fleet.close_older(time);
        for (_, target) in &self.api {
            if let Target::Api(backend) = target {
                backend.pool.close_older(time);
            }
        }
    }
}

fn hsts(hsts: &Hsts) -> anyhow::Result<Option<HeaderValue>> {
    Ok(if hsts.enabled { Some(HeaderValue::try_from(hsts.value())?) } else { None })
}

fn api_targets(config: &Config) -> Vec<(String, Target)> {
    let Some(socket) = &config.api_socket else { return Vec::new() };
    let backend = Arc::new(Backend::new("controller".into(), Address::Unix(socket.clone()), Arc::default()));
    config.api_hosts.iter().map(|host| (host.clone(), Target::Api(backend.clone()))).collect()
}
