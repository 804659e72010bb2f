//! SSH: who connects, whose key signed, and which channels they open. Everything else is done elsewhere.

mod admission;
mod algorithms;
mod door;
mod handler;
mod server;

pub(crate) use self::server::Server;
