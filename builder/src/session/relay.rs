//! Between a client and the git that serves it: three streams, as fast as the slower end, until git has ended or has to.

use std::{io, process::ExitStatus};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::Client;
use crate::git::Program;

const CHUNK: usize = 32 * 1024;

/// How a git ended.
pub(super) struct Ended<R> {
    /// Its exit status.
    pub status: ExitStatus,
    /// Why it was made to end.
    pub stopped: Option<R>,
    /// Bytes that the client sent.
    pub received: u64,
}

/// Serves `client` with `program`. `check` sees all that the client sends, before the program does; when it says why, the
/// program is killed without having read that. When `stop` comes, it is killed, too, unless that says `None`: then
/// nothing that happens to the client matters any more.
pub(super) async fn run<R>(
    mut program: Program,
    client: &mut Client<'_>,
    check: impl FnMut(&[u8]) -> Result<(), R>,
    stop: impl Future<Output = Option<R>>,
) -> io::Result<Ended<R>> {
    let child = program.child();
    let streams = child.stdin.take().zip(child.stdout.take()).zip(child.stderr.take());
    let ((stdin, stdout), stderr) = streams.ok_or(io::ErrorKind::BrokenPipe)?;
    let (mut received, mut stopped) = (0, None);
    {
        let input = async {
            match forward(&mut client.stdin, stdin, &mut received, check).await {
                Ok(()) => std::future::pending().await,
                Err(reason) => reason,
            }
        };
        let output = async {
            let out = back(stdout, &mut client.stdout, &client.gone);
            tokio::join!(out, back(stderr, &mut client.stderr, &client.gone))
        };
        tokio::pin!(output);
        tokio::select! {
            _ = &mut output => {}
            reason = input => {
                program.kill();
                stopped = Some(reason);
                output.await;
            }
            reason = stop => {
                if reason.is_some() {
                    program.kill();
                }
                stopped = reason;
                output.await;
            }
        }
    }
    Ok(Ended { status: program.wait().await?, stopped, received })
}

/// From the client to git. What git does not want to read is thrown away, so that the client hears why.
async fn forward<R>(
    from: &mut (impl AsyncRead + Unpin),
    mut to: impl AsyncWrite + Unpin,
    received: &mut u64,
    mut check: impl FnMut(&[u8]) -> Result<(), R>,
) -> Result<(), R> {
    let mut buffer = vec![0; CHUNK];
    let mut listening = true;
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        *received += read as u64;
        check(&buffer[..read])?;
        listening = listening && to.write_all(&buffer[..read]).await.is_ok();
    }
    Ok(())
}

/// From git to the client. When the client is gone, git must not notice: it would die of it.
async fn back(mut from: impl AsyncRead + Unpin, to: &mut (impl AsyncWrite + Unpin), gone: &CancellationToken) {
    let mut buffer = vec![0; CHUNK];
    let mut listening = true;
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if listening {
            let written = gone.run_until_cancelled(to.write_all(&buffer[..read])).await;
            listening = matches!(written, Some(Ok(())));
        }
    }
}
