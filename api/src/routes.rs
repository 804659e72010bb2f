//! The route stream: how a router learns where requests go, and how the controller learns that it did.
//!
//! `GET /internal/routes?epoch=<n>&after=<version>` answers one JSON object a line ([`RouteEvent`]), never ending.
//! A router that names the current epoch and a version gets what changed since; any other gets a snapshot first.
//! Versions grow by one with each change, in the order in which the changes were committed. An epoch begins when
//! that order was lost (a restored database): versions of different epochs cannot be compared.

use std::{collections::BTreeMap, fmt, net::SocketAddr};

use crate::{names::PathPattern, treatment::Treatment};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Path of the stream on the internal listener.
pub const STREAM_PATH: &str = "/internal/routes";
/// Path to which a router POSTs [`RouteAck`].
pub const ACK_PATH: &str = "/internal/routes/ack";
/// Seconds between two [`RouteEvent::Heartbeat`]s on an idle stream.
pub const HEARTBEAT_SECS: u64 = 5;

/// One line of the route stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RouteEvent {
    /// Always the first line: whose routes these are, and whether a snapshot follows.
    Hello {
        /// The installation; a router that has served another one refuses the stream.
        installation: Uuid,
        /// See the module.
        epoch: i64,
        /// True when the lines up to [`RouteEvent::SnapshotEnd`] are the whole table; false when they are what
        /// changed after the version that the router named.
        snapshot: bool,
    },
    /// Everything about one app, in place of what was known of it.
    App {
        /// Version of this change.
        version: i64,
        /// The app's routes.
        app: AppRoutes,
    },
    /// The app is destroyed: the only way a router may drop one outside a snapshot.
    Gone {
        /// Version of this change.
        version: i64,
        /// The app that is gone.
        app: Uuid,
    },
    /// Ends a snapshot: apps not named in it are gone. They are listed here, so that an unexpected loss shows.
    SnapshotEnd {
        /// Version of the table as a whole.
        version: i64,
        /// Every app that was destroyed and that a router might still know.
        gone: Vec<Uuid>,
    },
    /// Nothing happened for [`HEARTBEAT_SECS`].
    Heartbeat {
        /// Newest version sent.
        version: i64,
    },
}

/// Where requests for one app go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRoutes {
    /// The app's uuid.
    pub app: Uuid,
    /// The app's name, for log lines and pages.
    pub name: String,
    /// Full host names, lower case, ACE form, without port or trailing dot; `*.` only as a whole first label.
    pub hosts: Vec<String>,
    /// Instances proven healthy. Empty: the router answers 503.
    pub endpoints: Vec<Endpoint>,
    /// Paths that others of its instances answer. Routers of before know nothing of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathRoute>,
    /// Answer 503 with the maintenance page, whatever runs.
    #[serde(default)]
    pub maintenance: bool,
    /// Clients whose requests are passed on; others get 403. Empty: everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub whitelist: Vec<IpNet>,
    /// What some of the hosts are served with over TLS. Routers of before know nothing of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<HostCertificate>,
    /// Send plain requests on to https.
    #[serde(default)]
    pub https_enforced: bool,
    /// How its requests are treated.
    #[serde(default, skip_serializing_if = "Treatment::is_usual")]
    pub treatment: Box<Treatment>,
}

/// Where requests for some paths of an app go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRoute {
    /// Which paths.
    pub pattern: PathPattern,
    /// As [`AppRoutes::endpoints`].
    pub endpoints: Vec<Endpoint>,
}

/// A certificate, and the hosts that are served with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCertificate {
    /// Which one: what is behind an id never changes.
    pub certificate: Uuid,
    /// In the form of [`AppRoutes::hosts`].
    pub hosts: Vec<String>,
    /// The certificate itself. The controller keeps it elsewhere, sealed, and puts it in when it tells a router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<KeyPair>,
}

/// A certificate and its key, in DER and base64. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    /// The certificate first, then those that lead to its issuer's.
    pub chain: Vec<String>,
    /// The private key.
    pub key: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(..)")
    }
}

/// One healthy instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The instance's name: the key of [`RouteAck::in_flight`].
    pub instance: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A router's report: sent after each change it has taken over, and with each heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteAck {
    /// The router process; a new one for each start.
    pub router: Uuid,
    /// Epoch of `version`.
    pub epoch: i64,
    /// Every request that arrives from now on is routed by this version or a newer one.
    pub version: i64,
    /// Requests and upgraded connections still under way, per instance that the table no longer names.
    pub in_flight: BTreeMap<String, u64>,
    /// True in the last report of a router that stops in order: nobody waits for it any more.
    #[serde(default)]
    pub leaving: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::AppRoutes;

    #[test]
    fn the_routes_of_older_and_newer_controllers_are_read() {
        let mut document =
            json!({"app": "0190b3f4-0000-7000-8000-000000000001", "name": "blog", "hosts": [], "endpoints": []});
        let old: AppRoutes = serde_json::from_value(document.clone()).unwrap();
        assert!(!old.maintenance && old.whitelist.is_empty());
        assert!(!old.https_enforced && old.certificates.is_empty());
        document["maintenance"] = json!(false);
        document["https_enforced"] = json!(false);
        assert_eq!(serde_json::to_value(old).unwrap(), document);
        document["whitelist"] = json!(["10.0.0.0/8", "2001:db8::/32"]);
        let new: AppRoutes = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(serde_json::to_value(new).unwrap(), document);
        document["treatment"] = json!({"connect_timeout_ms": 500, "what comes later": 7});
        document["what comes later"] = json!(7);
        serde_json::from_value::<AppRoutes>(document).unwrap();
    }
}
