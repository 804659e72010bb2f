//! The rules that keep the instances of apps away from the host and from each other, in chains of our own.
//!
//! A container reaches every listening port of the host through its gateway, unless told otherwise. The rules are
//! written whole and atomically (`iptables-restore --noflush`), looked at every few seconds, and written again when the
//! engine or anybody else has moved them.

mod rules;
mod script;

use std::process::Command;

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
        let mut changed = false;
        for family in [Family::V4, Family::V6] {
            let chains = rules::chains(&self.prefix, family, &self.policy);
            let Some(script) = script::assertion(&saved(family)?, &chains) else { continue };
            restore(family, &script).context("cannot write the firewall rules")?;
            changed = true;
        }
        Ok(changed)
    }

    /// Removes our chains.
    pub fn remove(prefix: &str) -> Result<()> {
        for family in [Family::V4, Family::V6] {
            let chains = rules::chains(prefix, family, &Policy::default());
            if let Some(script) = script::removal(&saved(family)?, &chains) {
                restore(family, &script).context("cannot remove the firewall rules")?;
            }
        }
        Ok(())
    }
}

impl Family {
    fn tool(self, verb: &str) -> Command {
        Command::new(match self {
            Self::V4 => format!("iptables-{verb}"),
            Self::V6 => format!("ip6tables-{verb}"),
        })
    }
}

fn saved(family: Family) -> Result<String> {
    tool::run(family.tool("save").args(["-t", "filter"])).context("cannot read the firewall rules")
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
    fn the_kernel_has_the_rules_until_they_are_removed() {
        leave_the_network();
        let policy = Policy {
            router_ports: vec![80, 8080],
            name_servers: vec!["10.0.0.53".parse().unwrap(), "fd00::53".parse().unwrap()],
        };
        let firewall = Firewall { prefix: "slipway".to_owned(), policy };
        assert!(firewall.assert().unwrap());
        assert!(!firewall.assert().unwrap(), "what was written is what is read back");

        // What a restart of Docker or an administrator may do.
        tool::run(Command::new("iptables").args(["-I", "INPUT", "-p", "tcp", "-j", "ACCEPT"])).unwrap();
        tool::run(Command::new("iptables").args(["-F", "DOCKER-USER"])).unwrap();
        assert!(firewall.assert().unwrap());
        let text = saved(Family::V4).unwrap();
        let first = text.lines().find(|line| line.starts_with("-A INPUT")).unwrap();
        assert_eq!(first, "-A INPUT -j SLIPWAY-INPUT");
        assert!(!firewall.assert().unwrap());

        Firewall::remove("slipway").unwrap();
        let left = saved(Family::V4).unwrap() + &saved(Family::V6).unwrap();
        assert!(!left.contains("SLIPWAY"), "{left}");
    }
}
