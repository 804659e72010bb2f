//! Instances: a web server in this process that says what it was asked, and keeps count.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::AbortOnDropHandle;

/// A running instance; stops when dropped.
pub struct Origin {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    _running: AbortOnDropHandle<()>,
}

/// What an instance has been asked.
#[derive(Default)]
pub struct Seen {
    /// Heads of requests, as text, in order.
    heads: Mutex<Vec<String>>,
    /// Connections accepted.
    pub connections: std::sync::atomic::AtomicUsize,
}

impl Seen {
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub fn heads_mut(&self) -> MutexGuard<'_, Vec<String>> {
        self.heads.lock().unwrap()
    }

    pub fn count(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    fn note<B>(&self, request: &Request<B>) {
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        let head = format!("{} {}\n{}", request.method(), request.uri(), headers.collect::<String>());
        self.heads_mut().push(head);
    }
}

impl Origin {
    /// Answers each request with what it was: method, path, and body.
    pub async fn echo() -> Self {
        Self::serving(|seen, stream| async move {
            serve(stream, move |request| echo(seen.clone(), request)).await;
        })
        .await
    }

    /// The same, after 0 to 40 ms.
    pub async fn slow() -> Self {
        Self::serving(|seen, stream| async move {
            serve(stream, move |request| late(seen.clone(), request)).await;
        })
        .await
    }

    /// Does with each connection what `each` says.
    pub async fn serving<F>(each: impl Fn(Arc<Seen>, TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        let running = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                shared.connections.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                connections.spawn(each(shared.clone(), stream));
                while connections.try_join_next().is_some() {}
            }
        }));
        Self { address, seen, _running: running }
    }
}

/// Serves HTTP on one connection.
pub async fn serve<S, H, F>(stream: S, handle: H)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let service = service_fn(move |request| {
        let response = handle(request);
        async move { Ok::<_, std::convert::Infallible>(response.await) }
    });
    // Clients that go away are part of the tests.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An answer that says what was asked.
pub async fn echo(seen: Arc<Seen>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    seen.note(&request);
    let line = format!("{} {}\n", request.method(), request.uri());
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => format!("broken body: {error}").into(),
    };
    Response::new(Full::new([line.as_bytes(), &body].concat().into()))
}

async fn late(seen: Arc<Seen>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    super::pass(Duration::from_millis(rand::random_range(0..40))).await;
    echo(seen, request).await
}
