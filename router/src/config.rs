//! What a router has to be told: plain data, put together by the binary from options and files.

use std::{fmt, path::PathBuf, time::Duration};

use api::routes::AppRoutes;
use ipnet::IpNet;

use crate::{platform::PlatformCertificate, settings::Settings};

/// Everything the router needs besides its listening sockets. What is left out ([`Config::default`]) is switched off.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Unix socket of the controller's internal listener, from which routes come. Without it the table never changes.
    pub internal_socket: Option<PathBuf>,
    /// Proves to the internal listener that this is a router of the installation.
    pub credential: Credential,
    /// Unix socket on which the controller serves the public API.
    pub api_socket: Option<PathBuf>,
    /// Host names that lead to `api_socket`: lower case, without port. They win over any app.
    pub api_hosts: Vec<String>,
    /// Where the last good table is kept, so that a restart needs no controller. Without it nothing is kept.
    pub table_file: Option<PathBuf>,
    /// Encrypts `table_file`.
    pub table_key: TableKey,
    /// Unix socket on which this router answers its supervisor ([`crate::control`]).
    pub control_socket: Option<PathBuf>,
    /// Peers whose forwarding headers are believed. Nobody, by default.
    pub trusted_proxies: Vec<IpNet>,
    /// The port to which apps that enforce https send plain requests.
    pub https_port: HttpsPort,
    /// Serves the API and apps under the platform's domain over TLS. Without it only certificates of apps are served.
    pub platform_certificate: Option<PlatformCertificate>,
    /// How it treats all requests.
    pub settings: Settings,
    /// How long the router waits for whom.
    pub timeouts: Timeouts,
    /// How many connections it holds.
    pub limits: Limits,
    /// Routes to begin with, in place of the last good table.
    pub initial: Option<Vec<AppRoutes>>,
}

/// The port of https, as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpsPort(pub u16);

impl Default for HttpsPort {
    fn default() -> Self {
        Self(443)
    }
}

/// A credential as it is sent: `Authorization: Bearer <credential>`. Never printed.
#[derive(Clone, Default)]
pub struct Credential(String);

impl Credential {
    /// Takes the text as it stands in its file; white space around it is dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// The key of the last good table on disk (AES-256-GCM). Never printed.
#[derive(Clone, Default)]
pub struct TableKey(pub [u8; 32]);

impl fmt::Debug for TableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TableKey(..)")
    }
}

impl From<[u8; 32]> for TableKey {
    fn from(key: [u8; 32]) -> Self {
        Self(key)
    }
}

/// How long the router waits in each phase of a connection. They are checked four times a second, so each may last
/// that much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the first byte of a new connection.
    pub first_byte: Duration,
    /// From the first byte of a request head to its last.
    pub request_head: Duration,
    /// For the next byte of a request body, while the app would take it.
    pub request_body: Duration,
    /// For the next request on a kept connection.
    pub keep_alive: Duration,
    /// For the client to take the next byte of an answer.
    pub client_write: Duration,
    /// For one instance to accept a connection.
    pub connect: Duration,
    /// For the next byte from an instance, while it owes an answer.
    pub response: Duration,
    /// The same for the API, where a deploy is awaited.
    pub api_response: Duration,
    /// For either side of an upgraded connection to say something.
    pub tunnel: Duration,
    /// How long an unused connection to an instance is kept.
    pub pool: Duration,
    /// In an orderly stop: for what is under way to finish.
    pub drain: Duration,
    /// In an orderly stop: for a kept connection to bring one more request, which is answered and told to close.
    /// Closing it at once would fail a request that is already on its way.
    pub drain_idle: Duration,
}

impl Timeouts {
    /// Deis's `defaultTimeout`: what an app or the API may take between two bytes of an answer.
    pub const RESPONSE: Duration = Duration::from_secs(1300);
    /// Longer than the 60 s after which common load balancers give an idle connection up, so that they do it first.
    pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
    /// Long enough for a phone with a bad connection, short enough that silent sockets do not pile up.
    pub const REQUEST_HEAD: Duration = Duration::from_secs(10);
    /// What nginx and haproxy allow between two reads or writes of a body.
    pub const BODY: Duration = Duration::from_mins(1);
    /// An instance on the same network either accepts at once or is in trouble; others may be tried after that.
    pub const CONNECT: Duration = Duration::from_secs(5);
    /// Shorter than the keep-alive of common servers, so that we close first and rarely meet a closed connection.
    pub const POOL: Duration = Duration::from_secs(4);
    /// Deis's termination grace.
    pub const DRAIN: Duration = Duration::from_secs(30);
    /// Busy clients send within this; who is silent longer finds the connection closed as after any idle time.
    pub const DRAIN_IDLE: Duration = Duration::from_secs(5);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Self::REQUEST_HEAD,
            request_head: Self::REQUEST_HEAD,
            request_body: Self::BODY,
            keep_alive: Self::KEEP_ALIVE,
            client_write: Self::BODY,
            connect: Self::CONNECT,
            response: Self::RESPONSE,
            api_response: Self::RESPONSE,
            tunnel: Self::RESPONSE,
            pool: Self::POOL,
            drain: Self::DRAIN,
            drain_idle: Self::DRAIN_IDLE,
        }
    }
}

/// How many connections the router holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From all clients together; more wait in the kernel's queue. Lowered to what the process may have open.
    pub connections: usize,
    /// From one address; more are closed at once. Loopback and trusted proxies speak for many and are not counted.
    pub connections_per_address: usize,
    /// Unused connections kept to one instance.
    pub idle_per_instance: usize,
}

impl Limits {
    /// About 200 MB of buffers when all are busy.
    pub const CONNECTIONS: usize = 16_384;
    /// Room for an office behind one address, not for one machine that wants all of [`Limits::CONNECTIONS`].
    pub const CONNECTIONS_PER_ADDRESS: usize = 1_024;
    /// More than this many requests at once to one instance are rare; their connections are made anew.
    pub const IDLE_PER_INSTANCE: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: Self::CONNECTIONS,
            connections_per_address: Self::CONNECTIONS_PER_ADDRESS,
            idle_per_instance: Self::IDLE_PER_INSTANCE,
        }
    }
}
