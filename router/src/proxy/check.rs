//! Which requests are refused although they could be parsed: what another server might read differently.
//!
//! What cannot be seen any more once a request is parsed is refused by [`crate::wire`].

use http::{HeaderMap, Method, Request, Version, header};

use super::host::HostName;
use crate::respond::Refusal;

/// Longest address of a request.
pub(crate) const MAX_URI: usize = 8 * 1024;

const TWO_HOSTS: Refusal = Refusal::BadRequest("The request has more than one Host header.");
const BAD_HOST: Refusal = Refusal::BadRequest("The Host header is not a host name.");
const NO_HOST: Refusal = Refusal::BadRequest("The request has no Host header.");
const OTHER_HOST: Refusal = Refusal::BadRequest("The address of the request and its Host header differ.");
const BAD_TARGET: Refusal = Refusal::BadRequest("The address of the request is not a path.");
const BAD_CODING: Refusal = Refusal::BadRequest("The request has a Transfer-Encoding other than chunked.");

/// The host that a request is for, unless the request is refused.
pub(super) fn check<B>(request: &Request<B>) -> Result<HostName, Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    if path.len() > MAX_URI {
        return Err(Refusal::UriTooLong);
    }
    let all = path == "*" && request.method() == Method::OPTIONS;
    if !all && !path.starts_with('/') {
        return Err(BAD_TARGET);
    }
    coding(request.headers())?;
    host(request)
}

fn coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(BAD_CODING),
    }
}

fn host<B>(request: &Request<B>) -> Result<HostName, Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let Some(host) = hosts.next() else {
        // Load balancers of old ask for /healthz in HTTP/1.0, which knows no Host.
        return Err(if request.version() == Version::HTTP_10 { Refusal::UnknownHost } else { NO_HOST });
    };
    if hosts.next().is_some() {
        return Err(TWO_HOSTS);
    }
    let text = host.to_str().map_err(|_not_ascii| BAD_HOST)?;
    if authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(text)) {
        return Err(OTHER_HOST);
    }
    HostName::parse(text).ok_or(BAD_HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str, hosts: &[&str]) -> Result<HostName, Refusal> {
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        check(&request.body(()).unwrap())
    }

    #[test]
    fn one_valid_host_is_needed() {
        assert_eq!(get("/", &["App.example:80"]).unwrap().as_str(), "app.example");
        assert_eq!(get("/", &[]), Err(NO_HOST));
        assert_eq!(get("/", &["a", "a"]), Err(TWO_HOSTS));
        assert_eq!(get("/", &["a,b"]), Err(BAD_HOST));
    }

    #[test]
    fn the_absolute_form_must_name_the_same_host() {
        assert_eq!(get("http://app.example/x", &["App.example"]).unwrap().as_str(), "app.example");
        assert_eq!(get("http://app.example/x", &["other.example"]), Err(OTHER_HOST));
        assert_eq!(get("http://app.example:80/x", &["app.example"]), Err(OTHER_HOST));
        assert_eq!(get("http://user@app.example/x", &["user@app.example"]), Err(BAD_HOST));
    }

    #[test]
    fn addresses_are_paths_of_bearable_length() {
        assert!(get(&format!("/{}", "a".repeat(8191)), &["a"]).is_ok());
        assert_eq!(get(&format!("/{}", "a".repeat(8192)), &["a"]), Err(Refusal::UriTooLong));
        assert_eq!(get("*", &["a"]), Err(BAD_TARGET));
        let options = Request::options("*").header("host", "a").body(()).unwrap();
        assert!(check(&options).is_ok());
    }

    #[test]
    fn only_chunked_is_a_coding() {
        for (codings, fine) in
            [(&["chunked"][..], true), (&["Chunked"], true), (&["gzip, chunked"], false), (&["chunked"; 2], false)]
        {
            let mut request = Request::post("/").header("host", "a");
            for coding in codings {
                request = request.header("transfer-encoding", *coding);
            }
            assert_eq!(check(&request.body(()).unwrap()).is_ok(), fine, "{codings:?}");
        }
    }
}
