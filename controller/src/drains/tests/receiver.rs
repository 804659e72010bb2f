//! Receivers of logs, as there are outside: of syslog over TCP and TLS, and of batches over https.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use http::{HeaderMap, StatusCode, Uri};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{Instant, interval, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::worker::tests::PATIENCE;

/// A receiver of syslog.
pub struct Receiver {
    pub port: u16,
    pub messages: watch::Sender<Vec<String>>,
    /// It reads no more than so many.
    pub limit: watch::Sender<usize>,
    pub connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Receiver {
    pub fn start() -> Self {
        Self::with(None)
    }

    pub fn tls(authority: &Authority, host: &str) -> Self {
        Self::with(Some(authority.acceptor(host)))
    }

    fn with(tls: Option<TlsAcceptor>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What it has taken and not read is lost with it, and nobody can know.
        socket.set_recv_buffer_size(256 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(16).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (messages, limit) = (watch::Sender::default(), watch::Sender::new(usize::MAX));
        let connections = Arc::<Mutex<Vec<JoinHandle<()>>>>::default();
        let (heard, waits, all) = (messages.clone(), limit.subscribe(), connections.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serving = tokio::spawn(serve(stream, tls.clone(), heard.clone(), waits.clone()));
                all.lock().unwrap().push(serving);
            }
        });
        Self { port, messages, limit, connections, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// Ends all connections, whatever is under way there.
    pub async fn cut(&self) {
        let connections = std::mem::take(&mut *self.connections.lock().unwrap());
        for connection in connections {
            connection.abort();
            let _ended = connection.await;
        }
    }

    /// Waits until what has come is enough, and answers it.
    pub async fn until(&self, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE * 3;
        // Looking at all of them at each would take long where there are many.
        let mut ticks = interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            let all = self.messages.borrow();
            if enough(&all) {
                return all.clone();
            }
            assert!(Instant::now() < deadline, "never: {} messages, the last {:?}", all.len(), all.last());
        }
    }

    /// The texts of messages that apps wrote.
    pub async fn texts(&self, count: usize) -> Vec<String> {
        let of_apps =
            |messages: &[String]| messages.iter().filter_map(|message| text_of_app(message)).collect::<Vec<_>>();
        of_apps(&self.until(|messages| of_apps(messages).len() >= count).await)
    }
}

/// What an app wrote; none for what the platform says of it.
pub fn text_of_app(message: &str) -> Option<String> {
    let parsed = syslog_loose::parse_message(message, syslog_loose::Variant::RFC5424);
    (parsed.appname == Some("app")).then(|| parsed.msg.to_owned())
}

async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    heard: watch::Sender<Vec<String>>,
    waits: watch::Receiver<usize>,
) {
    let _ended = match tls {
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => read(stream, heard, waits).await,
            Err(error) => Err(error),
        },
        None => read(stream, heard, waits).await,
    };
}

/// Frames of RFC 6587.
async fn read(
    stream: impl AsyncRead + Unpin,
    heard: watch::Sender<Vec<String>>,
    mut waits: watch::Receiver<usize>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        waits.wait_for(|limit| heard.borrow().len() < *limit).await.map_err(io::Error::other)?;
        let mut length = Vec::new();
        if stream.read_until(b' ', &mut length).await? == 0 {
            return Ok(());
        }
        let length = String::from_utf8_lossy(&length).trim_end().parse().map_err(io::Error::other)?;
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await?;
        let message = String::from_utf8(message).map_err(io::Error::other)?;
        heard.send_modify(|messages| messages.push(message));
    }
}

/// Who signs certificates of receivers.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    pub fn acceptor(&self, host: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        Arc::new(config).into()
    }
}

/// A receiver of batches, which answers what it is told to, and 200 then.
pub struct Collector {
    pub port: u16,
    pub posts: watch::Sender<Vec<Posted>>,
    pub answers: Arc<Mutex<VecDeque<u16>>>,
    _serving: AbortOnDropHandle<()>,
}

/// What was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    pub headers: HeaderMap,
    pub query: String,
    pub body: String,
}

#[derive(Clone)]
struct Shared {
    posts: watch::Sender<Vec<Posted>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Collector {
    pub async fn start(authority: &Authority) -> Self {
        let acceptor = authority.acceptor("localhost");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared { posts: watch::Sender::default(), answers: Arc::default() };
        let router = Router::new().route("/v1/logs", post(take)).with_state(shared.clone());
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = hyper_util::service::TowerToHyperService::new(router);
                    let stream = hyper_util::rt::TokioIo::new(stream);
                    drop(hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await);
                });
            }
        });
        Self { port, posts: shared.posts, answers: shared.answers, _serving: AbortOnDropHandle::new(serving) }
    }

    pub async fn until(&self, count: usize) -> Vec<Posted> {
        let mut posts = self.posts.subscribe();
        let enough = posts.wait_for(|posts| posts.len() >= count);
        timeout(PATIENCE * 2, enough).await.expect("posts in time").unwrap().clone()
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, uri: Uri, body: Bytes) -> StatusCode {
    let query = uri.query().unwrap_or_default().to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.posts.send_modify(|posts| posts.push(Posted { headers, query, body }));
    let answer = shared.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(answer).unwrap()
}
