//! The controller: HTTP API, operations and the reconciler over PostgreSQL and a platform.

pub mod db;
pub mod error;
pub mod platform;
pub mod signals;
pub mod vault;
