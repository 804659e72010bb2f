//! One supervisor an installation.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{
    files::{self, Owner},
    paths::Paths,
};

/// How long one that was killed, or is on trial by one that was killed, may take to be gone.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two tries.
const PERIOD: Duration = Duration::from_millis(10);

/// Held for as long as the supervisor lives; the kernel gives it free.
pub struct Lock(#[expect(dead_code, reason = "closing the file is what gives the lock free")] File);

impl Lock {
    /// Takes the lock; the error names the process that has it.
    pub fn take(paths: &Paths) -> Result<Self> {
        files::ensure_folder(&paths.run, Owner::ROOT, 0o755).context("cannot make the folder of the sockets")?;
        let path = paths.supervisor_lock();
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = open.with_context(|| format!("cannot open {}", path.display()))?;
        let deadline = Instant::now() + PATIENCE;
        let taken = loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PERIOD),
                taken => break taken,
            }
        };
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)?;
                bail!(
                    "a supervisor of this installation is running already (pid {}); see `slipway status`, or stop it with \
                     `slipway stop`",
                    pid.trim()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock"),
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_supervisor_is_told_of_the_first() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths { config: dir.path().into(), data: dir.path().into(), run: dir.path().into() };
        let first = Lock::take(&paths).unwrap();
        let error = Lock::take(&paths).err().unwrap().to_string();
        assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
        drop(first);
        Lock::take(&paths).unwrap();
    }
}
