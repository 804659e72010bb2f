//! A host outside of this machine, in a network namespace of its own, with servers of git, HTTP and SSH: what builds reach
//! as they reach the world.

use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use crate::{git::Repository, program, slot, wait};

/// How long the server may take to answer.
const START: Duration = Duration::from_secs(20);

/// The host and its servers; gone when dropped. Tests that run beside each other have one each.
pub struct Outside {
    folder: TempDir,
    servers: Vec<Child>,
    names: Names,
}

/// How it is called and where it is.
struct Names {
    /// Its network namespace, and who owns what lies there behind SSH.
    host: String,
    /// The interface behind which it is.
    link: String,
    /// This machine's end of the way there.
    ours: Ipv4Addr,
    address: Ipv4Addr,
}

impl Names {
    fn new(slot: u8) -> Self {
        // From a range that is only for documentation.
        let address = |host: u8| Ipv4Addr::new(198, 51, 100, 4 * slot + host);
        let (host, link) = (format!("slipway-outside-{slot}"), format!("sl-outside-{slot}"));
        Self { host, link, ours: address(1), address: address(2) }
    }

    /// Removes whatever is there, be it of a test that was killed.
    fn remove(&self) {
        let Self { host, link, .. } = self;
        for line in [format!("netns pids {host}"), format!("link del {link}"), format!("netns del {host}")] {
            let Ok(output) = Command::new("ip").args(line.split(' ')).output() else { continue };
            for pid in String::from_utf8_lossy(&output.stdout).split_whitespace() {
                let _ = Command::new("kill").args(["-9", "--", pid]).output();
            }
        }
        let _ = Command::new("userdel").arg(host).output();
    }
}

impl Outside {
    /// Makes it.
    pub fn open() -> Result<Self> {
        let slot = slot();
        let names = Names::new(slot);
        names.remove();
        let folder = TempDir::new()?;
        let Names { host, link, ours, address } = &names;
        for line in [
            format!("netns add {host}"),
            format!("link add {link} type veth peer name eth0 netns {host}"),
            format!("address add {ours}/30 dev {link}"),
            format!("link set {link} up"),
            format!("-n {host} link set lo up"),
            format!("-n {host} address add {address}/30 dev eth0"),
            format!("-n {host} link set eth0 up"),
            format!("-n {host} route add default via {ours}"),
            // The world is where a default route leads; nothing else of this machine prefers this one.
            format!("route add default via {address} dev {link} metric {}", 4_000_000 + u32::from(slot)),
        ] {
            program::output(Command::new("ip").args(line.split(' ')))?;
        }
        let mut outside = Self { folder, servers: Vec::new(), names };
        let base = format!("--base-path={}", outside.path().display());
        outside.serve(9418, &["git", "daemon", "--reuseaddr", "--export-all", &base])?;
        Ok(outside)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.names.address
    }

    /// Starts a program there that is to serve on that port, in the folder that is served.
    pub fn serve(&mut self, port: u16, words: &[&str]) -> Result<()> {
        let address = self.address();
        let mut server = Command::new("ip");
        server.args(["netns", "exec", &self.names.host]).args(words).current_dir(self.path());
        self.servers.push(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        wait::until(words[0], START, || Ok(std::net::TcpStream::connect((address, port)).ok())).map(drop)
    }

    /// Serves what that repository has now, and answers its URL.
    pub fn publish(&self, name: &str, repository: &Repository) -> Result<String> {
        self.copy(name, repository)?;
        Ok(format!("git://{}/{name}", self.address()))
    }

    /// Serves it as an archive, over HTTP, and answers its URL.
    pub fn publish_archive(&mut self, name: &str, repository: &Repository) -> Result<String> {
        let archive = self.path().join(name);
        let mut git = Command::new("git");
        git.arg("-C").arg(repository.path()).args(["archive", "--format=tar.gz", "--prefix=pack-main/", "--output"]);
        program::output(git.arg(archive).arg("HEAD"))?;
        self.serve(80, &["python3", "-m", "http.server", "80"])?;
        Ok(format!("http://{}/{name}", self.address()))
    }

    /// Serves it over SSH to the holder of a key alone, and answers its URL.
    pub fn publish_behind(&mut self, key: &str, name: &str, repository: &Repository) -> Result<String> {
        self.copy(name, repository)?;
        let owner = self.names.host.clone();
        let (home, host) = (self.path().join("home"), self.path().join("host.key"));
        fs::create_dir_all(home.join(".ssh"))?;
        fs::write(home.join(".ssh/authorized_keys"), key)?;
        let account = ["--system", "--no-create-home", "--home-dir"];
        program::output(Command::new("useradd").args(account).arg(&home).arg(&owner))?;
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755))?;
        program::output(Command::new("chown").args(["-R", "--", &owner]).arg(&home).arg(self.path().join(name)))?;
        program::output(Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(&host))?;
        self.serve(22, &["dropbear", "-F", "-s", "-p", "22", "-P", "dropbear.pid", "-r", &host.display().to_string()])?;
        Ok(format!("ssh://{owner}@{}{}/{name}", self.address(), self.path().display()))
    }

    fn copy(&self, name: &str, repository: &Repository) -> Result<()> {
        let bare = self.path().join(name);
        program::output(Command::new("git").args(["clone", "--quiet", "--bare"]).arg(repository.path()).arg(bare))?;
        Ok(())
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
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        self.names.remove();
    }
}
