//! Folders and files with the owner and mode they must have.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, fchown},
    path::Path,
};

use super::account::Account;

/// Who owns a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// Root alone.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };

    /// Root, with `account`'s group, to which the mode may open the file.
    pub fn root_for(account: &Account) -> Self {
        Self { uid: 0, gid: account.gid }
    }
}

impl From<&Account> for Owner {
    fn from(account: &Account) -> Self {
        Self { uid: account.uid, gid: account.gid }
    }
}

/// The folder exists, with this owner and mode, whatever it was before.
pub fn ensure_folder(path: &Path, owner: Owner, mode: u32) -> io::Result<()> {
    // Closed first and opened after it has its owner: nobody can get in between.
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    chown(path, Some(owner.uid), Some(owner.gid))?;
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Writes the whole file or nothing, on disk before it has its name.
pub fn write(path: &Path, content: &[u8], owner: Owner, mode: u32) -> io::Result<()> {
    let draft = path.with_extension("new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    fchown(&file, Some(owner.uid), Some(owner.gid))?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// The file's text; `None` when there is none.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn owner_of(path: &Path) -> Owner {
        let metadata = std::fs::metadata(path).unwrap();
        Owner { uid: metadata.uid(), gid: metadata.gid() }
    }

    #[test]
    fn a_file_is_never_half_written_nor_open_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(path.with_extension("new"), "left by a crash").unwrap();
        let owner = owner_of(dir.path());
        write(&path, b"secret", owner, 0o600).unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("secret"));
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(read(&dir.path().join("missing")).unwrap(), None);
    }

    #[test]
    fn a_folder_gets_its_mode_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let owner = owner_of(dir.path());
        ensure_folder(&path, owner, 0o700).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        ensure_folder(&path, owner, 0o750).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o750);
    }
}
