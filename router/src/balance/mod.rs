//! Which instance answers: the one with the fewest requests under way, among those that accept connections.

mod app;
mod backend;
mod fleet;
mod health;

pub(crate) use app::App;
pub(crate) use backend::{Backend, Lease};
pub(crate) use fleet::{Fleet, Routed};
