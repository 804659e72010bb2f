//! Files in the sandbox: folders of the user under which buildpacks run, trees that are measured and removed.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// The user under which buildpacks run, and its group, in every stack image.
pub const SLUG: u32 = 2000;

/// A new file with this mode; what stood there before is removed, whatever it was.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    remove(path)?;
    let folder = path.parent().context("no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(content)?)
}

/// Nothing is left there. Links are removed, not followed.
pub fn remove(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    result.with_context(|| format!("cannot remove {}", path.display()))
}

/// The whole tree belongs to the user of buildpacks.
pub fn give(path: &Path) -> Result<()> {
    let owner = format!("{SLUG}:{SLUG}");
    let status = Command::new("chown").args(["--recursive", "--no-dereference", "--", &owner]).arg(path).status();
    ensure!(status.context("cannot run chown")?.success(), "cannot give {} away", path.display());
    Ok(())
}

/// A tree, measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Differs when a file came, went or changed.
    pub mark: u64,
}

/// Measures a tree without following links.
pub fn measure(root: &Path) -> Measure {
    let mut sum = Measure::default();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
                continue;
            }
            sum.bytes += metadata.len();
            sum.files += 1;
            sum.mark = sum.mark.wrapping_add(mark(&entry.path(), &metadata));
        }
    }
    sum
}

/// Equal sums for equal trees, in whatever order they are read.
fn mark(path: &Path, metadata: &fs::Metadata) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (path, metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
    hasher.finish()
}
