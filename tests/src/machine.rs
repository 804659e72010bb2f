//! The machine on which the tests run.

use std::{net::IpAddr, process::Command};

use anyhow::Result;

use crate::program;

/// The addresses of this machine beyond loopback: its own, the gateways of all networks, and the metadata service's.
pub fn addresses() -> Result<Vec<IpAddr>> {
    let text = program::output(Command::new("ip").args(["-json", "-4", "address"]))?;
    let interfaces: serde_json::Value = serde_json::from_str(&text)?;
    let infos = interfaces.as_array().into_iter().flatten().filter_map(|one| one["addr_info"].as_array()).flatten();
    let addresses = infos.filter_map(|info| info["local"].as_str()?.parse::<IpAddr>().ok());
    Ok(addresses.filter(|address| !address.is_loopback()).collect())
}
