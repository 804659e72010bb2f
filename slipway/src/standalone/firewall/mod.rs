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
mod tests;
