//! Clients: their connections, from accept to close.

mod accept;
mod admission;
mod connection;
mod exchange;
mod farewell;
mod frames;
mod http2;
mod io;
mod linger;
mod peer;
mod proxy_header;
mod stream;
mod tunnel;

pub(crate) use accept::accept;
pub(crate) use admission::Admission;
pub(crate) use connection::Client;
pub(crate) use http2::ALPN as HTTP2;
pub(crate) use peer::Peer;
pub(crate) use stream::Stream;
pub(crate) use tunnel::Tunnel;
