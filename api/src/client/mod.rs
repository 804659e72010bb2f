//! The typed client of the API: one file per resource, free functions over a [`Client`].
//!
//! It knows how to speak (paths, headers, shapes, when a lost request may be sent again) and nothing about people:
//! what it has to say on the way goes to the [`Observer`], what went wrong comes back as an [`Error`].
//!
//! The process must have installed a `rustls` crypto provider before it builds a client.

pub mod apps;
pub mod audit;
pub mod auth;
pub mod builds;
pub mod certs;
pub mod config;
pub mod domains;
pub mod drains;
pub mod health;
pub mod info;
pub mod keys;
pub mod logs;
pub mod perms;
pub mod pods;
pub mod releases;
pub mod runs;
pub mod services;
pub mod session;
pub mod settings;
pub mod tls;
pub mod tokens;
pub mod users;
pub mod whitelist;

mod answer;
mod call;
mod error;
mod resolve;
mod retry;
mod upgrade;

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use error::{Error, Refusal, misfit};
pub use reqwest::{StatusCode, Url};

use call::Call;
use reqwest::{Method, header, redirect};

/// What every function of the client answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Hears what happens while a call is under way.
pub type Observer = Arc<dyn Fn(Notice) + Send + Sync>;

/// A controller answers a connection attempt within this time or counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Deploys answer after minutes of silence; without probes a vanished peer would never be noticed.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Something worth telling while a call is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The controller speaks another version of the API than we do. Told once per client.
    OtherVersion {
        /// What it sent as [`crate::headers::API_VERSION_HEADER`], as it came.
        server: String,
    },
    /// The controller could not be reached or the connection broke; the request is sent again.
    Retrying {
        /// Why, for people.
        cause: String,
        /// How long the client waits before it tries again.
        wait: Duration,
    },
}

/// How to reach a controller.
pub struct Options {
    /// Scheme, host and port; the rest is ignored.
    pub controller: Url,
    /// The token of the user, if there is one.
    pub token: Option<String>,
    /// Name and version of the program, for the controller's logs.
    pub user_agent: String,
    /// False accepts every certificate.
    pub verify_tls: bool,
    /// How long a lost request is sent again before its failure counts; zero gives up at once.
    pub retry_for: Duration,
    /// Hears what happens on the way.
    pub observer: Observer,
}

/// A connection to one controller on behalf of one user.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    controller: Url,
    token: Option<header::HeaderValue>,
    retry_for: Duration,
    observer: Observer,
    version_told: Arc<AtomicBool>,
}

impl Client {
    /// A client; nothing is sent yet.
    pub fn new(options: Options) -> Result<Self> {
        let token = options.token.as_deref().map(authorization).transpose()?;
        let mut builder = reqwest::Client::builder()
            .user_agent(options.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(KEEPALIVE)
            .dns_resolver(resolve::Resolver)
            // A redirect may lead to another host or to plain HTTP, and the token would go along.
            .redirect(redirect::Policy::none())
            .tls_danger_accept_invalid_certs(!options.verify_tls);
        if is_local(&options.controller) {
            // A proxy on another machine would look for the name on itself.
            builder = builder.no_proxy();
            if options.controller.scheme() == "http" {
                // Nobody to verify here, and reading the system's certificates takes most of a short call.
                builder = builder.tls_certs_only([]);
            }
        }
        Ok(Self {
            http: builder.build().map_err(Error::Setup)?,
            controller: options.controller,
            token,
            retry_for: options.retry_for,
            observer: options.observer,
            version_told: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Where the controller is: `scheme://host[:port]`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.controller.origin().ascii_serialization()
    }

    fn get(&self, path: &[&str]) -> Result<Call<'_>> {
        Call::new(self, Method::GET, path)
    }

    fn post(&self, path: &[&str]) -> Result<Call<'_>> {
        Call::new(self, Method::POST, path)
    }

    fn delete(&self, path: &[&str]) -> Result<Call<'_>> {
        Call::new(self, Method::DELETE, path)
    }

    fn tell_version(&self, server: &str) {
        if !crate::headers::is_compatible(server) && !self.version_told.swap(true, Ordering::Relaxed) {
            (self.observer)(Notice::OtherVersion { server: server.to_owned() });
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("controller", &self.origin()).finish_non_exhaustive()
    }
}

fn authorization(token: &str) -> Result<header::HeaderValue> {
    let mut value = header::HeaderValue::try_from(format!("token {token}")).map_err(|_| Error::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// True for addresses that mean this machine, whatever a proxy thinks.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    resolve::is_localhost(host) || address.is_ok_and(|address| address.is_loopback())
}
