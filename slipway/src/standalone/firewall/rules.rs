//! Which rules there should be: a pure function of what is let through.
//!
//! Each rule is spelled as `iptables-save` prints it, so that what is there can be compared with what should be.

use std::net::IpAddr;

use super::Family;

/// Every bridge of an app's network is named like this; `+` is iptables' wildcard.
const BRIDGES: &str = "sw-+";

/// What instances may reach on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Ports of the router that are open beyond loopback.
    pub router_ports: Vec<u16>,
    /// The host's name servers: containers ask them directly, wherever they are.
    pub name_servers: Vec<IpAddr>,
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
    /// The rules, each without its `-A <name> `.
    pub rules: Vec<String>,
}

/// The chains that should exist.
pub fn chains(prefix: &str, family: Family, policy: &Policy) -> Vec<Chain> {
    let prefix = prefix.to_ascii_uppercase();
    let input = Chain {
        name: format!("{prefix}-INPUT"),
        parent: "INPUT",
        make_parent: false,
        rules: input_rules(family, policy),
    };
    let forward = match family {
        // The engine asks this chain before all of its own and never flushes it.
        Family::V4 => Chain {
            name: format!("{prefix}-FORWARD"),
            parent: "DOCKER-USER",
            make_parent: true,
            rules: forward_rules(policy),
        },
        // App networks have no IPv6, so that nothing of theirs is to be forwarded.
        Family::V6 => Chain {
            name: format!("{prefix}-FORWARD"),
            parent: "FORWARD",
            make_parent: false,
            rules: vec![format!("-i {BRIDGES} -j DROP"), format!("-o {BRIDGES} -j DROP")],
        },
    };
    vec![input, forward]
}

/// From an instance to the host itself. Answers to what the host began pass, and so do health checks and requests.
fn input_rules(family: Family, policy: &Policy) -> Vec<String> {
    let mut rules = vec![format!("-i {BRIDGES} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN")];
    let ports = policy.router_ports.iter().map(|port| format!("-i {BRIDGES} -p tcp -m tcp --dport {port} -j RETURN"));
    rules.extend(ports);
    rules.extend(name_server_rules(family, policy));
    rules.push(format!("-i {BRIDGES} -j DROP"));
    rules
}

/// From an instance through the host to elsewhere, and from elsewhere to an instance.
fn forward_rules(policy: &Policy) -> Vec<String> {
    let mut rules = vec![
        format!("-i {BRIDGES} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"),
        // Within one bridge: instances of one app.
        format!("-i {BRIDGES} -o {BRIDGES} -m physdev --physdev-is-bridged -j RETURN"),
    ];
    rules.extend(name_server_rules(Family::V4, policy));
    rules.push(format!("-d 169.254.0.0/16 -i {BRIDGES} -j DROP"));
    rules.push(format!("-i {BRIDGES} -o {BRIDGES} -j DROP"));
    // Nobody but the host begins a connection to an instance.
    rules.push(format!("! -i {BRIDGES} -o {BRIDGES} -m conntrack --ctstate NEW -j DROP"));
    rules
}

fn name_server_rules(family: Family, policy: &Policy) -> Vec<String> {
    let bits = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let servers = policy.name_servers.iter().filter(|server| server.is_ipv4() == (family == Family::V4));
    let rule =
        |server, protocol| format!("-d {server}/{bits} -i {BRIDGES} -p {protocol} -m {protocol} --dport 53 -j RETURN");
    servers.flat_map(|server| ["udp", "tcp"].map(|protocol| rule(server, protocol))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(family: Family, policy: &Policy) -> String {
        let chains = chains("slipway", family, policy);
        let lines = chains.iter().flat_map(|chain| {
            let head = format!("{} -> {}", chain.parent, chain.name);
            std::iter::once(head).chain(chain.rules.iter().map(|rule| format!("  {rule}")))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn on_loopback_nothing_of_the_host_is_open() {
        insta::assert_snapshot!(text(Family::V4, &Policy::default()), @"
        INPUT -> SLIPWAY-INPUT
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -j DROP
        DOCKER-USER -> SLIPWAY-FORWARD
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -o sw-+ -m physdev --physdev-is-bridged -j RETURN
          -d 169.254.0.0/16 -i sw-+ -j DROP
          -i sw-+ -o sw-+ -j DROP
          ! -i sw-+ -o sw-+ -m conntrack --ctstate NEW -j DROP
        ");
    }

    #[test]
    fn a_public_router_and_name_servers_stay_reachable() {
        let policy = Policy {
            router_ports: vec![80, 443],
            name_servers: vec!["169.254.169.253".parse().unwrap(), "fd00::53".parse().unwrap()],
        };
        insta::assert_snapshot!(text(Family::V4, &policy), @"
        INPUT -> SLIPWAY-INPUT
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -p tcp -m tcp --dport 80 -j RETURN
          -i sw-+ -p tcp -m tcp --dport 443 -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p udp -m udp --dport 53 -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p tcp -m tcp --dport 53 -j RETURN
          -i sw-+ -j DROP
        DOCKER-USER -> SLIPWAY-FORWARD
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -o sw-+ -m physdev --physdev-is-bridged -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p udp -m udp --dport 53 -j RETURN
          -d 169.254.169.253/32 -i sw-+ -p tcp -m tcp --dport 53 -j RETURN
          -d 169.254.0.0/16 -i sw-+ -j DROP
          -i sw-+ -o sw-+ -j DROP
          ! -i sw-+ -o sw-+ -m conntrack --ctstate NEW -j DROP
        ");
        insta::assert_snapshot!(text(Family::V6, &policy), @"
        INPUT -> SLIPWAY-INPUT
          -i sw-+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
          -i sw-+ -p tcp -m tcp --dport 80 -j RETURN
          -i sw-+ -p tcp -m tcp --dport 443 -j RETURN
          -d fd00::53/128 -i sw-+ -p udp -m udp --dport 53 -j RETURN
          -d fd00::53/128 -i sw-+ -p tcp -m tcp --dport 53 -j RETURN
          -i sw-+ -j DROP
        FORWARD -> SLIPWAY-FORWARD
          -i sw-+ -j DROP
          -o sw-+ -j DROP
        ");
    }
}
