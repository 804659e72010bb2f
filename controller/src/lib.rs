//! The controller: HTTP API, operations and the reconciler over PostgreSQL and a platform.

pub mod db;
pub mod error;
pub mod logs;
pub mod operation;
pub mod platform;
mod quantity;
pub mod signals;
pub mod state;
pub mod vault;
