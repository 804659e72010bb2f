//! The mark of life of a part: a locked file that its process holds open and the next supervisor finds.
//!
//! The supervisor locks the file and lets the process inherit it. The lock belongs to the open file, so that it lasts
//! exactly as long as the process (and children of it that keep the file open) lives: there is no moment between the
//! start of a process and the writing of its pid in which a killed supervisor could lose sight of it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::process::Pid;

use super::Process;

/// The most processes of one part that make room for successors at once.
const MOST_LEAVING: usize = 8;

/// Where a part's mark lies. Whoever has the file open and locked is the part.
#[derive(Clone, Debug)]
pub struct Mark {
    path: PathBuf,
}

impl Mark {
    /// The mark at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The locked file for a process to inherit; `None` while a process lives that has it.
    pub fn claim(&self) -> io::Result<Option<File>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        locked(options.open(&self.path)?)
    }

    /// The process that has the mark. Of a process and its children, all of which may have it, the eldest.
    pub fn holder(&self) -> io::Result<Option<Pid>> {
        if self.is_free()? {
            return Ok(None);
        }
        let holders = holders(&self.path)?;
        Ok(holders.iter().find(|(_, parent)| !holders.iter().any(|(pid, _)| pid == parent)).map(|(pid, _)| *pid))
    }

    /// The same as a process to hold on to; one that ends meanwhile is none.
    pub fn process(&self) -> io::Result<Option<Process>> {
        let Some(pid) = self.holder()? else { return Ok(None) };
        // Between two looks at it the pid cannot have become another's.
        Ok(Process::open(pid).ok().filter(|_| self.holder().is_ok_and(|now| now == Some(pid))))
    }

    /// Makes room for a successor: the present holder keeps its mark as the answered one of [`Mark::leaving`].
    pub fn retire(&self) -> io::Result<Self> {
        for place in self.leaving() {
            if place.is_free()? {
                std::fs::rename(&self.path, &place.path)?;
                return Ok(place);
            }
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, format!("{MOST_LEAVING} of its processes are still ending")))
    }

    /// Takes [`Mark::retire`] back.
    pub fn restore(&self, retired: &Self) -> io::Result<()> {
        std::fs::rename(&retired.path, &self.path)
    }

    /// The marks of those that make room for the present holder, while there are any.
    pub fn leaving(&self) -> Vec<Self> {
        let extensions =
            std::iter::once("leaving".to_owned()).chain((2..=MOST_LEAVING).map(|n| format!("leaving-{n}")));
        extensions.map(|extension| Self { path: self.path.with_extension(extension) }).collect()
    }

    fn is_free(&self) -> io::Result<bool> {
        match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            file => Ok(locked(file?)?.is_some()),
        }
    }
}

fn locked(file: File) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Every process that has `path` open, with its parent.
fn holders(path: &Path) -> io::Result<Vec<(Pid, Pid)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        if pid != rustix::process::getpid() && has_open(pid, path) {
            found.extend(parent(pid).map(|parent| (pid, parent)));
        }
    }
    Ok(found)
}

/// A process that ends while we look has nothing open.
fn has_open(pid: Pid, path: &Path) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == path))
}

fn parent(pid: Pid) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn whoever_inherits_the_mark_is_found_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::new(dir.path().canonicalize().unwrap().join("part.alive"));
        assert_eq!(mark.holder().unwrap(), None);

        let file = mark.claim().unwrap().unwrap();
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::from(file)).spawn().unwrap();
        assert_eq!(mark.holder().unwrap(), Some(Pid::from_child(&child)));
        assert!(mark.claim().unwrap().is_none());

        let first = mark.retire().unwrap();
        let file = mark.claim().unwrap().expect("a successor may start beside it");
        assert_eq!(first.holder().unwrap(), Some(Pid::from_child(&child)));
        let second = mark.retire().unwrap();
        assert_eq!(first.holder().unwrap(), Some(Pid::from_child(&child)), "one that takes its time is not lost");
        drop(file);
        mark.restore(&second).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
