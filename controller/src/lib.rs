//! The controller: HTTP API, operations and the reconciler over PostgreSQL and a platform.
//!
//! Several may run on one database; what each does for an app it does under the app's lease.

pub mod auth;
mod autoscale;
pub mod backup;
mod certificate;
pub mod db;
mod delivery;
mod drains;
pub mod error;
pub mod failpoint;
pub mod hook;
mod housekeeping;
pub mod http;
mod instances;
pub mod internal;
mod lease;
pub mod logs;
pub mod operation;
mod outage;
pub mod platform;
pub mod pulse;
mod purge;
pub mod pushes;
pub mod quantity;
mod reconcile;
mod routes;
mod runs;
mod serve;
pub mod signals;
mod start;
pub mod state;
pub mod vault;
pub mod worker;
mod workload;

pub use platform::docker::Purged;
pub use purge::purge;
pub use start::{Config, Listeners, PlatformMaker, run};
