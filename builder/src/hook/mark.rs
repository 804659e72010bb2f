//! A file by which session and hook agree, whatever happens to either: who makes it first decides whether the build begins.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The mark of one push.
#[derive(Clone, Debug)]
pub(crate) struct Mark(PathBuf);

impl Mark {
    /// Content of the mark of a push that the session has stopped.
    pub const STOPPED: &str = "stopped";
    const DONE: &str = "done ";

    /// The mark at `path`.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes it; false when it is there already.
    pub fn make(&self, content: &str) -> io::Result<bool> {
        match OpenOptions::new().write(true).create_new(true).open(&self.0) {
            Ok(mut file) => file.write_all(content.as_bytes()).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says that the release runs and the branch may move.
    pub fn finish(&self, reference: &str) -> io::Result<()> {
        write!(File::create(&self.0)?, "{}{reference}", Self::DONE)
    }

    /// Removes it; answers the branch that moved.
    pub fn take(&self) -> Option<String> {
        // There is none when the push came to nothing before that.
        let content = fs::read_to_string(&self.0).ok()?;
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, mark = %self.0.display(), "cannot remove the mark of a push");
        }
        content.strip_prefix(Self::DONE).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_decides() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::at(&dir.path().join("mark"));
        assert!(mark.make("refs/heads/main").unwrap());
        assert!(!mark.make(Mark::STOPPED).unwrap());
        assert_eq!(mark.take(), None);
        assert!(mark.make(Mark::STOPPED).unwrap());
        assert_eq!(mark.take(), None);
        assert!(mark.make("refs/heads/main").unwrap());
        mark.finish("refs/heads/main").unwrap();
        assert_eq!(mark.take().as_deref(), Some("refs/heads/main"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
