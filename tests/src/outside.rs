//! A host outside of this machine, in a network namespace of its own, with a git server: what builds reach as they reach the
//! world.

use std::{
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use crate::{git::Repository, program, wait};

/// Its address, from a range that is only for documentation, and this machine's end of the way there.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
const OURS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const NAME: &str = "slipway-outside";
const LINK: &str = "sl-outside";

/// How long the server may take to answer.
const START: Duration = Duration::from_secs(20);

/// The host and its server; gone when dropped.
pub struct Outside {
    folder: TempDir,
    daemon: Child,
}

impl Outside {
    /// Makes it.
    pub fn open() -> Result<Self> {
        remove();
        let folder = TempDir::new()?;
        for line in [
            format!("netns add {NAME}"),
            format!("link add {LINK} type veth peer name eth0 netns {NAME}"),
            format!("address add {OURS}/30 dev {LINK}"),
            format!("link set {LINK} up"),
            format!("-n {NAME} link set lo up"),
            format!("-n {NAME} address add {ADDRESS}/30 dev eth0"),
            format!("-n {NAME} link set eth0 up"),
            format!("-n {NAME} route add default via {OURS}"),
            // The world is where a default route leads; nothing else of this machine prefers this one.
            format!("route add default via {ADDRESS} dev {LINK} metric 4000000"),
        ] {
            program::output(Command::new("ip").args(line.split(' ')))?;
        }
        let mut serve = Command::new("ip");
        serve.args(["netns", "exec", NAME, "git", "daemon", "--reuseaddr", "--export-all"]);
        serve.arg(format!("--base-path={}", folder.path().display())).arg(folder.path());
        let daemon = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let outside = Self { folder, daemon };
        wait::until("the git server answers", START, || Ok(std::net::TcpStream::connect((ADDRESS, 9418)).ok()))?;
        Ok(outside)
    }

    /// Serves what that repository has now, and answers its URL.
    pub fn publish(&self, name: &str, repository: &Repository) -> Result<String> {
        let bare = self.folder.path().join(name);
        program::output(Command::new("git").args(["clone", "--quiet", "--bare"]).arg(repository.path()).arg(&bare))?;
        Ok(format!("git://{ADDRESS}/{name}"))
    }

    /// The folder that is served.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // With its namespace everything else goes too.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        remove();
    }
}

/// Whatever is there, be it of a test that was killed.
fn remove() {
    for line in [format!("netns pids {NAME}"), format!("link del {LINK}"), format!("netns del {NAME}")] {
        let Ok(output) = Command::new("ip").args(line.split(' ')).output() else { continue };
        for pid in String::from_utf8_lossy(&output.stdout).split_whitespace() {
            let _ = Command::new("kill").args(["-9", "--", pid]).output();
        }
    }
}
