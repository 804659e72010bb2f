//! Holds the guard against hyper: what it lets pass, hyper must cut into the same requests.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::{Phase, Wire};

/// The request lines that the guard sees, and whether it takes everything.
fn guard(bytes: &[u8]) -> (Vec<String>, bool) {
    let (mut wire, mut lines, mut start) = (Wire::default(), Vec::new(), 0);
    for (at, byte) in bytes.iter().enumerate() {
        let before = wire.phase();
        let Ok(heads) = wire.feed(&[*byte]) else { return (lines, false) };
        if before == Phase::Between {
            start = at;
        }
        if heads > 0 {
            let head = String::from_utf8_lossy(&bytes[start..=at]);
            lines.extend(head.lines().find(|line| !line.is_empty()).map(str::to_owned));
        }
    }
    (lines, true)
}

/// The request lines that hyper sees in the same bytes.
fn hyper(bytes: &[u8]) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = lines.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let line = format!("{} {} {:?}", request.method(), request.uri(), request.version());
        seen.lock().unwrap().push(line);
        async {
            // To its end, so that hyper goes on to the next request.
            let _maybe_broken = request.into_body().collect().await;
            Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut http = http1::Builder::new();
        let _maybe_refused = http.header_read_timeout(None).serve_connection(TokioIo::new(server), service).await;
    });
    Arc::into_inner(lines).unwrap().into_inner().unwrap()
}

/// Pieces from which requests are made, good ones and others.
fn piece() -> impl Strategy<Value = String> {
    let line_end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r")];
    let header = prop_oneof![
        4 => "Content-Length: [0-9]{1,2}",
        1 => "content-length:[ \t]*[0-9+,_x]{0,3} ?",
        4 => Just("Transfer-Encoding: chunked".to_owned()),
        1 => "transfer-encoding: ?(chunked|Chunked|identity|gzip, chunked|chunked, x|)",
        1 => Just("Connection: close".to_owned()),
        1 => "[XTC ][a-z-]{0,9} ?:.?[a-z]{0,3}",
    ];
    let start = "(GET|POST) /[0-9]{3} HTTP/1\\.[01]";
    let chunk = prop_oneof![
        3 => "[a-f0-9]{1,2}\r\n[a-z]{0,16}\r\n",
        3 => Just("5\r\nhello\r\n".to_owned()),
        3 => Just("0\r\n\r\n".to_owned()),
        1 => "0?[x+ ]?[0-9]{1,2}[ ;]?[a-z]?\r?\nhello\r?\n",
        1 => Just("0\r\nX: y\r\n\r\n".to_owned()),
    ];
    prop_oneof![
        3 => (start, line_end.clone()).prop_map(|(line, end)| line + end),
        3 => (header, line_end.clone()).prop_map(|(line, end)| line + end),
        4 => line_end.prop_map(str::to_owned),
        3 => chunk,
        1 => "[a-z0]{1,9}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Hyper may refuse more (names, values, addresses), but never sees a request where the guard sees none.
    #[test]
    fn hyper_sees_no_request_that_the_guard_does_not(pieces in prop::collection::vec(piece(), 1..24)) {
        let bytes = pieces.concat().into_bytes();
        let (guarded, clean) = guard(&bytes);
        if clean {
            let seen = hyper(&bytes);
            prop_assert!(guarded.starts_with(&seen), "the guard saw {:?}, hyper {:?}", guarded, seen);
        }
    }

    /// For requests that are put together rightly, both see the same.
    #[test]
    fn both_see_all_good_requests(bodies in prop::collection::vec(("[a-z\r\n]{0,40}", any::<bool>()), 1..6)) {
        let request = |(n, (body, chunked)): (usize, &(String, bool))| match chunked {
            true if !body.is_empty() => format!(
                "POST /{n} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            ),
            _ => format!("POST /{n} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        };
        let bytes = bodies.iter().enumerate().map(request).collect::<String>().into_bytes();
        let (guarded, clean) = guard(&bytes);
        prop_assert!(clean);
        prop_assert_eq!(guarded.len(), bodies.len());
        prop_assert_eq!(hyper(&bytes), guarded);
    }
}
