//! The listening sockets: opened once, and from then on handed from process to process without ever being closed.
//!
//! The supervisor has a copy of each, so that none closes when a part ends; each part has its own, from which the next
//! supervisor takes them when this one was killed.

use std::{
    io,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use socket2::{Domain, SockAddr, Socket, Type};

use super::{account::Account, files::Owner, paths::Paths, process::launch::Named};

/// Name of each HTTP socket among the inherited ones.
pub const HTTP: &str = "http";
/// Name of the socket of the public API.
pub const API: &str = "api";
/// Name of the socket of the internal listener.
pub const INTERNAL: &str = "internal";

/// Connections that wait to be accepted: those of a restart of the router among them.
const BACKLOG: i32 = 4096;

/// The listening sockets of an installation.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// Where the router serves.
    pub http: Vec<Arc<OwnedFd>>,
    /// Where the controller serves the public API to the router.
    pub api: Arc<OwnedFd>,
    /// Where the controller serves the route stream.
    pub internal: Arc<OwnedFd>,
}

impl Sockets {
    /// Takes each from `kept` if it is there, and opens it otherwise. What is kept and not wanted is closed.
    pub fn open(wanted: &Wanted, paths: &Paths, router: &Account, kept: Vec<(String, OwnedFd)>) -> Result<Self> {
        let mut kept = Kept(kept);
        let unix = |name, path: &Path, kept: &mut Kept| match kept.take(name, None) {
            Some(socket) => Ok(Arc::new(socket)),
            None => {
                listen_unix(path, Owner::root_for(router)).with_context(|| format!("cannot open {}", path.display()))
            }
        };
        let api = unix(API, &paths.api_socket(), &mut kept)?;
        let internal = unix(INTERNAL, &paths.internal_socket(), &mut kept)?;
        let mut http = Vec::new();
        for address in &wanted.addresses {
            match kept.take(HTTP, Some(*address)) {
                Some(socket) => http.push(Arc::new(socket)),
                None => http.extend(open_http(*address, wanted.named)?),
            }
        }
        Ok(Self { http, api, internal })
    }

    /// Where HTTP is served.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.http.iter().filter_map(|socket| address_of(socket)).collect()
    }

    /// The router's.
    pub fn routers(&self) -> Vec<Named> {
        self.http.iter().map(|socket| (HTTP.to_owned(), Arc::clone(socket))).collect()
    }

    /// The controller's.
    pub fn controllers(&self) -> Vec<Named> {
        vec![(API.to_owned(), Arc::clone(&self.api)), (INTERNAL.to_owned(), Arc::clone(&self.internal))]
    }
}

/// Where HTTP is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Addresses to listen on.
    pub addresses: Vec<SocketAddr>,
    /// The operator asked for these; otherwise one that the machine does not have is left out.
    pub named: bool,
}

/// What the router handed back.
struct Kept(Vec<(String, OwnedFd)>);

impl Kept {
    fn take(&mut self, name: &str, address: Option<SocketAddr>) -> Option<OwnedFd> {
        let matches = |(kept, fd): &(String, OwnedFd)| kept == name && (address.is_none() || address_of(fd) == address);
        let found = self.0.iter().position(matches)?;
        Some(self.0.swap_remove(found).1)
    }
}

fn address_of(fd: &OwnedFd) -> Option<SocketAddr> {
    rustix::net::getsockname(fd).ok()?.try_into().ok()
}

fn open_http(address: SocketAddr, named: bool) -> Result<Option<Arc<OwnedFd>>> {
    let error = match listen_tcp(address) {
        Ok(socket) => return Ok(Some(socket)),
        Err(error) => error,
    };
    match error.kind() {
        io::ErrorKind::AddrInUse => bail!(
            "another program listens on {address}: stop it, or choose other ports, as in \
             `--http-listen 127.0.0.1:8080`; `ss -ltnp 'sport = :{}'` names it",
            address.port()
        ),
        // No IPv6 here, or not on loopback.
        _ if address.is_ipv6() && !named => {
            tracing::warn!(%address, %error, "not listening there");
            Ok(None)
        }
        _ => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

fn listen_tcp(address: SocketAddr) -> io::Result<Arc<OwnedFd>> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        // The wildcard address of IPv6 would take IPv4's as well.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    Ok(Arc::new(socket.into()))
}

/// A unix socket that only `owner` and its group may connect to. It gets its name last, so that it takes the place of
/// one that others still use without a moment in which nobody listens.
fn listen_unix(path: &Path, owner: Owner) -> io::Result<Arc<OwnedFd>> {
    let draft = path.with_extension("new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(&draft)?)?;
    std::os::unix::fs::chown(&draft, Some(owner.uid), Some(owner.gid))?;
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o660))?;
    socket.listen(BACKLOG)?;
    std::fs::rename(&draft, path)?;
    Ok(Arc::new(socket.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        Account { name: "me".to_owned(), uid, gid }
    }

    fn paths(dir: &Path) -> Paths {
        Paths { config: dir.into(), data: dir.into(), run: dir.into() }
    }

    #[test]
    fn sockets_that_were_kept_are_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut wanted = Wanted { addresses: vec!["127.0.0.1:0".parse().unwrap()], named: true };
        let first = Sockets::open(&wanted, &paths(dir.path()), &account(), vec![]).unwrap();
        let address = address_of(&first.http[0]).unwrap();
        wanted.addresses = vec![address];

        let busy = Sockets::open(&wanted, &paths(dir.path()), &account(), vec![]).unwrap_err();
        assert!(busy.to_string().contains("another program listens on 127.0.0.1:"), "{busy}");

        let all = first.routers().into_iter().chain(first.controllers());
        let kept = all.map(|(name, fd)| (name, fd.try_clone().unwrap())).collect();
        let second = Sockets::open(&wanted, &paths(dir.path()), &account(), kept).unwrap();
        drop(first);
        std::net::TcpStream::connect(address).unwrap();
        assert_eq!(second.addresses(), [address]);
    }

    #[test]
    fn the_apis_socket_is_for_the_router_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        std::fs::write(&path, "left behind").unwrap();
        let _socket = listen_unix(&path, Owner::from(&account())).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        std::os::unix::net::UnixStream::connect(&path).unwrap();
    }
}
