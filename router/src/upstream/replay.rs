//! Reads a request back that this router has written: the way to send it once more.

use http::{HeaderName, HeaderValue, Method, Request, Uri};

use super::Upload;

/// What a client may send, and what the router adds.
const MOST_HEADERS: usize = 128;

/// The request without a body whose bytes these are; none when they are not all there.
pub(super) fn read(bytes: &[u8]) -> Option<Request<Upload>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    if !parsed.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let mut request = Request::new(Upload::none());
    *request.method_mut() = parsed.method?.parse::<Method>().ok()?;
    *request.uri_mut() = parsed.path?.parse::<Uri>().ok()?;
    for header in parsed.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_was_written_is_read_back() {
        let request = read(b"DELETE /a?b HTTP/1.1\r\nhost: a\r\nx: 1\r\nx: \xff\r\n\r\n").unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("DELETE", "/a?b"));
        let headers: Vec<_> = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(headers, [("host", &b"a"[..]), ("x", b"1"), ("x", b"\xff")]);
    }

    #[test]
    fn half_a_request_is_none() {
        assert!(read(b"GET / HTTP/1.1\r\nhost: a\r\n").is_none());
        assert!(read(b"").is_none());
    }
}
