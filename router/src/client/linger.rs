//! Closes a connection whose client is still sending.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long the client may take to see the answer and stop.
const LINGER: Duration = Duration::from_secs(2);
/// How much it may send meanwhile.
const MOST: u64 = 1024 * 1024;

/// Says that nothing more will be sent, then reads and forgets what the client still sends. Closing at once would make
/// the kernel answer it with a reset, and a reset throws away what the client has not read yet: the answer that tells
/// it what is wrong.
pub(super) async fn linger(mut socket: impl AsyncRead + AsyncWrite + Unpin) {
    let read = async {
        socket.shutdown().await?;
        tokio::io::copy(&mut socket.take(MOST), &mut tokio::io::sink()).await
    };
    // Whatever ends it, the connection is closed next.
    let _ended = tokio::time::timeout(LINGER, read).await;
}
