//! Which rules there should be: a pure function of what is let through.
//!
//! Each rule is spelled as `iptables-save` prints it, so that what is there can be compared with what should be.

use std::net::IpAddr;

use ipnet::Ipv4Net;

use super::{Family, Table};

/// Every bridge of an app's network, and every build's interface, is named like this; `+` is iptables' wildcard.
const BRIDGES: &str = "sw-+";

/// What instances and builds may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Ports of the router that are open beyond loopback.
    pub router_ports: Vec<u16>,
    /// The host's name servers: containers ask them directly, wherever they are.
    pub name_servers: Vec<IpAddr>,
    /// The addresses of builds.
    pub builds: Ipv4Net,
    /// The interfaces that lead out of this machine: all that builds may reach lies behind them.
    pub uplinks: Vec<String>,
}

/// One of our chains, and the chain from whose top it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// The chain that jumps here first of all.
    pub parent: &'static str,
    /// True when the parent is not built in and has to be made where it is missing.
    pub make_parent: bool,
    /// The rules, each without its `-A <name> `. The last one is the same in every installation.
    pub rules: Vec<String>,
}

/// The chains that should exist.
pub fn chains(prefix: &str, family: Family, table: Table, policy: &Policy) -> Vec<Chain> {
    let prefix = prefix.to_ascii_uppercase();
    let chain = |suffix, parent, rules| Chain { name: format!("{prefix}-{suffix}"), parent, make_parent: false, rules };
    match (table, family) {
        (Table::Filter, Family::V4) => vec![
            chain("INPUT", "INPUT", input_rules(family, policy)),
            // The engine asks this chain before all of its own and never flushes it.
            Chain { make_parent: true, ..chain("FORWARD", "DOCKER-USER", forward_rules(policy)) },
        ],
        // Neither app networks nor builds have IPv6, so that nothing of theirs is to be forwarded.
        (Table::Filter, Family::V6) => vec![
            chain("INPUT", "INPUT", input_rules(family, policy)),
            chain("FORWARD", "FORWARD", vec![format!("-i {BRIDGES} -j DROP"), format!("-o {BRIDGES} -j DROP")]),
        ],
        // The engine does this for the networks of apps.
        (Table::Nat, Family::V4) => vec![chain("POSTROUTING", "POSTROUTING", translation_rules(policy))],
        (Table::Nat, Family::V6) => vec![],
    }
}

/// From an instance or a build to the host itself. Answers to what the host began pass, and so do health checks and
/// requests; a build does not reach even the router.
fn input_rules(family: Family, policy: &Policy) -> Vec<String> {
    let mut rules = vec![format!("-i {BRIDGES} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN")];
    rules.extend(name_server_rules(family, policy));
    // Nothing of ours has an IPv6 address but the one that the kernel gives to every interface.
    if family == Family::V4 {
        rules.push(format!("-s {} -i {BRIDGES} -j DROP", policy.builds));
        let port = |port| format!("-i {BRIDGES} -p tcp -m tcp --dport {port} -j RETURN");
        rules.extend(policy.router_ports.iter().map(port));
    }
    rules.push(format!("-i {BRIDGES} -j DROP"));
    rules
}

/// From an instance or a build through the host to elsewhere, and from elsewhere to them.
fn forward_rules(policy: &Policy) -> Vec<String> {
    let mut rules = build_rules(policy);
    rules.extend([
        format!("-i {BRIDGES} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"),
        // Within one bridge: instances of one app.
        format!("-i {BRIDGES} -o {BRIDGES} -m physdev --physdev-is-bridged -j RETURN"),
    ]);
    rules.extend(name_server_rules(Family::V4, policy));
    rules.push(format!("-d 169.254.0.0/16 -i {BRIDGES} -j DROP"));
    rules.push(format!("-i {BRIDGES} -o {BRIDGES} -j DROP"));
    // Nobody but the host begins a connection to an instance.
    rules.push(format!("! -i {BRIDGES} -o {BRIDGES} -m conntrack --ctstate NEW -j DROP"));
    rules
}

/// A build reaches what lies beyond this machine: no app, no other build, no network of the engine. These rules accept,
/// because the engine has everything dropped that it knows nothing of.
fn build_rules(policy: &Policy) -> Vec<String> {
    let (builds, from) = (policy.builds, format!("-s {} -i {BRIDGES}", policy.builds));
    let mut rules = vec![format!("-d {builds} -o {BRIDGES} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")];
    rules.extend(servers(Family::V4, policy).flat_map(|server| {
        let to = format!("-s {builds} -d {server}/32 -i {BRIDGES}");
        ["udp", "tcp"].map(|protocol| format!("{to} -p {protocol} -m {protocol} --dport 53 -j ACCEPT"))
    }));
    rules.push(format!("-s {builds} -d 169.254.0.0/16 -i {BRIDGES} -j DROP"));
    rules.extend(policy.uplinks.iter().map(|uplink| format!("{from} -o {uplink} -j ACCEPT")));
    rules.push(format!("{from} -j DROP"));
    rules
}

