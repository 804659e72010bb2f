//! The one way out of the sandbox that pushes: from a listener inside its network to the private registry, for the app's own
//! repository alone. The sandbox has no credential; this adds it.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    os::fd::AsFd,
    sync::Arc,
};

use anyhow::{Context, Result};
use builder::build::{Job, PushJob};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    header::{AUTHORIZATION, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::super::{registry, settings::Settings};

/// The port inside the sandbox.
pub const PORT: u16 = 5000;

/// The repository of the stack image, whose layers every app may take over.
pub const STACK: &str = "slipway-stack";

/// What the sandbox is told: to push an image to a repository through the gateway.
pub fn push_job(image: &str, repository: &str) -> Job {
    Job::Push(PushJob { image: image.to_owned(), target: format!("127.0.0.1:{PORT}/{repository}") })
}

type Body = BoxBody<Bytes, hyper::Error>;

/// An open gateway; it closes with this.
pub struct Gateway(JoinHandle<()>);

impl Drop for Gateway {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Policy {
    registry: SocketAddr,
    login: HeaderValue,
    repository: String,
}

/// Opens it in the network of the process `pid`.
pub async fn open(pid: u32, settings: &Settings, repository: &str) -> Result<Gateway> {
    let mut login = HeaderValue::try_from(registry::basic(&settings.credential))?;
    login.set_sensitive(true);
    let policy = Arc::new(Policy { registry: settings.registry, login, repository: repository.to_owned() });
    let listener = tokio::task::spawn_blocking(move || listen(pid)).await??;
    let listener = TcpListener::from_std(listener)?;
    Ok(Gateway(tokio::spawn(accept(listener, policy))))
}

/// Listens in the network of a process. A thread of its own goes there and ends: no other one is moved.
fn listen(pid: u32) -> Result<StdListener> {
    let thread = std::thread::spawn(move || {
        let network = File::open(format!("/proc/{pid}/ns/net"))?;
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, PORT))?;
        listener.set_nonblocking(true)?;
        Ok::<_, std::io::Error>(listener)
    });
    let listener = thread.join().ok().context("the thread of the gateway failed")?;
    listener.context("cannot listen inside the sandbox")
}

async fn accept(listener: TcpListener, policy: Arc<Policy>) {
    while let Ok((stream, _)) = listener.accept().await {
        let policy = Arc::clone(&policy);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&policy)));
            // The sandbox notices by itself when its connection breaks.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, policy: Arc<Policy>) -> Result<Response<Body>, hyper::Error> {
    if !allows(request.method(), request.uri(), &policy.repository) {
        return Ok(short(StatusCode::FORBIDDEN, "this build may only push to its own repository\n"));
    }
    match forward(request, &policy).await {
        Ok(response) => Ok(response.map(BodyExt::boxed)),
        Err(_) => Ok(short(StatusCode::BAD_GATEWAY, "the private registry does not answer\n")),
    }
}

async fn forward(mut request: Request<Incoming>, policy: &Policy) -> Result<Response<Incoming>> {
    let stream = TcpStream::connect(policy.registry).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(AUTHORIZATION, policy.login.clone());
    Ok(sender.send_request(request).await?)
}

fn short(status: StatusCode, text: &'static str) -> Response<Body> {
    let body = Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// May a build ask this? Only paths that every reader understands alike, and nothing that names another repository.
fn allows(method: &Method, uri: &Uri, repository: &str) -> bool {
    if ![Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH].contains(method)
        || uri.authority().is_some()
    {
        return false;
    }
    if uri.path() == "/v2/" {
        return [Method::GET, Method::HEAD].contains(method);
    }
    // What the stack has, a push asks before it takes it over.
    let own = inside(uri.path(), repository);
    let stack = inside(uri.path(), STACK).filter(|rest| *method == Method::HEAD && rest.starts_with("blobs/"));
    let Some(rest) = own.or(stack) else { return false };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let harmless = uri.query().unwrap_or_default().split('&').all(|part| match part.split_once('=') {
        Some(("from", from)) => from == STACK,
        Some((key, _)) => matches!(key, "mount" | "digest" | "_state"),
        None => part.is_empty(),
    });
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:=-".contains(&byte);
    let segment = |segment: &str| !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(plain);
    (rest.starts_with("blobs/") || rest.starts_with("manifests/")) && rest.split('/').all(segment) && harmless
}

/// What a path names inside a repository.
fn inside<'a>(path: &'a str, repository: &str) -> Option<&'a str> {
    path.strip_prefix("/v2/")?.strip_prefix(repository)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_reaches_its_own_repository_and_nothing_else() {
        let allowed = |method: Method, path: &str| allows(&method, &path.parse().unwrap(), "app-1");
        assert!(allowed(Method::GET, "/v2/"));
        assert!(allowed(Method::HEAD, "/v2/app-1/blobs/sha256:0a"));
        assert!(allowed(Method::POST, "/v2/app-1/blobs/uploads/"));
        assert!(allowed(Method::PATCH, "/v2/app-1/blobs/uploads/1-2?_state=abc%3D%3D"));
        assert!(allowed(Method::PUT, "/v2/app-1/manifests/latest"));
        assert!(allowed(Method::HEAD, "/v2/slipway-stack/blobs/sha256:0a"));
        assert!(!allowed(Method::GET, "/v2/slipway-stack/blobs/sha256:0a"));
        assert!(!allowed(Method::HEAD, "/v2/slipway-stack/manifests/latest"));
        assert!(allowed(Method::POST, "/v2/app-1/blobs/uploads/?from=slipway-stack&mount=sha256%3A0a"));
        for path in [
            "/",
            "/v2",
            "/v2/_catalog",
            "/v2/app-2/blobs/sha256:0a",
            "/v2/app-12/blobs/sha256:0a",
            "/v2/app-1/../app-2/blobs/sha256:0a",
            "/v2/app-1/%2e%2e/app-2/blobs/sha256:0a",
            "/v2/app-1//blobs/x",
            "/v2/app-1/tags/list",
            "/v2/app-1/blobs/uploads/?mount=sha256:0a&from=app-2",
            "/v2/app-1/blobs/uploads/?from=slipway-stack&mount=sha256:0a&from=app-2",
            "/v2/app-1/blobs/uploads/?mount=sha256:0a;from=app-2&from%3dapp-2",
            "/v2/app-1/blobs/uploads/?%6dount=sha256:0a&%66rom=app-2",
            "http://example.com/v2/app-1/blobs/x",
        ] {
            assert!(!allowed(Method::GET, path) && !allowed(Method::POST, path), "{path}");
        }
        assert!(!allowed(Method::DELETE, "/v2/app-1/manifests/latest"));
        assert!(!allowed(Method::POST, "/v2/"));
    }
}
