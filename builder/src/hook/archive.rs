//! The source as a tar: `git archive` of the commit, passed on as it is written.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bytes::BytesMut;
use futures_util::stream;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStdout, Command},
};

use super::{Mark, ORDER};
use crate::client::Source;

const CHUNK: usize = 64 * 1024;

struct Archive {
    child: Child,
    tar: ChildStdout,
    mark: Mark,
    reference: String,
}

/// The source of commit `sha`, which is 40 or 64 hexadecimal digits. It ends only when it is whole and this push may
/// begin its build: then `mark` says so.
pub(super) fn stream(sha: &str, mark: Mark, reference: String) -> Result<impl Source> {
    // The environment is git's for this hook: the quarantine, and none but our settings.
    let mut command = Command::new("git");
    command.args(["archive", "--format=tar", "--", sha]).env_remove(ORDER);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("cannot run git archive")?;
    let tar = child.stdout.take().context("git archive has no output")?;
    Ok(stream::try_unfold(Archive { child, tar, mark, reference }, next))
}

async fn next(mut archive: Archive) -> Result<Option<(bytes::Bytes, Archive)>> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    if archive.tar.read_buf(&mut chunk).await? > 0 {
        return Ok(Some((chunk.freeze(), archive)));
    }
    ensure!(archive.child.wait().await?.success(), "git archive failed");
    ensure!(archive.mark.make(&archive.reference)?, "the push was stopped");
    Ok(None)
}
