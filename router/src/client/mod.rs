//! Clients: their connections, from accept to close.

mod accept;
mod admission;
mod connection;
mod farewell;
mod frames;
mod io;
mod linger;
mod peer;
mod tunnel;

pub(crate) use accept::accept;
pub(crate) use admission::Admission;
pub(crate) use connection::Client;
pub(crate) use peer::Peer;
pub(crate) use tunnel::Tunnel;
