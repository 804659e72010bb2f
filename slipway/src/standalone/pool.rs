//! The choice of the addresses from which every app's network is cut.
//!
//! The engine takes any subnet, also one that shadows a network which this machine must reach. So a pool is chosen once,
//! at the first start, that overlaps no route of the host and none of its name servers, and is kept from then on.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result, ensure};
use ipnet::Ipv4Net;

/// Destination and mask of a default route.
const EVERYTHING: &str = "00000000";

/// Pools in order of preference: large ones (1,024 networks of 254 instances) from the rarely used end of 10/8 first,
/// then what the other private ranges have.
fn candidates() -> impl Iterator<Item = Ipv4Net> {
    let large = (0..64_u8).rev().map(|block| net(10, block * 4, 14));
    let middle = (16..32_u8).rev().map(|second| net(172, second, 16));
    large.chain(middle).chain([net(192, 168, 16)])
}

fn net(first: u8, second: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(first, second, 0, 0), prefix)
}

/// The first pool that overlaps nothing in `taken`.
pub fn choose(taken: &[Ipv4Net]) -> Option<Ipv4Net> {
    candidates().find(|pool| is_free(*pool, taken))
}

/// Whether a pool overlaps nothing in `taken`.
pub fn is_free(pool: Ipv4Net, taken: &[Ipv4Net]) -> bool {
    !taken.iter().any(|net| overlap(pool, *net))
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// Size of the network of builds, and of each app's.
const BUILDS_PREFIX: u8 = 24;

/// The addresses of builds: the end of the pool, which the controller gives to no app. A pool that has no room for both
/// is refused.
pub fn builds_subnet(pool: Ipv4Net) -> Result<Ipv4Net> {
    ensure!(
        pool.prefix_len() < BUILDS_PREFIX,
        "{pool} is too small for the networks of apps and of builds: name a larger range with --network-pool, such as \
         10.252.0.0/14"
    );
    Ok(Ipv4Net::new(pool.broadcast(), BUILDS_PREFIX)?.trunc())
}

/// The interfaces behind which everything lies that is not on this machine: those of the default routes.
pub fn uplinks() -> Result<Vec<String>> {
    let mut uplinks: Vec<_> = parse_uplinks(&routes()?).map(str::to_owned).collect();
    uplinks.sort_unstable();
    uplinks.dedup();
    Ok(uplinks)
}

fn parse_uplinks(text: &str) -> impl Iterator<Item = &str> {
    text.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields.get(1) == Some(&EVERYTHING) && fields.get(7) == Some(&EVERYTHING)).then(|| fields[0])
    })
}

fn routes() -> Result<String> {
    std::fs::read_to_string("/proc/net/route").context("cannot read /proc/net/route")
}

/// What the host needs for itself: its routes and its name servers.
pub fn taken() -> Result<Vec<Ipv4Net>> {
    let routes = routes()?;
    let servers = name_servers().into_iter().filter_map(|address| match address {
        IpAddr::V4(address) => Some(Ipv4Net::from(address)),
        IpAddr::V6(_) => None,
    });
    Ok(parse_routes(&routes).chain(servers).collect())
}

/// The routes in the text of /proc/net/route, the default route left out.
fn parse_routes(text: &str) -> impl Iterator<Item = Ipv4Net> {
    text.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let net = Ipv4Net::with_netmask(address(fields.get(1)?)?, address(fields.get(7)?)?).ok()?;
        (net.prefix_len() > 0).then_some(net)
    })
}

/// The kernel prints addresses as hexadecimal numbers in the byte order of the machine.
fn address(hex: &str) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes()))
}

/// Name servers that containers may be told to use: those of the host, and those behind systemd's stub.
pub fn name_servers() -> Vec<IpAddr> {
    let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
    files.iter().filter_map(|path| std::fs::read_to_string(path).ok()).flat_map(|text| parse_servers(&text)).collect()
}

fn parse_servers(text: &str) -> Vec<IpAddr> {
    let servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    servers.filter_map(|server| server.trim().parse().ok()).filter(|address: &IpAddr| !address.is_loopback()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
";

    fn nets(texts: &[&str]) -> Vec<Ipv4Net> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn reads_routes_but_not_the_default_route() {
        assert_eq!(parse_routes(ROUTES).collect::<Vec<_>>(), nets(&["172.17.0.0/16", "192.0.2.0/24"]));
    }

    #[test]
    fn builds_have_the_end_of_the_pool_and_go_out_where_everything_does() {
        let subnet = |pool: &str| builds_subnet(pool.parse().unwrap()).map(|subnet| subnet.to_string());
        assert_eq!(subnet("10.252.0.0/14").unwrap(), "10.255.255.0/24");
        assert_eq!(subnet("192.168.0.0/23").unwrap(), "192.168.1.0/24");
        assert!(subnet("192.168.0.0/24").unwrap_err().to_string().contains("--network-pool"));
        assert_eq!(parse_uplinks(ROUTES).collect::<Vec<_>>(), ["eth0"]);
    }

    #[test]
    fn avoids_whatever_the_host_uses() {
        let chosen = |taken: &[&str]| choose(&nets(taken)).map(|pool| pool.to_string());
        assert_eq!(chosen(&[]).as_deref(), Some("10.252.0.0/14"));
        assert_eq!(chosen(&["10.255.255.53/32"]).as_deref(), Some("10.248.0.0/14"));
        assert_eq!(chosen(&["10.0.0.0/8"]).as_deref(), Some("172.31.0.0/16"));
        assert_eq!(chosen(&["10.0.0.0/8", "172.16.0.0/12"]).as_deref(), Some("192.168.0.0/16"));
        assert_eq!(chosen(&["10.0.0.0/8", "172.16.0.0/12", "192.168.1.0/24"]), None);
    }

    #[test]
    fn name_servers_on_loopback_are_reached_by_the_engine_itself() {
        let text = "# made by hand\nsearch example.com\nnameserver 127.0.0.53\nnameserver 10.255.255.53\n nameserver fd00::1\n";
        let servers: Vec<_> = parse_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.255.255.53", "fd00::1"]);
    }
}
