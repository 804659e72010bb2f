//! The builder: turns a `git push` over SSH into a source that the controller can have built, and a source into an image.
//!
//! It knows no user and keeps nothing that matters: keys and rights are the controller's to judge, and an empty builder
//! only means that the next push sends everything. [`run`] serves SSH; [`hook`] is what git runs before it takes a push.

pub mod build;
pub mod hook;
pub mod host_keys;

mod client;
mod config;
mod git;
mod housekeeping;
mod run;
mod session;
mod ssh;

pub use config::{Config, Limits, Timeouts};
pub use run::run;
