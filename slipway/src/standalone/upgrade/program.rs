//! The new program: what it must be before anything is done with it, and where it lies.
//!
//! All of it happens beside the program that the supervisor was started from, `slipway`: the new one lies there as
//! `slipway.next` until it has proved good, the one before as `slipway.previous` from then on. The name `slipway`, which
//! a unit or an operator starts, leads to one of the two at every moment, and changes from one to the other at once.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use tokio::process::Command;

use crate::{standalone::process::same_file, version as numbers};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of two files that are compared at a time.
const CHUNK: usize = 64 * 1024;
/// Pause before a program is run again that somebody still had open for writing.
const BREATH: Duration = Duration::from_millis(50);

/// A new program, in place but for its name.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The name that is started.
    pub program: PathBuf,
    /// The version before.
    pub from: String,
    /// Its version.
    pub to: String,
}

impl Staged {
    /// Checks the new program, by default the previous one, and copies it; nothing when it is the one that runs.
    pub async fn make(program: &Path, binary: Option<PathBuf>) -> Result<Option<Self>> {
        check_installed(program)?;
        let binary = binary.unwrap_or_else(|| beside(program, "previous"));
        let (from, to) = (program.to_owned(), beside(program, "next"));
        let copied = tokio::task::spawn_blocking(move || stage(&binary, &from, &to)).await?;
        if !copied? {
            return Ok(None);
        }
        let mut staged = Self { program: program.to_owned(), from: numbers::own().to_owned(), to: String::new() };
        match version(&staged.next()).await {
            Ok(version) => staged.to = version,
            Err(error) => {
                staged.discard();
                return Err(error.context("the new program is no slipway"));
            }
        }
        Ok(Some(staged))
    }

    /// Where it lies until it has proved good.
    pub fn next(&self) -> PathBuf {
        beside(&self.program, "next")
    }

    /// Where the one before it lies from then on.
    pub fn previous(&self) -> PathBuf {
        beside(&self.program, "previous")
    }

    /// From here on, whoever starts the program starts the new one.
    pub fn commit(&self) -> Result<()> {
        let exchanged = renameat_with(CWD, self.next(), CWD, &self.program, RenameFlags::EXCHANGE);
        exchanged.with_context(|| format!("cannot exchange {} for the new one", self.program.display()))?;
        fs::rename(self.next(), self.previous())?;
        Ok(sync_folder(&self.program)?)
    }

    /// Forgets the new program.
    pub fn discard(&self) {
        clear(&self.program);
    }
}

/// Removes what an upgrade that was cut off has left beside the program.
pub fn clear(program: &Path) {
    let next = beside(program, "next");
    if let Err(error) = fs::remove_file(&next)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %next.display(), "cannot be removed");
    }
}

/// What a program says that it is.
pub async fn version(program: &Path) -> Result<String> {
    let output = loop {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).env_clear().kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.output()).await.context("it does not say its version")? {
            // Whoever is just being started has a copy of the descriptor for a moment through which it was written.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => tokio::time::sleep(BREATH).await,
            output => break output.context("it cannot be run")?,
        }
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let number = numbers::of(&printed).filter(|_| output.status.success());
    Ok(number.context("`--version` does not print `slipway <version>`")?.to_owned())
}

/// Only what root alone can change may be what is returned to.
fn check_installed(program: &Path) -> Result<()> {
    let name = program.display();
    ensure!(
        same_file(Path::new("/proc/self/exe"), program),
        "{name} is not what runs, because it was replaced: `slipway restart` moves everything to it first"
    );
    check(&fs::metadata(program)?, program)
}

fn check(metadata: &fs::Metadata, path: &Path) -> Result<()> {
    let name = path.display();
    ensure!(metadata.is_file(), "{name} is no regular file");
    ensure!(metadata.mode() & 0o111 != 0, "{name} cannot be executed: `chmod 755 {name}`, if it is a program");
    let (mode, owner) = (metadata.mode() & 0o777, metadata.uid());
    ensure!(
        owner == 0,
        "{name} is the user {owner}'s, and it would run as root: if you trust it, `chown root:root {name}`"
    );
    ensure!(
        mode & 0o022 == 0,
        "{name} can be changed by others than root (mode {mode:o}), and it would run as root: if you trust it, \
         `chmod go-w {name}`"
    );
    Ok(())
}

/// Copies the new program; false when it is the same as the present one.
fn stage(binary: &Path, program: &Path, next: &Path) -> Result<bool> {
    // One that is a pipe, say, must not keep us.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let source = OpenOptions::new().read(true).custom_flags(flags).open(binary);
    let mut source = source.with_context(|| format!("cannot open {}", binary.display()))?;
    // What is checked is what is copied, whatever becomes of the name meanwhile.
    let metadata = source.metadata()?;
    check(&metadata, binary)?;
    if metadata.len() == fs::metadata(program)?.len() && same_content(&source, &File::open(program)?)? {
        return Ok(false);
    }
    io::Seek::rewind(&mut source)?;
    let copied = copy(&mut source, next);
    copied.with_context(|| format!("cannot copy it to {}", next.display())).map(|()| true)
}

/// Whether two files of one length are the same.
fn same_content(mut one: &File, mut other: &File) -> io::Result<bool> {
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let count = one.read(&mut left)?;
        other.read_exact(&mut right[..count])?;
        if count == 0 || left[..count] != right[..count] {
            return Ok(count == 0);
        }
    }
}

fn copy(source: &mut File, next: &Path) -> io::Result<()> {
    match fs::remove_file(next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(next)?;
    io::copy(source, &mut file)?;
    fchown(&file, Some(0), Some(0))?;
    file.set_permissions(Permissions::from_mode(0o755))?;
    file.sync_all()?;
    sync_folder(next)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn beside(program: &Path, what: &str) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}
