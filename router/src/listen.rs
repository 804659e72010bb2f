//! The sockets on which clients arrive. They are opened by whoever starts the router, and outlive it.

use std::net::TcpListener;

/// What is spoken on a listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 in clear text.
    Http,
    /// HTTP/1.1 or HTTP/2 in TLS, as the client chooses.
    Https,
}

/// One listening socket.
#[derive(Debug)]
pub struct Listener {
    /// Its name, by which a supervisor knows it again.
    pub name: String,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// The socket: bound and listening.
    pub socket: TcpListener,
}

/// All listening sockets.
#[derive(Debug, Default)]
pub struct Listeners(pub Vec<Listener>);

impl Protocol {
    /// The scheme of addresses that lead here.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that such addresses need not name; what apps are told, as Deis did, whatever the socket's own port is.
    #[must_use]
    pub fn port(self) -> &'static str {
        match self {
            Self::Http => "80",
            Self::Https => "443",
        }
    }
}
