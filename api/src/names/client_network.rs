//! Where clients of an app are: an entry of its whitelist.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// An address (`203.0.113.7`), a network (`10.0.0.0/8`), or an address in its network (`10.1.2.3/8`, which means the
/// network), as its user wrote it. Two of them mean the same when their [networks](Self::network) are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientNetwork(String, IpNet);

name_traits!(ClientNetwork);

impl ClientNetwork {
    /// Longest entry.
    pub const MAX: usize = 50;

    /// The only way to a `ClientNetwork`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("Ensure this field has no more than {} characters.", Self::MAX)));
        }
        let network = network(text).ok_or_else(|| InvalidName::new(format!("The address {text} is not valid")))?;
        Ok(Self(text.to_owned(), network))
    }

    /// The network without the part of a single machine; IPv4 in the disguise of IPv6 as IPv4.
    #[must_use]
    pub fn network(&self) -> IpNet {
        self.1
    }
}

fn network(text: &str) -> Option<IpNet> {
    let network = match text.split_once('/') {
        None => IpNet::from(text.parse::<IpAddr>().ok()?),
        // Deis took a mask in the place of a length, too.
        Some((address, mask)) => match mask.parse::<IpAddr>() {
            Ok(mask) => IpNet::with_netmask(address.parse().ok()?, mask).ok()?,
            Err(_) => text.parse().ok()?,
        },
    };
    Some(as_ipv4(network).unwrap_or(network).trunc())
}

/// The IPv4 network that `::ffff:a.b.c.d/n` means.
fn as_ipv4(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(network) = network else { return None };
    let (address, length) = (network.addr().to_ipv4_mapped()?, network.prefix_len().checked_sub(96)?);
    Ipv4Net::new(address, length).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::ClientNetwork;

    #[test]
    fn addresses_networks_and_both() {
        for (given, network) in [
            ("1.2.3.4", "1.2.3.4/32"),
            ("1.2.3.4/32", "1.2.3.4/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
        ] {
            let parsed = ClientNetwork::parse(given).unwrap();
            assert_eq!((parsed.as_str(), parsed.network().to_string().as_str()), (given, network));
        }
    }

    #[test]
    fn refuses() {
        for bad in [
            "",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/-1",
            "1.2.3.4/255.0.255.0",
            "::1/129",
            "example.com",
            "1.2.3.4 ",
            "1.2.3.4;",
            "fe80::1%eth0",
        ] {
            let error = ClientNetwork::parse(bad).unwrap_err();
            assert_eq!(error.0, format!("The address {bad} is not valid"));
        }
        let long = format!("::{}", "0".repeat(60));
        assert_eq!(ClientNetwork::parse(&long).unwrap_err().0, "Ensure this field has no more than 50 characters.");
    }
}
