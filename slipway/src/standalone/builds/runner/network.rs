//! The network of a build: a pair of interfaces into the sandbox, and two addresses that nobody else has meanwhile.
//!
//! The pair ends with the sandbox's network. Where a build may connect to is the firewall's to say, by the subnet.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    net::Ipv4Addr,
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::super::settings::Settings;
use crate::standalone::tool;

/// Who has which addresses: one folder for all installations of a machine, whose pools may be the same.
const LINKS: &str = "/run/lock/slipway-links";

/// The addresses of one build, for as long as this lives.
pub struct Link {
    name: String,
    host: Ipv4Addr,
    inner: Ipv4Addr,
    _lock: File,
}

impl Link {
    /// Takes the first four addresses that no other build has.
    pub fn take(settings: &Settings) -> Result<Self> {
        fs::create_dir_all(LINKS)?;
        let first = u32::from(settings.subnet.network());
        let count = 1_u32 << (32 - settings.subnet.prefix_len()).min(16);
        for start in (0..count / 4).map(|index| first + index * 4) {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(Path::new(LINKS).join(format!("{start:08x}")))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            let (host, inner) = (Ipv4Addr::from(start + 1), Ipv4Addr::from(start + 2));
            return Ok(Self { name: format!("sw-b{start:08x}"), host, inner, _lock: file });
        }
        bail!("all addresses of builds are taken; push again later")
    }

    /// Connects the network of the process `pid`.
    pub fn connect(&self, pid: u32) -> Result<()> {
        let Self { name, host, inner, .. } = self;
        // One that a killed runner left, whose sandbox ends just now.
        let _ = ip(&["link", "delete", "dev", name]);
        let pid = pid.to_string();
        ip(&["link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", &pid])?;
        // No address of version 6 at all, so that no rule for them can be missing.
        let switch = format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6");
        if fs::exists(&switch)? {
            fs::write(&switch, "1").with_context(|| format!("cannot write {switch}"))?;
        }
        ip(&["address", "add", &format!("{host}/30"), "dev", name])?;
        ip(&["link", "set", "dev", name, "up"])?;
        let inside = |arguments: &[&str]| {
            let net = format!("--net=/proc/{pid}/ns/net");
            tool::run(Command::new("nsenter").args([&net, "--", "ip"]).args(arguments)).map(drop)
        };
        inside(&["address", "add", &format!("{inner}/30"), "dev", "eth0"])?;
        inside(&["link", "set", "dev", "eth0", "up"])?;
        inside(&["route", "add", "default", "via", &host.to_string()])
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    tool::run(Command::new("ip").args(arguments)).map(drop)
}
