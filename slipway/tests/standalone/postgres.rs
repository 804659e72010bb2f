//! A PostgreSQL that is not the platform's: listening on loopback, with a password.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::machine::Machine;

/// Nobody's user and group: the server refuses to run as root.
const NOBODY: u32 = 65534;
/// What must be seen nowhere.
pub const PASSWORD: &str = "correct-horse";

/// A server, stopped when dropped; its files are the machine's.
pub struct Postgres {
    server: Child,
    port: u16,
}

impl Postgres {
    pub fn start(machine: &Machine) -> Self {
        let (data, password) = (machine.path("theirs"), machine.path("password"));
        fs::create_dir(&data).unwrap();
        fs::write(&password, PASSWORD).unwrap();
        chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        chown(&password, Some(NOBODY), Some(NOBODY)).unwrap();
        let made = program("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", "slipway", "-A", "scram-sha-256", "--no-sync"])
            .arg("--pwfile")
            .arg(&password)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::remove_file(&password).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
        let server = program("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .spawn()
            .unwrap();
        let postgres = Self { server, port };
        machine.wait_until("their database listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        postgres
    }

    pub fn url(&self) -> String {
        format!("postgres://slipway:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn program(name: &str) -> Command {
    let mut command = Command::new(newest().join(name));
    command.uid(NOBODY).gid(NOBODY).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Where Debian keeps the programs.
fn newest() -> PathBuf {
    let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).unwrap();
    versions.map(|version| version.unwrap().path().join("bin")).max().unwrap()
}
