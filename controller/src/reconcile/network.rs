//! Subnets and addresses: which ones are free. Pure.

use std::net::IpAddr;

use ipnet::Ipv4Net;
use uuid::Uuid;

use super::plan::Changes;
use crate::db::network::Network;

/// Size of an app's network: 253 instances and a gateway.
const PREFIX: u8 = 24;

/// The first subnet of `pool` that is not taken, as the network of `app`. The last one is the builds'.
pub fn free_network(pool: Ipv4Net, taken: &[Ipv4Net], app: Uuid) -> Option<Network> {
    let of_builds = |subnet: &Ipv4Net| subnet.broadcast() == pool.broadcast();
    let subnet = pool.subnets(PREFIX).ok()?.find(|subnet| !of_builds(subnet) && !taken.contains(subnet))?;
    Some(Network { subnet, bridge: bridge(subnet, app) })
}

/// `sw-` and the end of the app's uuid, which for a v7 uuid is random, changed by the subnet: an app whose first subnet
/// was in use elsewhere needs another name with the next one, because the name rests, too. Interface names have 15
/// characters.
fn bridge(subnet: Ipv4Net, app: Uuid) -> String {
    let digits = (app.as_u128() ^ u128::from(u32::from(subnet.network()))) & 0xffff_ffff_ffff;
    format!("sw-{digits:012x}")
}

/// The first address of `subnet` that is not taken. The first host is the gateway.
pub fn free_address(subnet: Ipv4Net, taken: &[IpAddr]) -> Option<IpAddr> {
    subnet.hosts().skip(1).map(IpAddr::V4).find(|address| !taken.contains(address))
}

/// True when nothing is about to change in who is wanted or routed.
pub fn is_quiet(changes: &Changes) -> bool {
    !changes.claim_network
        && changes.want.is_empty()
        && changes.leave.is_empty()
        && changes.routes.is_none()
        && changes.healthy.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{free_address, free_network};
    use uuid::Uuid;

    #[test]
    fn first_free_ones() {
        let pool = "10.210.0.0/22".parse().unwrap();
        let app = Uuid::from_u128(0x1234_5678_9abc_def0);
        let network = free_network(pool, &["10.210.0.0/24".parse().unwrap()], app).unwrap();
        assert_eq!(network.subnet.to_string(), "10.210.1.0/24");
        assert_eq!(network.bridge, "sw-5678906edff0");
        assert_ne!(free_network(pool, &[], app).unwrap().bridge, network.bridge);
        let taken = ["10.210.1.2".parse().unwrap()];
        assert_eq!(free_address(network.subnet, &taken).unwrap().to_string(), "10.210.1.3");
    }

    #[test]
    fn none_left() {
        let pool = "10.210.0.0/23".parse().unwrap();
        assert!(
            free_network(pool, &["10.210.0.0/24".parse().unwrap()], Uuid::nil()).is_none(),
            "the last is for builds"
        );
    }
}
