//! The rules that keep the instances of apps, and builds, away from the host and from each other, in chains of our own.
//!
//! A container reaches every listening port of the host through its gateway, unless told otherwise. The rules are
//! written whole and atomically (`iptables-restore --noflush`), looked at every few seconds, and written again when the
//! engine or anybody else has moved them.

mod rules;
mod script;

use std::{fmt, process::Command};

use anyhow::{Context, Result};

pub use rules::Policy;

use super::tool;

/// IPv4 or IPv6: each has its own tables and tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `iptables`.
    V4,
    /// `ip6tables`.
    V6,
}

/// What rules are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// What passes.
    Filter,
    /// Under which address.
    Nat,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Filter => "filter",
            Self::Nat => "nat",
        })
    }
}

/// Where we have chains.
const PLACES: [(Family, Table); 3] =
    [(Family::V4, Table::Filter), (Family::V4, Table::Nat), (Family::V6, Table::Filter)];
/// Whether the kernel passes packets on from one interface to another.
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// The rules of one installation.
#[derive(Clone, Debug)]
pub struct Firewall {
    /// Prefix of the names of our chains.
    pub prefix: String,
    /// What is let through.
    pub policy: Policy,
}

impl Firewall {
    /// Makes the rules what they should be; true when something had to be changed.
    pub fn assert(&self) -> Result<bool> {
        let mut changed = ensure_forwarding()?;
        for (family, table) in PLACES {
            let chains = rules::chains(&self.prefix, family, table, &self.policy);
            let Some(script) = script::assertion(&saved(family, table)?, table, &chains) else { continue };
            restore(family, &script).context("cannot write the firewall rules")?;
            changed = true;
        }
        Ok(changed)
    }

    /// Removes our chains.
    pub fn remove(prefix: &str) -> Result<()> {
        for (family, table) in PLACES {
            let chains = rules::chains(prefix, family, table, &Policy::default());
            if let Some(script) = script::removal(&saved(family, table)?, table, &chains) {
                restore(family, &script).context("cannot remove the firewall rules")?;
            }
        }
        Ok(())
    }
}

/// The engine does the same, where it is left to keep its own rules.
fn ensure_forwarding() -> Result<bool> {
    let is_on = std::fs::read_to_string(FORWARDING).with_context(|| format!("cannot read {FORWARDING}"))?.trim() == "1";
    if !is_on {
        std::fs::write(FORWARDING, "1").with_context(|| format!("cannot write 1 to {FORWARDING}"))?;
    }
    Ok(!is_on)
}

impl Family {
    fn tool(self, verb: &str) -> Command {
        Command::new(match self {
            Self::V4 => format!("iptables-{verb}"),
            Self::V6 => format!("ip6tables-{verb}"),
        })
    }
}

fn saved(family: Family, table: Table) -> Result<String> {
    tool::run(family.tool("save").args(["-t", &table.to_string()])).context("cannot read the firewall rules")
}

fn restore(family: Family, script: &str) -> Result<()> {
    tool::feed(family.tool("restore").args(["--wait", "5", "--noflush"]), script).map(drop)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{File, read_link},
        os::fd::AsFd,
        time::{Duration, Instant},
    };

    use super::*;

    /// Puts this thread, and the tools it starts, into a network of their own.
    fn leave_the_network() {
        let mut child = Command::new("unshare").args(["--net", "sleep", "60"]).spawn().unwrap();
        let theirs = format!("/proc/{}/ns/net", child.id());
        let deadline = Instant::now() + Duration::from_secs(20);
        while read_link(&theirs).unwrap() == read_link("/proc/self/ns/net").unwrap() {
            assert!(Instant::now() < deadline, "unshare does not get a network of its own");
            std::thread::yield_now();
        }
        let file = File::open(&theirs).unwrap();
        rustix::thread::move_into_link_name_space(file.as_fd(), None).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn what_builds_send_is_passed_on() {
        leave_the_network();
        std::fs::write(FORWARDING, "0").unwrap();
        assert!(ensure_forwarding().unwrap());
        assert_eq!(std::fs::read_to_string(FORWARDING).unwrap(), "1\n");
        assert!(!ensure_forwarding().unwrap());
    }

    #[test]
    fn the_kernel_has_the_rules_until_they_are_removed() {
        leave_the_network();
        let policy = Policy {
            router_ports: vec![80, 8080],
            name_servers: vec!["10.0.0.53".parse().unwrap(), "fd00::53".parse().unwrap()],
            builds: "10.255.255.0/24".parse().unwrap(),
            uplinks: vec!["eth0".to_owned(), "wlp3s0".to_owned()],
        };
        let firewall = Firewall { prefix: "slipway".to_owned(), policy };
        assert!(firewall.assert().unwrap());
        assert!(!firewall.assert().unwrap(), "what was written is what is read back");

        // What a restart of Docker or an administrator may do.
        tool::run(Command::new("iptables").args(["-I", "INPUT", "-p", "tcp", "-j", "ACCEPT"])).unwrap();
        tool::run(Command::new("iptables").args(["-F", "DOCKER-USER"])).unwrap();
        tool::run(Command::new("iptables").args(["-t", "nat", "-F", "POSTROUTING"])).unwrap();
        assert!(firewall.assert().unwrap());
        let text = saved(Family::V4, Table::Filter).unwrap();
        let first = text.lines().find(|line| line.starts_with("-A INPUT")).unwrap();
        assert_eq!(first, "-A INPUT -j SLIPWAY-INPUT");
        let text = saved(Family::V4, Table::Nat).unwrap();
        assert!(text.contains("-A POSTROUTING -j SLIPWAY-POSTROUTING"), "{text}");
        assert!(!firewall.assert().unwrap());

        // Another installation is content to come after, or before.
        let builds = "10.251.255.0/24".parse().unwrap();
        let other = Firewall { prefix: "other".to_owned(), policy: Policy { builds, ..firewall.policy.clone() } };
        assert!(other.assert().unwrap());
        assert!(!firewall.assert().unwrap() && !other.assert().unwrap(), "two that both want to be first never rest");
        Firewall::remove("other").unwrap();

        Firewall::remove("slipway").unwrap();
        let left: String = PLACES.iter().map(|(family, table)| saved(*family, *table).unwrap()).collect();
        assert!(!left.contains("SLIPWAY"), "{left}");
    }
}
