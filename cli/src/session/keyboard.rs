//! What comes from standard input: keys, a file, another program's output.

use std::{
    future::pending,
    io::{self, Read},
    thread,
};

use tokio::sync::mpsc;

/// Standard input, read in a thread of its own. Nothing can wake such a read, so that the thread is not waited for: it ends
/// with the program.
pub(super) struct Keyboard(mpsc::Receiver<Vec<u8>>);

impl Keyboard {
    /// Begins to read, `piece` bytes at a time at most and no more ahead than one of these.
    pub(super) fn listen(piece: usize) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            let mut buffer = vec![0; piece];
            loop {
                match input.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // An input that cannot be read is one that has ended.
                    Ok(0) | Err(_) => return,
                    Ok(count) if sender.blocking_send(buffer[..count].to_vec()).is_err() => return,
                    Ok(_) => {}
                }
            }
        });
        Self(receiver)
    }
}

/// The next piece; none at the end. Nobody is read before there is somebody to read to.
pub(super) async fn next(keyboard: &mut Option<Keyboard>) -> Option<Vec<u8>> {
    match keyboard {
        Some(Keyboard(pieces)) => pieces.recv().await,
        None => pending().await,
    }
}
