//! Who is at the other end of a client's connection.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::HeaderValue;

use crate::listen::Protocol;

/// What is known of a peer before it has said anything.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub address: IpAddr,
    /// The address as apps are told it, made once per connection.
    pub address_text: HeaderValue,
    pub protocol: Protocol,
    /// The host that it asked for in its TLS handshake: lower case, without a trailing dot.
    pub server_name: Option<Arc<str>>,
    /// Its words about its own clients are believed.
    pub trusted: bool,
    /// It is on this machine.
    pub loopback: bool,
}

impl Peer {
    /// Whom this peer, a trusted proxy, has accepted. Whoever comes through a proxy is on this machine at most by
    /// accident.
    pub fn on_behalf_of(&self, client: SocketAddr, trusted: bool) -> Self {
        Self { loopback: false, ..Self::new(client, self.protocol, trusted) }
    }

    pub fn new(address: SocketAddr, protocol: Protocol, trusted: bool) -> Self {
        // An IPv4 client of an IPv6 socket counts by its IPv4 address.
        let address = address.ip().to_canonical();
        let text = HeaderValue::from_str(&address.to_string());
        Self {
            address,
            // An address is always a valid value; should that change, none is better than a wrong one.
            address_text: text.unwrap_or_else(|_| HeaderValue::from_static("unknown")),
            protocol,
            server_name: None,
            trusted,
            loopback: address.is_loopback(),
        }
    }
}
