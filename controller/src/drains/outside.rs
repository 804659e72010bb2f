//! Connections to receivers, and where none may lead.
//!
//! An app's drain is a request that its user has us make. It must not reach what only we can: this machine, its private
//! network, other apps, the metadata of a cloud. A name is looked up here, each of its addresses is judged, and the
//! connection goes to an address that was; nobody looks the name up again.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use ipnet::{IpNet, Ipv4Net};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Time in which a name must be found, a connection made, TLS agreed upon, each.
const PATIENCE: Duration = Duration::from_secs(10);
/// A peer that has not confirmed what we sent for so long is gone: the kernel then ends the connection.
pub const SILENCE: Duration = Duration::from_secs(20);
/// Names that are looked up at a time.
const LOOKUPS: usize = 64;
/// Bytes that are under way at most, as far as our side of a connection knows.
pub const IN_FLIGHT: u32 = 64 * 1024;

/// Whom a drain may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The operator's own: everybody.
    Operator,
    /// An app's: who anybody on the Internet could reach, and what the operator allows.
    App,
}

/// See the module.
#[derive(Default)]
pub struct Outside {
    /// Private networks that the operator allows.
    pub allowed: Vec<IpNet>,
    /// Where the networks of apps are cut from.
    pub apps: Option<Ipv4Net>,
    /// Whom TLS trusts besides the machine's own authorities.
    pub roots: Vec<CertificateDer<'static>>,
    tls: OnceCell<Arc<ClientConfig>>,
    lookups: Lookups,
}

impl Outside {
    /// What the operator wants of it.
    pub fn new(allowed: &[IpNet], apps: Option<Ipv4Net>) -> Self {
        Self { allowed: allowed.to_vec(), apps, ..Self::default() }
    }

    /// Why an app's drain may not lead to the address.
    pub fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let address = embedded(address);
        let allowed = |network: &&IpNet| network.contains(&address);
        if matches!((address, self.apps), (IpAddr::V4(v4), Some(apps)) if apps.contains(&v4)) {
            return Some("is in a network of the platform's apps");
        }
        // The widest network that the operator allows does not mean this machine; its address alone does.
        let is_named =
            self.allowed.iter().filter(allowed).any(|network| network.prefix_len() == network.max_prefix_len());
        if is_named {
            return None;
        }
        if is_ours(address) {
            return Some("is this platform's own machine");
        }
        (!is_public(address) && !self.allowed.iter().any(|network| network.contains(&address)))
            .then_some("is no address of the Internet")
    }

    /// Connects.
    pub async fn connect(&self, host: &str, port: u16, trust: Trust) -> Result<TcpStream> {
        let addresses = self.addresses(host, port, trust).await?;
        let mut last = anyhow!("{host} has no address");
        for address in addresses {
            match timeout(PATIENCE, socket(address)?.connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = anyhow!("{address}: {error}"),
                Err(_) => last = anyhow!("{address} did not answer within {} s", PATIENCE.as_secs()),
            }
        }
        Err(last)
    }

    /// Connects with TLS; who answers must be `host`, by the machine's authorities.
    pub async fn connect_tls(&self, host: &str, port: u16, trust: Trust) -> Result<TlsStream<TcpStream>> {
        let config = self.tls.get_or_try_init(|| config(&self.roots)).await?;
        let name = ServerName::try_from(host.to_owned()).context("the host's name is none")?;
        let stream = self.connect(host, port, trust).await?;
        let shaken = timeout(PATIENCE, TlsConnector::from(Arc::clone(config)).connect(name, stream));
        shaken.await.context("TLS was not agreed upon in time")?.context("TLS failed")
    }

    async fn addresses(&self, host: &str, port: u16, trust: Trust) -> Result<Vec<SocketAddr>> {
        let found = timeout(PATIENCE, self.look_up(host, port)).await;
        let found = found.context("the host's name was not found in time")??;
        let refused = |address: &SocketAddr| if trust == Trust::App { self.refusal(address.ip()) } else { None };
        let (bad, good): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| refused(address).is_some());
        match bad.first() {
            Some(address) if good.is_empty() => {
                bail!("{host} leads to {}, which {}", address.ip(), refused(address).unwrap_or_default())
            }
            _ => Ok(good),
        }
    }

    /// A look-up that takes long holds a thread that others need: there are only so many at a time.
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let permit = Arc::clone(&self.lookups.0).acquire_owned().await?;
        let wanted = host.to_owned();
        let found = tokio::spawn(async move {
            let _permit = permit;
            Ok::<Vec<_>, io::Error>(lookup_host((wanted, port)).await?.collect())
        });
        found.await?.map_err(|_| anyhow!("the name {host} is not known"))
    }
}

