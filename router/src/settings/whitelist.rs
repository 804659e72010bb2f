//! Whose requests are taken, by the operator's list and those of apps.

use std::net::IpAddr;

use ipnet::IpNet;

/// What becomes of the operator's list where an app has one of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Both admit.
    #[default]
    Extend,
    /// Only the app's own does.
    Override,
}

/// The operator's list.
#[derive(Clone, Debug, Default)]
pub struct Whitelist {
    /// Who is admitted to all apps and to the API.
    pub default: Vec<IpNet>,
    /// What becomes of it where an app has one.
    pub mode: Mode,
    /// An app without any list admits nobody.
    pub enforced: bool,
}

impl Whitelist {
    /// Whether an app with this list of its own takes requests of this client, given by its IPv4 address where it has one.
    pub(crate) fn admits(&self, client: IpAddr, own: &[IpNet]) -> bool {
        if own.is_empty() && self.default.is_empty() {
            return !self.enforced;
        }
        let default = (own.is_empty() || self.mode == Mode::Extend).then_some(&self.default);
        contains(own, client) || default.is_some_and(|list| contains(list, client))
    }

    /// Whether the API takes them. Who has to lift the rule can always reach it, on this machine.
    pub(crate) fn admits_to_api(&self, client: IpAddr) -> bool {
        self.default.is_empty() || client.is_loopback() || contains(&self.default, client)
    }
}

fn contains(list: &[IpNet], client: IpAddr) -> bool {
    list.iter().any(|network| network.contains(&client))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(networks: &[&str]) -> Vec<IpNet> {
        networks.iter().map(|network| network.parse().unwrap()).collect()
    }

    /// Who of the office, the app's own friends and strangers is admitted.
    fn admitted(default: &[&str], mode: Mode, enforced: bool, own: &[&str]) -> [bool; 3] {
        let rule = Whitelist { default: list(default), mode, enforced };
        ["192.0.2.1", "198.51.100.1", "203.0.113.1"].map(|client| rule.admits(client.parse().unwrap(), &list(own)))
    }

    #[test]
    fn as_deis_had_it() {
        let (office, friends) = (&["192.0.2.0/24"][..], &["198.51.100.0/24"][..]);
        for mode in [Mode::Extend, Mode::Override] {
            assert_eq!(admitted(&[], mode, false, &[]), [true, true, true]);
            assert_eq!(admitted(&[], mode, true, &[]), [false, false, false]);
            assert_eq!(admitted(&[], mode, true, friends), [false, true, false]);
            assert_eq!(admitted(office, mode, true, &[]), [true, false, false]);
        }
        assert_eq!(admitted(office, Mode::Extend, false, friends), [true, true, false]);
        assert_eq!(admitted(office, Mode::Override, false, friends), [false, true, false]);
    }

    #[test]
    fn networks_contain_their_addresses_alone() {
        let own = list(&["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32"]);
        for (client, admitted) in [
            ("10.255.0.1", true),
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("11.0.0.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("::a00:1", false),
        ] {
            assert_eq!(Whitelist::default().admits(client.parse().unwrap(), &own), admitted, "{client}");
        }
        assert!(Whitelist::default().admits("203.0.113.8".parse().unwrap(), &[]));
    }

    #[test]
    fn the_api_is_never_lost() {
        let rule = Whitelist { default: list(&["192.0.2.0/24"]), mode: Mode::Extend, enforced: true };
        let admitted =
            ["127.0.0.1", "::1", "192.0.2.1", "203.0.113.1"].map(|at| rule.admits_to_api(at.parse().unwrap()));
        assert_eq!(admitted, [true, true, true, false]);
        assert!(Whitelist { enforced: true, ..Whitelist::default() }.admits_to_api([203, 0, 113, 1].into()));
    }
}
