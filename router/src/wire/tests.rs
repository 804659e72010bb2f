//! What the guard lets pass and what not, byte for byte, however the bytes arrive.

use proptest::prelude::*;

use super::*;

/// Reads `bytes` in pieces of `step`; answers the heads seen, or the offence with its place in the whole.
fn read(bytes: &[u8], step: usize) -> Result<(usize, Phase), Offence> {
    let mut wire = Wire::default();
    let mut heads = 0;
    for (n, piece) in bytes.chunks(step).enumerate() {
        heads += wire.feed(piece).map_err(|offence| Offence { at: n * step + offence.at, ..offence })?;
    }
    Ok((heads, wire.phase()))
}

const GOOD: &[(&str, usize, Phase)] = &[
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, Phase::Between),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, Phase::Between),
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 2, Phase::Between),
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\nG", 1, Phase::Head),
    ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 1, Phase::Between),
    ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", 1, Phase::Body),
    ("POST / HTTP/1.1\r\nContent-Length:  005 \r\n\r\n\n\n\n\n\nGET", 1, Phase::Head),
    ("POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n", 1, Phase::Between),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: v\r\n\r\n", 1, Phase::Between),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n000A\r\n0123456789\r\n0\r\n\r\nGET /", 1, Phase::Head),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 1, Phase::Body),
    ("GET / HTTP/1.1\r\nX-Content-Length: a\r\nTe: trailers\r\nC:\r\n\r\n", 1, Phase::Between),
];

#[test]
fn what_is_clear_passes_in_any_pieces() {
    for (text, heads, phase) in GOOD {
        for step in 1..=text.len() {
            assert_eq!(read(text.as_bytes(), step), Ok((*heads, *phase)), "{text:?} by {step}");
        }
    }
}

/// A `^` stands before the byte that is refused.
const BAD: &[&str] = &[
    // A line that ends with a bare LF.
    "GET / HTTP/1.1^\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a^\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n^\n",
    "^\nGET / HTTP/1.1\r\n\r\n",
    // The line of another protocol.
    "GET /\r^\n",
    "PRI * HTTP/2.0\r^\n\r\nSM\r\n\r\n",
    "GET / HTTP/1.2\r^\n\r\n",
    // Two lengths, or two kinds of length.
    "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r^\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r^\n\r\n",
    // Lengths that are none.
    "POST / HTTP/1.1\r\nContent-Length:\r^\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: +5\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: -5\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: 5_0\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: 5, 5\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: 0x5\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: 5 5\r^\n\r\nhello",
    "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r^\n\r\n",
    // Codings other than chunked alone.
    "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding:\r^\n\r\n",
    // A continued line.
    "GET / HTTP/1.1\r\nX: a\r\n b\r^\n\r\n",
    "GET / HTTP/1.1\r\n\tX: a\r^\n\r\n",
    // Sizes of chunks that are none, and lines around them that are not whole.
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n^\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0^x5\r\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n^+5\r\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n^ 5\r\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5^ \r\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1^_0\r\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5^\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r^hello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a^\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a^\u{0}\r\nhello\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello^\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r^0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello^X\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000000^1\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n^\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v^\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v\r^T: w\r\n\r\n",
    // After a good request.
    "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\n\nGET / HTTP/1.1^\n",
];

#[test]
fn what_is_not_is_refused_at_the_byte_in_any_pieces() {
    for text in BAD {
        let (before, _) = text.split_once('^').unwrap();
        let bytes = text.replacen('^', "", 1);
        for step in 1..=bytes.len() {
            let offence = read(bytes.as_bytes(), step).expect_err(text);
            assert_eq!(offence.at, before.len(), "{text:?} by {step}");
        }
    }
}

proptest! {
    /// However the bytes are cut, the verdict is the same.
    #[test]
    fn pieces_do_not_matter(text in "(GET|POST) / HTTP/1\\.1\r?\n(Content-Length: [0-9]{1,2}\r?\n|Transfer-Encoding: chunked\r\n|A: b\r\n){0,3}\r\n[0-9a-f\r\n;]{0,20}",
                            step in 1usize..20) {
        let bytes = text.as_bytes();
        prop_assert_eq!(read(bytes, step), read(bytes, bytes.len()));
    }
}
