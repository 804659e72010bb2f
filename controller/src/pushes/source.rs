//! Sources of pushes on the disk, `<build uuid>.tar`, from their reception to the end of their build.
//!
//! A file that is being received is locked by the process that does it, so that one without a lock and without an open
//! push is known to be nobody's.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use axum::body::Body;
use futures_util::StreamExt;
use rustix::fs::{FlockOperation, flock};
use tokio::{fs::File, io::AsyncWriteExt};
use uuid::Uuid;

use crate::{error::Error, state::State};

/// Most bytes of a source.
pub const LIMIT: u64 = 1 << 30;

/// A file that goes when it is dropped, unless it is kept.
pub struct Source {
    path: PathBuf,
    /// Locked as long as it is open.
    file: Option<File>,
    kept: bool,
}

impl Drop for Source {
    fn drop(&mut self) {
        if !self.kept {
            remove_file(&self.path);
        }
    }
}

impl Source {
    /// Receives the source of `build`.
    pub async fn receive(folder: &Path, build: Uuid, body: Body, limit: u64) -> Result<Self, Error> {
        let path = path(folder, build);
        let mut source = Self { file: Some(create(&path).map_err(unwritten)?), path, kept: false };
        source.fill(body, limit).await?;
        Ok(source)
    }

    async fn fill(&mut self, body: Body, limit: u64) -> Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let (mut chunks, mut length) = (body.into_data_stream(), 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Error::BadRequest("The source did not arrive whole.".to_owned()))?;
            length += chunk.len() as u64;
            if length > limit {
                return Err(too_large(limit));
            }
            file.write_all(&chunk).await.map_err(unwritten)?;
        }
        file.flush().await.map_err(unwritten)
    }

    /// A push has it now.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

/// The refusal of a source that is larger than `limit`.
pub fn too_large(limit: u64) -> Error {
    Error::TooLarge(format!(
        "The source of this commit is larger than {} MiB. Leave out of the repository what the build can fetch.",
        limit >> 20
    ))
}

fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(File::from_std(file))
}

fn unwritten(error: io::Error) -> Error {
    let detail = if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
        "The platform's disk is full. Nothing was changed, and apps that run are not affected. Push again later."
    } else {
        "The platform cannot write the source down. Nothing was changed. Push again later."
    };
    Error::Unavailable { detail: detail.to_owned(), source: anyhow!(error).context("writing a source") }
}

/// Nobody needs the source of `build` any more.
pub fn remove(state: &State, build: Uuid) {
    if let Some(folder) = &state.settings.sources_dir {
        remove_file(&path(folder, build));
    }
}

fn remove_file(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "a source stays");
        }
        _ => {}
    }
}

fn path(folder: &Path, build: Uuid) -> PathBuf {
    folder.join(format!("{build}.tar"))
}

/// The builds whose sources lie in `folder` and are not being received.
pub fn idle(folder: &Path) -> io::Result<Vec<Uuid>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let build = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".tar")?.parse().ok());
        if let Some(build) = build.filter(|_| !is_locked(&path)) {
            found.push(build);
        }
    }
    Ok(found)
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = fs::File::open(path) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_kept_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let build = Uuid::now_v7();
        let source = Source::receive(folder.path(), build, Body::from("tar"), 3).await.unwrap();
        assert_eq!((files(), idle(folder.path()).unwrap()), (1, Vec::new()));
        drop(source);
        assert_eq!(files(), 0);
        Source::receive(folder.path(), build, Body::from("tar"), 3).await.unwrap().keep();
        assert_eq!(fs::read_to_string(path(folder.path(), build)).unwrap(), "tar");
        assert_eq!(idle(folder.path()).unwrap(), [build]);
    }

    #[tokio::test]
    async fn too_much_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = Source::receive(folder.path(), Uuid::now_v7(), Body::from("tarry"), 4).await.err().unwrap();
        assert_eq!(error.status(), 413);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        insta::assert_snapshot!(too_large(LIMIT), @"The source of this commit is larger than 1024 MiB. Leave out of the repository what the build can fetch.");
    }

    #[tokio::test]
    async fn a_full_disk_is_said() {
        // Every write to this device fails for want of space.
        let file = File::from_std(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let mut source = Source { path: "/nonexistent/x.tar".into(), file: Some(file), kept: false };
        let error = source.fill(Body::from("tar"), LIMIT).await.unwrap_err();
        insta::assert_snapshot!(error, @"The platform's disk is full. Nothing was changed, and apps that run are not affected. Push again later.");
    }
}
