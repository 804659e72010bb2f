//! Requests that two servers might read differently: each is refused and the connection closed, or the app sees exactly
//! the one request that was meant.

use crate::support::{
    origin::Origin,
    raw::{Raw, ask, status},
    router::Router,
};

/// A good Host line.
const HOST: &str = "Host: app.example\r\n";
/// Follows each attack on the same connection; it must never be answered.
const AFTER: &str = "GET /after HTTP/1.1\r\nHost: app.example\r\n\r\n";

/// `^` stands for a good Host line.
const REFUSED: &[(&str, &str)] = &[
    ("bare LF after the request line", "GET / HTTP/1.1\n^\r\n"),
    ("bare LF after a header", "GET / HTTP/1.1\r\nHost: app.example\n\r\n"),
    ("bare LF at the end of the head", "GET / HTTP/1.1\r\n^\n"),
    ("bare LFs throughout", "GET / HTTP/1.1\nHost: app.example\n\n"),
    ("bare LF before the request", "\nGET / HTTP/1.1\r\n^\r\n"),
    ("bare CR in a value", "GET / HTTP/1.1\r\n^X: a\rb\r\n\r\n"),
    ("bare CR as a line end", "GET / HTTP/1.1\r^\r\n"),
    ("NUL in a value", "GET / HTTP/1.1\r\n^X: a\0b\r\n\r\n"),
    ("control character in a value", "GET / HTTP/1.1\r\n^X: a\x01b\r\n\r\n"),
    ("DEL in a value", "GET / HTTP/1.1\r\n^X: a\x7fb\r\n\r\n"),
    ("control character in the path", "GET /a\x01b HTTP/1.1\r\n^\r\n"),
    ("tab in the path", "GET /a\tb HTTP/1.1\r\n^\r\n"),
    ("space before the colon", "GET / HTTP/1.1\r\n^X : a\r\n\r\n"),
    ("space before the colon of a framing header", "POST / HTTP/1.1\r\n^Content-Length : 5\r\n\r\nhello"),
    ("tab before the colon", "POST / HTTP/1.1\r\n^Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
    ("continued line", "GET / HTTP/1.1\r\n^X: a\r\n b\r\n\r\n"),
    ("continued line by tab", "POST / HTTP/1.1\r\n^Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n"),
    ("continued first header", "GET / HTTP/1.1\r\n ^\r\n"),
    ("empty header name", "GET / HTTP/1.1\r\n^: a\r\n\r\n"),
    ("header without colon", "GET / HTTP/1.1\r\n^X\r\n\r\n"),
    ("brackets in a header name", "GET / HTTP/1.1\r\n^X[]: a\r\n\r\n"),
    ("length and coding", "POST / HTTP/1.1\r\n^Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("coding and length", "POST / HTTP/1.1\r\n^Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    ("two equal lengths", "POST / HTTP/1.1\r\n^Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    ("two lengths", "POST / HTTP/1.1\r\n^Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("list of lengths", "POST / HTTP/1.1\r\n^Content-Length: 5, 5\r\n\r\nhello"),
    ("signed length", "POST / HTTP/1.1\r\n^Content-Length: +5\r\n\r\nhello"),
    ("negative length", "POST / HTTP/1.1\r\n^Content-Length: -5\r\n\r\nhello"),
    ("underscore in a length", "POST / HTTP/1.1\r\n^Content-Length: 0_5\r\n\r\nhello"),
    ("hexadecimal length", "POST / HTTP/1.1\r\n^Content-Length: 0x5\r\n\r\nhello"),
    ("empty length", "POST / HTTP/1.1\r\n^Content-Length: \r\n\r\n"),
    ("huge length", "POST / HTTP/1.1\r\n^Content-Length: 99999999999999999999\r\n\r\n"),
    ("coding identity", "POST / HTTP/1.1\r\n^Transfer-Encoding: identity\r\n\r\n"),
    ("coding gzip, chunked", "POST / HTTP/1.1\r\n^Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("coding chunked, gzip", "POST / HTTP/1.1\r\n^Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ("coding xchunked", "POST / HTTP/1.1\r\n^Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("coding in quotes", "POST / HTTP/1.1\r\n^Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    ("coding with vertical tab", "POST / HTTP/1.1\r\n^Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("empty coding", "POST / HTTP/1.1\r\n^Transfer-Encoding: \r\n\r\n"),
    ("two codings", "POST / HTTP/1.1\r\n^Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("coding twice in one line", "POST / HTTP/1.1\r\n^Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("coding in HTTP/1.0", "POST / HTTP/1.0\r\n^Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("no Host", "GET / HTTP/1.1\r\n\r\n"),
    ("two Hosts", "GET / HTTP/1.1\r\n^Host: other.example\r\n\r\n"),
    ("two equal Hosts", "GET / HTTP/1.1\r\n^^\r\n"),
    ("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ("list of Hosts", "GET / HTTP/1.1\r\nHost: app.example, other.example\r\n\r\n"),
    ("Host with user", "GET / HTTP/1.1\r\nHost: other.example@app.example\r\n\r\n"),
    ("Host with path", "GET / HTTP/1.1\r\nHost: app.example/x\r\n\r\n"),
    ("Host with a bad port", "GET / HTTP/1.1\r\nHost: app.example:80a\r\n\r\n"),
    ("Host with space", "GET / HTTP/1.1\r\nHost: app.example other\r\n\r\n"),
    ("Host that is not ASCII", "GET / HTTP/1.1\r\nHost: äpp.example\r\n\r\n"),
    ("another host in the address", "GET http://other.example/ HTTP/1.1\r\n^\r\n"),
    ("user in the address", "GET http://x@app.example/ HTTP/1.1\r\n^\r\n"),
    ("address without slash", "GET x HTTP/1.1\r\n^\r\n"),
    ("star for something but OPTIONS", "GET * HTTP/1.1\r\n^\r\n"),
    ("no address", "GET HTTP/1.1\r\n^\r\n"),
    ("two spaces", "GET  / HTTP/1.1\r\n^\r\n"),
    ("space at the beginning", " GET / HTTP/1.1\r\n^\r\n"),
    ("HTTP/0.9", "GET /\r\n"),
    ("HTTP/2.0 in the line", "GET / HTTP/2.0\r\n^\r\n"),
    ("HTTP/1.2", "GET / HTTP/1.2\r\n^\r\n"),
    ("lower-case protocol", "GET / http/1.1\r\n^\r\n"),
    ("bad method", "G(T / HTTP/1.1\r\n^\r\n"),
    ("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
];

#[tokio::test]
async fn what_is_ambiguous_is_refused_and_nothing_after_it_is_heard() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    for (what, text) in REFUSED {
        let answer = ask(router.address, text.replace('^', HOST) + AFTER).await;
        assert_eq!(answer.split(' ').nth(1), Some("400"), "{what}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{what}: {answer}");
        assert_eq!(origin.seen.heads(), Vec::<String>::new(), "{what}");
    }
}

/// Bodies that break off in the middle of their framing: the app may see a request begin, but never a second one, and
/// the client never gets an answer to one.
const BROKEN_BODIES: &[(&str, &str)] = &[
    ("0x before a size", "0x5\r\nhello\r\n0\r\n\r\n"),
    ("sign before a size", "+5\r\nhello\r\n0\r\n\r\n"),
    ("underscore in a size", "1_0\r\nhello\r\n0\r\n\r\n"),
    ("space after a size", "5 \r\nhello\r\n0\r\n\r\n"),
    ("no size", "\r\nhello\r\n0\r\n\r\n"),
    ("size too large", "11111111111111111\r\nhello\r\n0\r\n\r\n"),
    ("LF after a size", "5\nhello\r\n0\r\n\r\n"),
    ("LF in an extension", "5;a\nhello\r\n0\r\n\r\n"),
    ("LF after the data", "5\r\nhello\n0\r\n\r\n"),
    ("more data than said", "5\r\nhello!\r\n0\r\n\r\n"),
    ("less data than said", "7\r\nhello\r\n0\r\n\r\n"),
    ("LF at the end", "5\r\nhello\r\n0\r\n\n"),
    ("LF after a trailer", "5\r\nhello\r\n0\r\nX: y\n\r\n"),
];

#[tokio::test]
async fn a_body_that_is_ambiguous_ends_the_connection() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    for (what, body) in BROKEN_BODIES {
        let head = "POST / HTTP/1.1\r\nHost: app.example\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answer = ask(router.address, format!("{head}{body}{AFTER}")).await;
        assert_eq!(answer.split(' ').nth(1), Some("400"), "{what}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{what}: {answer}");
        assert!(!origin.seen.heads().concat().contains("/after"), "{what}");
    }
}

#[tokio::test]
async fn a_good_request_before_a_bad_one_is_answered() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let answer = ask(router.address, format!("{AFTER}GET / HTTP/1.1\nHost: app.example\n\n{AFTER}")).await;
    let statuses: Vec<_> = answer.split("HTTP/1.1 ").skip(1).map(|text| &text[..3]).collect();
    assert_eq!((statuses, origin.seen.count()), (vec!["200", "400"], 1));
}

/// What is meant, and what the app is to see of it.
const CLEAR: &[(&str, &str, &str)] = &[
    ("absolute address", "GET http://app.example/x?y HTTP/1.1\r\n^\r\n", "GET /x?y\n"),
    ("absolute address without path", "GET http://app.example HTTP/1.1\r\n^\r\n", "GET /\n"),
    ("star", "OPTIONS * HTTP/1.1\r\n^\r\n", "OPTIONS *\n"),
    ("empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n^\r\n", "GET /\n"),
    ("odd method", "PURGE / HTTP/1.1\r\n^\r\n", "PURGE /\n"),
    ("dots and escapes stay", "GET /a/../b%2f%00 HTTP/1.1\r\n^\r\n", "GET /a/../b%2f%00\n"),
    ("length zero", "POST / HTTP/1.1\r\n^Content-Length: 0\r\n\r\n", "POST /\n"),
    ("spaces around a length", "POST / HTTP/1.1\r\n^Content-Length:  5  \r\n\r\nhello", "POST /\nhello"),
    (
        "a length in the body",
        "POST / HTTP/1.1\r\n^Content-Length: 19\r\n\r\nContent-Length: 5\r\n",
        "POST /\nContent-Length: 5\r\n",
    ),
    (
        "extensions and trailers",
        "POST / HTTP/1.1\r\n^Transfer-Encoding: CHUNKED\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "POST /\nhello",
    ),
];

#[tokio::test]
async fn what_is_clear_is_forwarded_as_it_was_meant() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    for (what, text, seen) in CLEAR {
        let mut client = Raw::connect(router.address).await;
        client.send(text.replace('^', HOST) + AFTER).await;
        assert_eq!(client.answer().await, (200, (*seen).to_owned()), "{what}");
        assert_eq!(client.answer().await, (200, "GET /after\n".to_owned()), "{what}");
    }
}

/// What hyper does by itself, and why this router does not leave it at that. When one of these fails, hyper has changed.
#[tokio::test]
async fn hyper_alone_would_let_these_pass() {
    let origin = Origin::echo().await;
    for text in [
        "GET / HTTP/1.1\nHost: app.example\nConnection: close\n\n",
        "POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    ] {
        assert_eq!(status(&ask(origin.address, text).await), 200, "{text:?}");
    }
}
