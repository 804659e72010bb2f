//! The PROXY protocol: whom a load balancer that does not speak HTTP has accepted, in front of the first byte
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, versions 1 and 2).

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use ppp::{HeaderResult, PartialResult, v1, v2};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// Longest header.
const MOST: usize = 4096;
/// The same of version 1, with the end of its line.
const LONGEST_LINE: usize = 107;

/// Reads the header, and no byte more. None when the proxy speaks for itself, as its health checks do.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut header = Vec::new();
    let mut ahead = [0; MOST];
    while header.len() < MOST {
        let before = header.len();
        let seen = stream.peek(&mut ahead[..MOST - before]).await?;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        header.extend_from_slice(&ahead[..seen]);
        let parsed = HeaderResult::parse(&header);
        let goes_on = parsed.is_incomplete() || is_begun(&header);
        // Of a header that goes on all is its own.
        let (client, own) = if goes_on { (None, header.len()) } else { client(&parsed)? };
        stream.read_exact(&mut ahead[..own - before]).await?;
        if !goes_on {
            return Ok(client);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a header of the PROXY protocol without end"))
}

/// Whether the header of version 1 goes on, which ends with its line: ppp takes the half of a word for a wrong one.
fn is_begun(header: &[u8]) -> bool {
    const WORD: &[u8] = b"PROXY ";
    let in_line =
        header.starts_with(WORD) && header.len() < LONGEST_LINE && !header.windows(2).any(|end| end == b"\r\n");
    in_line || (header.len() < WORD.len() && WORD.starts_with(header))
}

/// The client, and how long the header is.
fn client(parsed: &HeaderResult<'_>) -> io::Result<(Option<SocketAddr>, usize)> {
    let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
    let at = |address: IpAddr, port| Some(SocketAddr::new(address, port));
    match parsed {
        HeaderResult::V1(Ok(header)) => {
            let client = match &header.addresses {
                v1::Addresses::Tcp4(from) => at(from.source_address.into(), from.source_port),
                v1::Addresses::Tcp6(from) => at(from.source_address.into(), from.source_port),
                v1::Addresses::Unknown => None,
            };
            Ok((client, header.header.len()))
        }
        HeaderResult::V2(Ok(header)) => {
            let client = match &header.addresses {
                _ if header.command == v2::Command::Local => None,
                v2::Addresses::IPv4(from) => at(from.source_address.into(), from.source_port),
                v2::Addresses::IPv6(from) => at(from.source_address.into(), from.source_port),
                v2::Addresses::Unspecified | v2::Addresses::Unix(_) => None,
            };
            Ok((client, header.len()))
        }
        HeaderResult::V1(Err(error)) => Err(invalid(error.to_string())),
        HeaderResult::V2(Err(error)) => Err(invalid(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;

    /// What is read of a connection that sends these pieces, and what is left on it.
    async fn read_of(pieces: &[&[u8]]) -> (io::Result<Option<SocketAddr>>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        sender.set_nodelay(true).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let sending = async {
            for piece in pieces {
                sender.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            sender.shutdown().await.unwrap();
        };
        let (client, ()) = tokio::join!(read(&mut stream), sending);
        let mut rest = Vec::new();
        if client.is_ok() {
            stream.read_to_end(&mut rest).await.unwrap();
        }
        (client, rest)
    }

    async fn said(bytes: &[u8]) -> (Option<String>, String) {
        let (client, rest) = read_of(&[bytes]).await;
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        let (in_pieces, rest_of_pieces) = read_of(&pieces).await;
        assert_eq!((in_pieces.as_ref().ok(), &rest_of_pieces), (client.as_ref().ok(), &rest));
        let text = match client {
            Ok(client) => client.map(|client| client.to_string()),
            Err(error) => Some(error.kind().to_string()),
        };
        (text, String::from_utf8_lossy(&rest).into_owned())
    }

    #[tokio::test]
    async fn version_1() {
        let of = async |line: &str| said(format!("{line}\r\nGET / ").as_bytes()).await;
        let get = "GET / ".to_owned();
        let client = Some("203.0.113.7:4711".to_owned());
        assert_eq!(of("PROXY TCP4 203.0.113.7 192.0.2.1 4711 443").await, (client, get.clone()));
        assert_eq!(of("PROXY TCP6 2001:db8::7 ::1 4711 443").await, (Some("[2001:db8::7]:4711".into()), get.clone()));
        assert_eq!(of("PROXY UNKNOWN").await, (None, get));
    }

    #[tokio::test]
    async fn version_2() {
        const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
        let v4 = [SIGNATURE, &[0x21, 0x11, 0, 15, 203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 1, 187, 4, 0, 0], b"GET"];
        assert_eq!(said(&v4.concat()).await, (Some("203.0.113.7:4711".into()), "GET".into()));
        let local = [SIGNATURE, &[0x20, 0, 0, 0], b"GET"];
        assert_eq!(said(&local.concat()).await, (None, "GET".into()));
    }

    #[tokio::test]
    async fn nothing_else_is_one() {
        for bytes in
            ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 a b c d\r\n", "\r\n\r\n\0\r\nQUIT\r????", "PROXY TCP4 203.0.113.7"]
        {
            let (client, _) = read_of(&[bytes.as_bytes()]).await;
            assert!(client.is_err(), "{bytes:?}: {client:?}");
        }
    }
}
