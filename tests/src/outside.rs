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

use crate::{git::Repository, program, wait};

/// Its address, from a range that is only for documentation.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
/// This machine's end of the way there.
const OURS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const NAME: &str = "slipway-outside";
const LINK: &str = "sl-outside";

/// How long the server may take to answer.
const START: Duration = Duration::from_secs(20);

/// Who owns what lies behind SSH.
const OWNER: &str = "slipway-outside";

/// The host and its servers; gone when dropped.
pub struct Outside {
    folder: TempDir,
    servers: Vec<Child>,
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
        let mut outside = Self { folder, servers: Vec::new() };
        let base = format!("--base-path={}", outside.path().display());
        outside.serve(9418, &["git", "daemon", "--reuseaddr", "--export-all", &base])?;
        Ok(outside)
    }

    /// Starts a program there that is to serve on that port, in the folder that is served.
    pub fn serve(&mut self, port: u16, words: &[&str]) -> Result<()> {
        let mut server = Command::new("ip");
        server.args(["netns", "exec", NAME]).args(words).current_dir(self.path());
        self.servers.push(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        wait::until(words[0], START, || Ok(std::net::TcpStream::connect((ADDRESS, port)).ok())).map(drop)
    }

    /// Serves what that repository has now, and answers its URL.
    pub fn publish(&self, name: &str, repository: &Repository) -> Result<String> {
        self.copy(name, repository)?;
        Ok(format!("git://{ADDRESS}/{name}"))
    }

    /// Serves it as an archive, over HTTP, and answers its URL.
    pub fn publish_archive(&mut self, name: &str, repository: &Repository) -> Result<String> {
        let archive = self.path().join(name);
        let mut git = Command::new("git");
        git.arg("-C").arg(repository.path()).args(["archive", "--format=tar.gz", "--prefix=pack-main/", "--output"]);
        program::output(git.arg(archive).arg("HEAD"))?;
        self.serve(80, &["python3", "-m", "http.server", "80"])?;
        Ok(format!("http://{ADDRESS}/{name}"))
    }

    /// Serves it over SSH to the holder of a key alone, and answers its URL.
    pub fn publish_behind(&mut self, key: &str, name: &str, repository: &Repository) -> Result<String> {
        self.copy(name, repository)?;
        let (home, host) = (self.path().join("home"), self.path().join("host.key"));
        fs::create_dir_all(home.join(".ssh"))?;
        fs::write(home.join(".ssh/authorized_keys"), key)?;
        let account = ["--system", "--no-create-home", "--home-dir"];
        program::output(Command::new("useradd").args(account).arg(&home).arg(OWNER))?;
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755))?;
        program::output(Command::new("chown").args(["-R", "--", OWNER]).arg(&home).arg(self.path().join(name)))?;
        program::output(Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(&host))?;
        self.serve(22, &["dropbear", "-F", "-s", "-p", "22", "-P", "dropbear.pid", "-r", &host.display().to_string()])?;
        Ok(format!("ssh://{OWNER}@{ADDRESS}{}/{name}", self.path().display()))
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
    let _ = Command::new("userdel").arg(OWNER).output();
}
