//! Bytes both ways between a client and an instance, until both are done.

use std::{
    io::{self, ErrorKind::TimedOut},
    pin::pin,
};

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink, split};

/// Bytes that are on their way to an instance at once.
const BUFFER: usize = 8 << 10;

/// Copies both ways; `early` is what the client has said already. An end that is done does not end what the other has still to say.
///
/// An app that has said its last words closes, and a client in the midst of a sentence finds a closed door. It is heard on, by
/// nobody, for as long as those words take to reach it. So this is not tokio's `copy_bidirectional`, for which an end
/// that does not listen is the end of both ways.
///
/// # Errors
///
/// The connection that broke, of the client in either direction, or of the instance while it was speaking.
pub(super) async fn exchange<C, I>(client: C, early: &[u8], instance: I) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
    I: AsyncRead + AsyncWrite,
{
    let (client_says, client_hears) = split(client);
    let (instance_says, instance_hears) = split(instance);
    let up = pin!(listen(early.chain(client_says), instance_hears));
    let down = pin!(speak(instance_says, client_hears));
    match select(up, down).await {
        Either::Left((heard, down)) => match heard? {
            Heard::All => down.await,
            Heard::NoMore(mut client_says) => match select(pin!(copy(&mut client_says, &mut sink())), down).await {
                Either::Left((silent, down)) => {
                    silent?;
                    down.await
                }
                Either::Right((spoken, _)) => spoken,
            },
        },
        Either::Right((spoken, up)) => {
            spoken?;
            up.await.map(drop)
        }
    }
}

/// What an instance has heard of its client.
enum Heard<C> {
    All,
    /// It does not listen any more, and this is the client that speaks.
    NoMore(C),
}

async fn listen<C, I>(mut client: C, mut instance: I) -> io::Result<Heard<C>>
where
    C: AsyncRead + Unpin,
    I: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        let len = client.read(&mut buffer).await?;
        let told = if len == 0 { instance.shutdown().await } else { instance.write_all(&buffer[..len]).await };
        match told {
            Err(error) if error.kind() == TimedOut => return Err(error),
            Err(_) => return Ok(Heard::NoMore(client)),
            Ok(()) if len == 0 => return Ok(Heard::All),
            Ok(()) => {}
        }
    }
}

async fn speak(mut instance: impl AsyncRead + Unpin, mut client: impl AsyncWrite + Unpin) -> io::Result<()> {
    copy(&mut instance, &mut client).await?;
    client.shutdown().await
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// Longer than what the client takes before it reads, so that they are on their way when the instance hangs up.
    const LAST_WORDS: [u8; 1000] = [b'w'; 1000];

    #[tokio::test]
    async fn last_words_arrive_at_a_client_that_is_speaking() {
        let (mut client, near) = duplex(16);
        let (far, mut instance) = duplex(LAST_WORDS.len());
        let exchanged = tokio::spawn(exchange(near, b"", far));
        instance.write_all(&LAST_WORDS).await.unwrap();
        drop(instance);
        client.write_all(&[b'c'; 200]).await.unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, LAST_WORDS);
        exchanged.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_is_done_hears_the_instance_to_its_end() {
        let (mut client, near) = duplex(16);
        let (far, mut instance) = duplex(16);
        let exchanged = tokio::spawn(exchange(near, b"", far));
        client.write_all(b"bye").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = String::new();
        instance.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "bye");
        instance.write_all(b"and a good day to you, client").await.unwrap();
        drop(instance);
        client.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "byeand a good day to you, client");
        exchanged.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_instance_that_has_nothing_more_to_say_listens_on() {
        let (mut client, near) = duplex(16);
        let (far, mut instance) = duplex(16);
        let exchanged = tokio::spawn(exchange(near, b"", far));
        instance.shutdown().await.unwrap();
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        client.write_all(b"all that is left").await.unwrap();
        drop(client);
        let mut heard = String::new();
        instance.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "all that is left");
        exchanged.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn nothing_outlives_a_client_that_is_gone() {
        let (client, near) = duplex(16);
        let (far, mut instance) = duplex(16);
        let exchanged = tokio::spawn(exchange(near, b"", far));
        drop(client);
        instance.write_all(b"anybody there?").await.unwrap();
        let end = exchanged.await.unwrap().unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::BrokenPipe);
    }
}
