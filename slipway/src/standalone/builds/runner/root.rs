//! The files of a sandbox: an almost empty root, in which the machine's own programs are shown read-only.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::IpAddr,
    os::unix::fs::{OpenOptionsExt, chown, lchown, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use rustix::fs::OFlags;

use crate::standalone::files::{self, Owner};

/// Where the user ids of sandboxes begin on the machine: far from users, and from what `useradd` gives away.
pub const BASE: u32 = 0x7000_0000;
/// How many there are.
pub const COUNT: u32 = 0x1_0000;
/// Root of a sandbox, as the machine sees it.
const INNER_ROOT: Owner = Owner { uid: BASE, gid: BASE };
/// Around what sandboxes have: they pass through (0710), other users of the machine do not.
const PASSAGE: Owner = Owner { uid: 0, gid: BASE };

/// Folders of the root.
const FOLDERS: [&str; 20] = [
    "",
    "dev",
    "etc",
    "etc/ssl",
    "etc/containers",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr",
    "var",
    "var/lib",
    "var/lib/containers",
    "var/lib/containers/cache",
    "var/tmp",
    "work",
    "store",
    "stacks",
    "cache",
];
/// As on every Debian whose /usr is merged.
const LINKS: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Makes the root and the working folder under `scratch`; answers the working folder.
pub fn prepare(scratch: &Path, name_servers: &[IpAddr]) -> Result<PathBuf> {
    super::super::disk::remove(scratch)?;
    files::ensure_folder(scratch, PASSAGE, 0o710)?;
    let root = scratch.join("root");
    for folder in FOLDERS {
        files::ensure_folder(&root.join(folder), INNER_ROOT, 0o755)?;
    }
    for link in LINKS {
        symlink(format!("usr/{link}"), root.join(link))?;
        lchown(root.join(link), Some(BASE), Some(BASE))?;
    }
    let lines: Vec<_> = name_servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    files::write(&root.join("etc/resolv.conf"), lines.concat().as_bytes(), INNER_ROOT, 0o644)?;
    for file in ["slipway", "source.tar"] {
        files::write(&root.join(file), b"", INNER_ROOT, 0o644)?;
    }
    files::ensure_folder(&root.join("buildpacks"), INNER_ROOT, 0o755)?;
    let work = scratch.join("work");
    files::ensure_folder(&work, INNER_ROOT, 0o755)?;
    Ok(work)
}

/// An app's store and caches, and the folder around them.
pub fn ensure_caches(app: &Path) -> Result<()> {
    files::ensure_folder(app, PASSAGE, 0o710)?;
    ensure_store(&app.join("store"))?;
    ensure_store(&app.join("blobs"))?;
    ensure_store(&app.join("cache"))
}

/// A folder that belongs to the root of sandboxes.
pub fn ensure_store(path: &Path) -> Result<()> {
    files::ensure_folder(path, INNER_ROOT, 0o755).with_context(|| format!("cannot make {}", path.display()))
}

/// Copies a file for a sandbox to read. The original must be a file, not a way to another one.
pub fn hand_over(from: &Path, to: &Path) -> Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut source = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(from)
        .with_context(|| format!("cannot open {}", from.display()))?;
    ensure!(source.metadata()?.is_file(), "{} is no file", from.display());
    let mut copy = File::create_new(to).with_context(|| format!("cannot write {}", to.display()))?;
    io::copy(&mut source, &mut copy).context("cannot copy the source")?;
    chown(to, Some(BASE), Some(BASE))?;
    Ok(fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o400))?)
}
