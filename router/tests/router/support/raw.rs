//! A client that sends bytes and shows what comes back.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::within;

/// One connection.
pub struct Raw {
    pub stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    /// Sends text; a router that has closed already is no failure of the sender.
    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        let _maybe_closed = self.stream.write_all(text.as_ref()).await;
    }

    /// Everything up to the end of the connection.
    pub async fn rest(&mut self) -> String {
        within("the connection to end", async {
            let mut buffer = [0; 4096];
            // A reset ends it, too.
            while let Ok(n @ 1..) = self.stream.read(&mut buffer).await {
                self.read.extend_from_slice(&buffer[..n]);
            }
        })
        .await;
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// Everything up to and with `end`.
    pub async fn until(&mut self, end: &str) -> String {
        within(&format!("{end:?}"), async {
            loop {
                if let Some(at) = self.read.windows(end.len()).position(|window| window == end.as_bytes()) {
                    let after = self.read.split_off(at + end.len());
                    let text = std::mem::replace(&mut self.read, after);
                    return String::from_utf8_lossy(&text).into_owned();
                }
                let mut buffer = [0; 4096];
                match self.stream.read(&mut buffer).await {
                    Ok(n @ 1..) => self.read.extend_from_slice(&buffer[..n]),
                    ended => panic!("{ended:?} before {end:?}, after {:?}", String::from_utf8_lossy(&self.read)),
                }
            }
        })
        .await
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// The next answer, which has a `content-length`: status, and body.
    pub async fn answer(&mut self) -> (u16, String) {
        let head = self.head().await;
        (status(&head), self.body(&head).await)
    }

    /// The body of the answer with this head.
    pub async fn body(&mut self, head: &str) -> String {
        let length = header(head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while self.read.len() < length {
            let mut buffer = [0; 4096];
            let n = within("more of a body", self.stream.read(&mut buffer)).await.unwrap();
            assert!(n > 0, "the body ended early");
            self.read.extend_from_slice(&buffer[..n]);
        }
        let after = self.read.split_off(length);
        String::from_utf8_lossy(&std::mem::replace(&mut self.read, after)).into_owned()
    }
}

/// Sends a request on a connection of its own; everything that comes back.
pub async fn ask(address: SocketAddr, text: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::connect(address).await;
    raw.send(text).await;
    raw.rest().await
}

/// `GET path` at `host` on a connection of its own: status and body.
pub async fn get(address: SocketAddr, host: &str, path: &str) -> (u16, String) {
    let answer = ask(address, format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {answer:?}"));
    (status(head), body.to_owned())
}

/// The status code of an answer's head.
pub fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status in {head:?}"))
}

/// A header of a head.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim())
}
