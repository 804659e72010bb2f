//! The container engine, as it describes itself.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

use super::{Finding, fail, ok, warn};

const CHECK: &str = "engine";
/// An engine that says nothing for so long does nothing either.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most of an answer that is read.
const LONGEST: u64 = 1 << 20;
/// The storage driver that is made for this.
const DRIVER: &str = "overlay2";

/// What it says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Engine {
    server_version: String,
    live_restore_enabled: bool,
    driver: String,
    memory_limit: bool,
    pids_limit: bool,
    /// Where it keeps images and containers.
    #[serde(rename = "DockerRootDir")]
    pub root: PathBuf,
}

/// Asks it. HTTP/1.0, so that the end of the answer is the end of the connection.
pub async fn ask(socket: &Path) -> io::Result<Engine> {
    let asked = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(b"GET /info HTTP/1.0\r\nHost: docker\r\n\r\n").await?;
        let mut bytes = Vec::new();
        stream.take(LONGEST).read_to_end(&mut bytes).await?;
        let body = bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|end| &bytes[end + 4..]);
        serde_json::from_slice(body.unwrap_or_default()).map_err(|_| io::Error::other("no engine answers there"))
    };
    timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What that means for apps.
pub fn judge(engine: Result<&Engine, &io::Error>, socket: &Path) -> Vec<Finding> {
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => {
            let next = "Apps cannot be changed without it. Does it run? systemctl start docker, or name its socket with --docker-socket.";
            return vec![fail(CHECK, format!("cannot ask the engine at {}: {error}", socket.display()), next)];
        }
    };
    let mut findings = vec![ok(CHECK, format!("version {}", engine.server_version))];
    findings.push(if engine.live_restore_enabled {
        ok(CHECK, "apps outlive its restarts (live-restore)")
    } else {
        let next =
            "Set \"live-restore\": true in /etc/docker/daemon.json, then have it reload: systemctl reload docker";
        warn(CHECK, "every app stops when it is restarted or upgraded: it lacks live-restore", next)
    });
    findings.push(if engine.driver == DRIVER {
        ok(CHECK, format!("stores images by {DRIVER}"))
    } else {
        let next = format!("{DRIVER} is what is tested; others may be slow or take much more disk.");
        warn(CHECK, format!("stores images by {}", engine.driver), next)
    });
    for (has, what, controller) in [(engine.memory_limit, "memory", "memory"), (engine.pids_limit, "processes", "pids")]
    {
        if !has {
            let next = format!("One app can take all of it from the others. The kernel's cgroups lack `{controller}`.");
            findings.push(fail(CHECK, format!("cannot limit the {what} of a container"), next));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::{io, path::Path};

    use super::{Engine, judge};

    fn shown(engine: Result<&Engine, &io::Error>) -> String {
        judge(engine, Path::new("/run/docker.sock")).iter().map(ToString::to_string).collect()
    }

    fn engine(live_restore: bool, driver: &str, limits: bool) -> Engine {
        Engine {
            server_version: "24.0.5".to_owned(),
            live_restore_enabled: live_restore,
            driver: driver.to_owned(),
            memory_limit: limits,
            pids_limit: limits,
            root: "/var/lib/docker".into(),
        }
    }

    #[test]
    fn engines_of_every_kind() {
        insta::assert_snapshot!(shown(Ok(&engine(true, "overlay2", true))), @r"
        ok    engine      version 24.0.5
        ok    engine      apps outlive its restarts (live-restore)
        ok    engine      stores images by overlay2
        ");
        insta::assert_snapshot!(shown(Ok(&engine(false, "vfs", false))), @r#"
        ok    engine      version 24.0.5
        warn  engine      every app stops when it is restarted or upgraded: it lacks live-restore
                          Set "live-restore": true in /etc/docker/daemon.json, then have it reload: systemctl reload docker
        warn  engine      stores images by vfs
                          overlay2 is what is tested; others may be slow or take much more disk.
        fail  engine      cannot limit the memory of a container
                          One app can take all of it from the others. The kernel's cgroups lack `memory`.
        fail  engine      cannot limit the processes of a container
                          One app can take all of it from the others. The kernel's cgroups lack `pids`.
        "#);
        insta::assert_snapshot!(shown(Err(&io::ErrorKind::NotFound.into())), @r"
        fail  engine      cannot ask the engine at /run/docker.sock: entity not found
                          Apps cannot be changed without it. Does it run? systemctl start docker, or name its socket with --docker-socket.
        ");
    }
}