/// What a build sends out of this machine carries the machine's address.
fn translation_rules(policy: &Policy) -> Vec<String> {
    vec![format!("-s {} ! -o {BRIDGES} -j MASQUERADE", policy.builds), format!("-o {BRIDGES} -j RETURN")]
}

fn name_server_rules(family: Family, policy: &Policy) -> Vec<String> {
    let bits = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let rule =
        |server, protocol| format!("-d {server}/{bits} -i {BRIDGES} -p {protocol} -m {protocol} --dport 53 -j RETURN");
    servers(family, policy).flat_map(|server| ["udp", "tcp"].map(|protocol| rule(server, protocol))).collect()
}

fn servers(family: Family, policy: &Policy) -> impl Iterator<Item = &IpAddr> {
    policy.name_servers.iter().filter(move |server| server.is_ipv4() == (family == Family::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(family: Family, policy: &Policy) -> String {
        let tables = [Table::Filter, Table::Nat];
        let chains = tables.iter().flat_map(|table| chains("slipway", family, *table, policy));
        let lines = chains.flat_map(|chain| {
            let head = format!("{} -> {}", chain.parent, chain.name);
            std::iter::once(head).chain(chain.rules.into_iter().map(|rule| format!("  {rule}")))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn policy() -> Policy {
        Policy { builds: "10.255.255.0/24".parse().unwrap(), uplinks: vec!["eth0".to_owned()], ..Policy::default() }
    }

    #[test]
    fn on_loopback_nothing_of_the_host_is_open() {
        insta::assert_snapshot!(text(Family::V4, &policy()), @"
        INPUT -> SLIPWAY-INPUT
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -s 10.255.255.0/24 -i sw-+ -j DROP
          -i sw-+ -j DROP
        DOCKER-USER -> SLIPWAY-FORWARD
          -d 10.255.255.0/24 -o sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
          -s 10.255.255.0/24 -d 169.254.0.0/16 -i sw-+ -j DROP
          -s 10.255.255.0/24 -i sw-+ -o eth0 -j ACCEPT
          -s 10.255.255.0/24 -i sw-+ -j DROP
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -o sw-+ -m physdev --physdev-is-bridged -j RETURN
          -d 169.254.0.0/16 -i sw-+ -j DROP
          -i sw-+ -o sw-+ -j DROP
          ! -i sw-+ -o sw-+ -m conntrack --ctstate NEW -j DROP
        POSTROUTING -> SLIPWAY-POSTROUTING
          -s 10.255.255.0/24 ! -o sw-+ -j MASQUERADE
          -o sw-+ -j RETURN
        ");
    }

    #[test]
    fn a_public_router_and_name_servers_stay_reachable() {
        let policy = Policy {
            router_ports: vec![80, 443],
            name_servers: vec!["169.254.169.253".parse().unwrap(), "fd00::53".parse().unwrap()],
            ..policy()
        };
        insta::assert_snapshot!(text(Family::V4, &policy), @"
        INPUT -> SLIPWAY-INPUT
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p udp -m udp --dport 53 -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p tcp -m tcp --dport 53 -j RETURN
          -s 10.255.255.0/24 -i sw-+ -j DROP
          -i sw-+ -p tcp -m tcp --dport 80 -j RETURN
          -i sw-+ -p tcp -m tcp --dport 443 -j RETURN
          -i sw-+ -j DROP
        DOCKER-USER -> SLIPWAY-FORWARD
          -d 10.255.255.0/24 -o sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
          -s 10.255.255.0/24 -d 169.254.169.253/32 -i sw-+ -p udp -m udp --dport 53 -j ACCEPT
          -s 10.255.255.0/24 -d 169.254.169.253/32 -i sw-+ -p tcp -m tcp --dport 53 -j ACCEPT
          -s 10.255.255.0/24 -d 169.254.0.0/16 -i sw-+ -j DROP
          -s 10.255.255.0/24 -i sw-+ -o eth0 -j ACCEPT
          -s 10.255.255.0/24 -i sw-+ -j DROP
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -o sw-+ -m physdev --physdev-is-bridged -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p udp -m udp --dport 53 -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p tcp -m tcp --dport 53 -j RETURN
          -d 169.254.0.0/16 -i sw-+ -j DROP
          -i sw-+ -o sw-+ -j DROP
          ! -i sw-+ -o sw-+ -m conntrack --ctstate NEW -j DROP
        POSTROUTING -> SLIPWAY-POSTROUTING
          -s 10.255.255.0/24 ! -o sw-+ -j MASQUERADE
          -o sw-+ -j RETURN
        ");
        insta::assert_snapshot!(text(Family::V6, &policy), @"
        INPUT -> SLIPWAY-INPUT
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -d fd00::53/128 -i sw-+ -p udp -m udp --dport 53 -j RETURN
          -d fd00::53/128 -i sw-+ -p tcp -m tcp --dport 53 -j RETURN
          -i sw-+ -j DROP
        FORWARD -> SLIPWAY-FORWARD
          -i sw-+ -j DROP
          -o sw-+ -j DROP
        ");
    }
}
