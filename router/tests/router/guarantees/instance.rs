//! Instances that behave as they are told, request by request, and that close connections when it suits them.
//!
//! Each answer names the instance's app and the request's id, in its headers and all over its body.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::support::{origin::Origin, pass, raw::header};

/// What instances did, together.
#[derive(Default)]
pub struct Ledger {
    /// How often each request was executed.
    executed: Mutex<HashMap<usize, usize>>,
    /// Connections that were closed although the next request had just arrived.
    pub slammed: AtomicUsize,
}

impl Ledger {
    pub fn executed(&self, id: usize) -> usize {
        self.executed.lock().unwrap().get(&id).copied().unwrap_or(0)
    }
}

/// How an instance treats the connections that routers keep to it.
#[derive(Clone, Copy)]
pub struct Habits {
    /// It closes those that were unused for up to this long.
    pub idle: Duration,
    /// Of so many it closes one in the very moment at which the next request has arrived, unread.
    pub slams: u32,
}

/// What a request wants of the instance (header `x-mood`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// A length, and a body.
    Plain,
    /// A body in chunks.
    Chunked,
    /// An answer after some milliseconds.
    Late,
    /// A 500.
    Error,
    /// An answer that breaks off.
    Cut,
    /// The end of the connection in place of an answer.
    HangUp,
    /// A second answer, to nobody.
    Surplus,
}

impl Mood {
    pub const ALL: [Self; 7] =
        [Self::Plain, Self::Chunked, Self::Late, Self::Error, Self::Cut, Self::HangUp, Self::Surplus];

    pub fn name(self) -> String {
        format!("{self:?}")
    }

    fn of(head: &str) -> Self {
        let name = header(head, "x-mood").unwrap_or_default();
        Self::ALL.into_iter().find(|mood| mood.name() == name).unwrap_or(Self::Plain)
    }

    /// Whether there is an answer to each such request.
    pub fn is_answered(self) -> bool {
        !matches!(self, Self::Cut | Self::HangUp)
    }
}

/// The body of the answer of `app` to the request `id`.
pub fn body(app: usize, id: usize) -> String {
    let repeated = if id.is_multiple_of(97) { 5000 } else { id % 89 };
    format!("<{app}:{id}>").repeat(repeated)
}

/// Starts an instance of `app`.
pub async fn start(app: usize, habits: Habits, ledger: Arc<Ledger>) -> Origin {
    Origin::serving(move |_, stream| converse(app, habits, ledger.clone(), BufReader::new(stream))).await
}

async fn converse(app: usize, habits: Habits, ledger: Arc<Ledger>, mut stream: BufReader<TcpStream>) {
    while let Some(head) = request(&mut stream).await {
        let id = header(&head, "x-id").and_then(|id| id.parse().ok()).unwrap_or(0);
        *ledger.executed.lock().unwrap().entry(id).or_default() += 1;
        let mood = Mood::of(&head);
        if mood == Mood::Late {
            pass(Duration::from_millis(rand::random_range(0..10))).await;
        }
        if stream.write_all(&answer(app, id, mood)).await.is_err() || !mood.is_answered() {
            return;
        }
        // Peeked at, not read: what is closed on is still there, and the other side gets a reset.
        let patience = habits.idle.mul_f64(rand::random());
        if tokio::time::timeout(patience, stream.get_ref().peek(&mut [0])).await.is_err() {
            return;
        }
        if rand::random_ratio(1, habits.slams) {
            ledger.slammed.fetch_add(1, Relaxed);
            return;
        }
    }
}

/// The head of a request whose body, if any, has come as well.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some(head)
}

fn answer(app: usize, id: usize, mood: Mood) -> Vec<u8> {
    let body = body(app, id);
    let status = if mood == Mood::Error { "500 Internal Server Error" } else { "200 OK" };
    let head = format!("HTTP/1.1 {status}\r\nX-App: {app}\r\nX-Id: {id}\r\n");
    let length = body.len();
    let plain = format!("{head}Content-Length: {length}\r\n\r\n{body}");
    match mood {
        Mood::HangUp => Vec::new(),
        Mood::Cut => format!("{head}Content-Length: {}\r\n\r\n{body}", length + 1).into(),
        Mood::Surplus => format!("{plain}HTTP/1.1 200 OK\r\nX-App: {app}\r\nContent-Length: 7\r\n\r\nsurplus").into(),
        Mood::Chunked => {
            let chunk = |piece: &[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
            let chunks: Vec<u8> = body.as_bytes().chunks(1000).flat_map(chunk).collect();
            [head.as_bytes(), b"Transfer-Encoding: chunked\r\n\r\n", &chunks, b"0\r\n\r\n"].concat()
        }
        Mood::Plain | Mood::Late | Mood::Error => plain.into(),
    }
}
