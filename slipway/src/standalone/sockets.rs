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

use super::{accounts::Accounts, files::Owner, paths::Paths, process::launch::Named};

/// Name of each HTTP socket among the inherited ones.
pub const HTTP: &str = "http";
/// Name of each HTTPS socket among them.
pub const HTTPS: &str = "https";
/// Name of each SSH socket among them.
pub const SSH: &str = "ssh";
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
    /// Where it serves with TLS.
    pub https: Vec<Arc<OwnedFd>>,
    /// Where the builder serves.
    pub ssh: Vec<Arc<OwnedFd>>,
    /// Where the controller serves the public API to the router.
    pub api: Arc<OwnedFd>,
    /// Where the controller serves route stream and pushes.
    pub internal: Arc<OwnedFd>,
}

impl Sockets {
    /// Takes each from `kept` if it is there, and opens it otherwise. What is kept and not wanted is closed.
    pub fn open(wanted: &Wanted, paths: &Paths, accounts: &Accounts, kept: Vec<(String, OwnedFd)>) -> Result<Self> {
        let mut kept = Kept(kept);
        let router = Owner::root_for(&accounts.router);
        let internal = Owner { uid: 0, gid: accounts.internal };
        Ok(Self {
            api: open_unix(API, &paths.api_socket(), router, &mut kept)?,
            internal: open_unix(INTERNAL, &paths.internal_socket(), internal, &mut kept)?,
            http: open_tcp(HTTP, &wanted.http, &mut kept)?,
            https: open_tcp(HTTPS, &wanted.https, &mut kept)?,
            ssh: open_tcp(SSH, &wanted.ssh, &mut kept)?,
        })
    }

    /// The router's.
    pub fn routers(&self) -> Vec<Named> {
        [named(HTTP, &self.http), named(HTTPS, &self.https)].concat()
    }

    /// The builder's.
    pub fn builders(&self) -> Vec<Named> {
        named(SSH, &self.ssh)
    }

    /// The controller's.
    pub fn controllers(&self) -> Vec<Named> {
        vec![(API.to_owned(), Arc::clone(&self.api)), (INTERNAL.to_owned(), Arc::clone(&self.internal))]
    }
}

/// Where it is wanted that the platform serves.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The router.
    pub http: Addresses,
    /// The router, with TLS.
    pub https: Addresses,
    /// The builder.
    pub ssh: Addresses,
}

/// Addresses to listen on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Each of them.
    pub all: Vec<SocketAddr>,
    /// The operator asked for these; otherwise one that the machine does not have is left out.
    pub named: bool,
}

/// What the parts handed back.
struct Kept(Vec<(String, OwnedFd)>);

impl Kept {
    fn take(&mut self, name: &str, address: Option<SocketAddr>) -> Option<OwnedFd> {
        let matches = |(kept, fd): &(String, OwnedFd)| kept == name && (address.is_none() || address_of(fd) == address);
        let found = self.0.iter().position(matches)?;
        Some(self.0.swap_remove(found).1)
    }
}

/// The addresses of sockets.
pub fn addresses(sockets: &[Arc<OwnedFd>]) -> Vec<SocketAddr> {
    sockets.iter().filter_map(|socket| address_of(socket)).collect()
}

fn named(name: &str, sockets: &[Arc<OwnedFd>]) -> Vec<Named> {
    sockets.iter().map(|socket| (name.to_owned(), Arc::clone(socket))).collect()
}

fn address_of(fd: &OwnedFd) -> Option<SocketAddr> {
    rustix::net::getsockname(fd).ok()?.try_into().ok()
}

/// One that was kept is for whom this version opens it, which may be others than it was for.
fn open_unix(name: &str, path: &Path, owner: Owner, kept: &mut Kept) -> Result<Arc<OwnedFd>> {
    let opened = match kept.take(name, None) {
        Some(socket) => give(path, owner).map(|()| Arc::new(socket)),
        None => listen_unix(path, owner),
    };
    opened.with_context(|| format!("cannot open {}", path.display()))
}

fn open_tcp(name: &str, wanted: &Addresses, kept: &mut Kept) -> Result<Vec<Arc<OwnedFd>>> {
    let mut sockets = Vec::new();
    for address in &wanted.all {
        match kept.take(name, Some(*address)) {
            Some(socket) => sockets.push(Arc::new(socket)),
            None => sockets.extend(open_new(name, *address, wanted.named)?),
        }
    }
    Ok(sockets)
}

fn open_new(name: &str, address: SocketAddr, named: bool) -> Result<Option<Arc<OwnedFd>>> {
    let error = match listen_tcp(address) {
        Ok(socket) => return Ok(Some(socket)),
        Err(error) => error,
    };
    match error.kind() {
        io::ErrorKind::AddrInUse => bail!(
            "another program listens on {address}: stop it, or choose another port, as in \
             `--{name}-listen 127.0.0.1:{}`; `ss -ltnp 'sport = :{}'` names it",
            match name {
                SSH => 2022,
                HTTPS => 8443,
                _ => 8080,
            },
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
    give(&draft, owner)?;
    socket.listen(BACKLOG)?;
    std::fs::rename(&draft, path)?;
    Ok(Arc::new(socket.into()))
}

fn give(path: &Path, owner: Owner) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(owner.uid), Some(owner.gid))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Owner {
        Owner { uid: rustix::process::getuid().as_raw(), gid: rustix::process::getgid().as_raw() }
    }

    fn addresses(text: &str) -> Addresses {
        Addresses { all: vec![text.parse().unwrap()], named: true }
    }

    #[test]
    fn sockets_that_were_kept_are_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("internal.sock");
        let tcp = open_tcp(SSH, &addresses("127.0.0.1:0"), &mut Kept(vec![])).unwrap();
        let unix = open_unix(INTERNAL, &path, me(), &mut Kept(vec![])).unwrap();
        let address = address_of(&tcp[0]).unwrap();
        let wanted = Addresses { all: vec![address], named: true };

        let busy = open_tcp(SSH, &wanted, &mut Kept(vec![])).unwrap_err().to_string();
        assert!(busy.contains("another program listens on 127.0.0.1:") && busy.contains("`--ssh-listen"), "{busy}");

        let all = [(INTERNAL, &unix), (SSH, &tcp[0])];
        let mut kept = Kept(all.map(|(name, fd)| (name.to_owned(), fd.try_clone().unwrap())).into());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let _unix = open_unix(INTERNAL, &path, me(), &mut kept).unwrap();
        let tcp = (open_tcp(SSH, &wanted, &mut kept).unwrap(), tcp).0;
        std::net::TcpStream::connect(address).unwrap();
        std::os::unix::net::UnixStream::connect(&path).unwrap();
        assert_eq!(super::addresses(&tcp), [address]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    }

    #[test]
    fn the_apis_socket_is_for_the_router_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        std::fs::write(&path, "left behind").unwrap();
        let _socket = listen_unix(&path, me()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        std::os::unix::net::UnixStream::connect(&path).unwrap();
    }
}