/// See [`Outside::look_up`].
struct Lookups(Arc<Semaphore>);

impl Default for Lookups {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_send_buffer_size(IN_FLIGHT)?;
    socket.set_keepalive(true)?;
    let silence = u32::try_from(SILENCE.as_millis()).unwrap_or(u32::MAX);
    rustix::net::sockopt::set_tcp_user_timeout(&socket, silence)?;
    Ok(socket)
}

async fn config(besides: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>> {
    let found = spawn_blocking(rustls_native_certs::load_native_certs).await?;
    // One that cannot be read is no reason to do without the others.
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs.into_iter().chain(besides.iter().cloned()));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// One of this machine: on no other can a socket be bound to it.
fn is_ours(address: IpAddr) -> bool {
    let nobodys: IpAddr = if address.is_ipv4() {
        Ipv4Addr::new(192, 0, 2, 1).into()
    } else {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()
    };
    let can_be = |address: IpAddr| UdpSocket::bind((address, 0)).is_ok();
    // Where the kernel lets everybody be anyone (`ip_nonlocal_bind`), it still speaks to itself from itself.
    let is_spoken_to_from_itself = || {
        let nowhere: IpAddr =
            if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((nowhere, 0)).and_then(|socket| socket.connect((address, 9)).map(|()| socket));
        socket.and_then(|socket| socket.local_addr()).is_ok_and(|local| local.ip() == address)
    };
    let is_bound = || if can_be(nobodys) { is_spoken_to_from_itself() } else { can_be(address) };
    address.is_unspecified() || address.is_loopback() || is_bound()
}

/// The IPv4 address that an IPv6 address stands for.
fn embedded(address: IpAddr) -> IpAddr {
    let v6 = match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() && !v6.is_unspecified() => v6,
        plain => return plain,
    };
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        // NAT64, 6to4, and what was to be IPv4-compatible.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] | [0, 0, 0, 0, 0, 0, high, low] => {
            v4(high, low)
        }
        _ => IpAddr::V6(v6),
    }
}

/// Networks that are nobody's, or only their own hosts' (IANA's special-purpose registries).
const SPECIAL: [&str; 20] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
];

/// IPv6 has one network for the Internet; what is special in it is in the list.
const GLOBAL_V6: &str = "2000::/3";

fn is_public(address: IpAddr) -> bool {
    let within = |network: &str| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address));
    (address.is_ipv4() || within(GLOBAL_V6)) && !SPECIAL.iter().any(|network| within(network))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(allowed: &[&str]) -> Outside {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        Outside::new(&allowed, Some("10.214.0.0/16".parse().unwrap()))
    }

    fn allows(outside: &Outside, address: &str) -> bool {
        outside.refusal(address.parse().unwrap()).is_none()
    }

    #[test]
    fn every_network_can_be_read() {
        assert!(SPECIAL.iter().chain([&GLOBAL_V6]).all(|network| network.parse::<IpNet>().is_ok()));
    }

    #[test]
    fn only_the_internet_is_reached() {
        let nothing = outside(&[]);
        for address in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(allows(&nothing, address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "127.0.0.1",
            "127.8.9.10",
            "10.0.0.1",
            "10.214.3.2",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!allows(&nothing, address), "{address}");
        }
    }

    #[test]
    fn the_operator_allows_networks_but_neither_other_apps_nor_by_the_way_this_machine() {
        let some = outside(&["10.0.0.0/8", "fd00::/8"]);
        assert!(allows(&some, "10.0.0.1") && allows(&some, "fd00::1") && allows(&some, "::ffff:10.0.0.1"));
        assert!(!allows(&some, "10.214.3.2") && !allows(&some, "192.168.1.1"));
        let all = outside(&["0.0.0.0/0", "::/0"]);
        assert!(!allows(&all, "127.0.0.1") && !allows(&all, "::1") && !allows(&all, "10.214.3.2"));
        let own = outside(&["127.0.0.1/32", "::1/128"]);
        assert!(allows(&own, "127.0.0.1") && allows(&own, "::1") && !allows(&own, "127.0.0.2"));
        assert!(!allows(&outside(&["10.214.3.2/32"]), "10.214.3.2"));
    }

    #[tokio::test]
    async fn names_that_lead_home_are_refused() {
        for host in ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "::1"] {
            let error = outside(&[]).connect(host, 5140, Trust::App).await.unwrap_err().to_string();
            assert!(error.ends_with("which is this platform's own machine"), "{host}: {error}");
        }
    }
}
