//! SIGTERM: what fits the grace is finished, websockets are told that the server goes away, and then the router is gone.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use tests::{instance, wait};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest, protocol::frame::coding::CloseCode};

use crate::{Stage, size, tell};

/// What the router grants to what is under way.
const GRACE: Duration = Duration::from_secs(30);
/// How much longer it may take to end.
const BEYOND: Duration = Duration::from_secs(1);
/// What a download or upload that fits the grace takes at most.
const LONGEST: Duration = Duration::from_secs(27);
const PIECES: u32 = 100;
const PIECE: usize = 1000;
const PATIENCE: Duration = Duration::from_mins(1);

/// Everybody who has something under way.
#[derive(Default)]
struct Crowd {
    under_way: AtomicUsize,
    finished: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

#[test]
fn what_fits_the_grace_of_a_router_that_stops_is_finished_and_websockets_are_told() -> Result<()> {
    let (downloads, websockets, uploads) = (size(40, 200), size(40, 200), size(10, 50));
    let all = downloads + websockets + uploads;
    let runtime = Runtime::new()?;
    let (files, echo) = runtime.block_on(async { anyhow::Ok((listen(file).await?, listen(echo).await?)) })?;
    let apps =
        [instance::routes(1, "files.localhost", &[files]), instance::routes(2, "echo.localhost", &[echo])].to_vec();
    let mut stage = Stage::set(apps)?;
    let crowd = Arc::new(Crowd::default());
    let (go, going) = watch::channel(None);
    let router = SocketAddr::from(([127, 0, 0, 1], stage.router.port));
    let mut clients = JoinSet::new();
    let join = |kind, n| take_part(kind, n, router, Arc::clone(&crowd), going.clone());
    for (kind, count) in [(Kind::Download, downloads), (Kind::Websocket, websockets), (Kind::Upload, uploads)] {
        for n in 0..count {
            clients.spawn_on(join(kind, n), runtime.handle());
        }
    }
    let open = || Ok((crowd.under_way.load(Relaxed) == all).then_some(()));
    wait::until("all are under way", PATIENCE, open).with_context(|| crowd.complaints())?;
    let start = Instant::now();
    stage.router.terminate()?;
    go.send_replace(Some(start));
    let status = stage.router.wait()?;
    let taken = start.elapsed();
    runtime.block_on(async { timeout(PATIENCE, clients.join_all()).await })?;
    let finished = crowd.finished.load(Relaxed);
    tell(&format!(
        "{downloads} downloads, {websockets} websockets, {uploads} uploads: {finished} as they should, ended after {taken:?}"
    ));
    ensure!(status.success(), "the router ended with {status}");
    ensure!(finished == all, "{}", crowd.complaints());
    ensure!(taken <= GRACE + BEYOND, "the router took {taken:?}");
    Ok(())
}

impl Crowd {
    fn complaints(&self) -> String {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{} failed: {}", failures.len(), failures.join("\n"))
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Download,
    Upload,
    Websocket,
}

/// One client, from the beginning to its end.
async fn take_part(
    kind: Kind,
    n: usize,
    router: SocketAddr,
    crowd: Arc<Crowd>,
    going: watch::Receiver<Option<Instant>>,
) {
    // Spread over the grace; slow in any case.
    let time = LONGEST.mul_f64(0.3 + 0.7 * f64::from(u32::try_from(n * 37 % 100).unwrap_or(0)) / 100.0);
    let outcome = match kind {
        Kind::Download => download(router, time, &crowd).await,
        Kind::Upload => upload(router, time, &crowd).await,
        Kind::Websocket => converse(router, &crowd, going).await,
    };
    match outcome {
        Ok(()) => {
            crowd.finished.fetch_add(1, Relaxed);
        }
        Err(error) => {
            let complaint = format!("{kind:?} {n} of {time:?}: {error:#}");
            crowd.failures.lock().unwrap_or_else(PoisonError::into_inner).push(complaint);
        }
    }
}

async fn download(router: SocketAddr, time: Duration, crowd: &Crowd) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(router).await?);
    let head = format!("GET /{} HTTP/1.1\r\nHost: files.localhost\r\n\r\n", time.as_millis());
    stream.write_all(head.as_bytes()).await?;
    let head = read_head(&mut stream).await?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "{head}");
    crowd.under_way.fetch_add(1, Relaxed);
    let mut body = vec![0; PIECES as usize * PIECE];
    stream.read_exact(&mut body).await?;
    ensure!(body.iter().all(|byte| *byte == b'd'), "other bytes came");
    Ok(())
}

async fn upload(router: SocketAddr, time: Duration, crowd: &Crowd) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(router).await?);
    let length = PIECES as usize * PIECE;
    let head = format!("POST / HTTP/1.1\r\nHost: files.localhost\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    crowd.under_way.fetch_add(1, Relaxed);
    for _ in 0..PIECES {
        wait::pass(time / PIECES).await;
        stream.write_all(&[b'u'; PIECE]).await?;
    }
    let head = read_head(&mut stream).await?;
    ensure!(head.starts_with("HTTP/1.1 200 ") && head.contains(&format!("x-got: {length}\r\n")), "{head}");
    Ok(())
}

/// Talks until the farewell, which must not come before the grace is over.
async fn converse(router: SocketAddr, crowd: &Crowd, mut going: watch::Receiver<Option<Instant>>) -> Result<()> {
    let stream = TcpStream::connect(router).await?;
    let request = "ws://echo.localhost/".into_client_request()?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let mut said = 0;
    let frame = loop {
        let text = format!("{said} ").repeat(1 + said * 31 % 500);
        // After the farewell nothing can be sent; what came before it is still to be read.
        let _sent = socket.send(Message::text(&text)).await;
        match socket.next().await.context("closed without a farewell")?? {
            Message::Text(echo) if echo.as_str() == text => {}
            Message::Close(frame) => break frame,
            other => bail!("{other:?} for {said}"),
        }
        if said == 0 {
            crowd.under_way.fetch_add(1, Relaxed);
        }
        said += 1;
        wait::pass(Duration::from_millis(200)).await;
    };
    let told = Instant::now();
    ensure!(frame.as_ref().is_some_and(|frame| frame.code == CloseCode::Away), "{frame:?} for a farewell");
    let start = (*going.wait_for(Option::is_some).await?).context("no start")?;
    ensure!(told >= start + GRACE, "cut after {:?}", told - start);
    match socket.next().await {
        None => Ok(()),
        other => bail!("{other:?} after the farewell"),
    }
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let read = stream.read_line(&mut head).await?;
        ensure!(read > 0, "the connection ended after {head:?}");
    }
    Ok(head)
}

/// Listens, and does with each connection what `each` says.
async fn listen<F: Future<Output = Result<()>> + Send + 'static>(
    each: impl Fn(TcpStream) -> F + Send + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Its client complains when something is missing.
            tokio::spawn(each(stream));
        }
    });
    Ok(address)
}

/// Sends a download as slowly as its path says, or takes an upload.
async fn file(stream: TcpStream) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let head = read_head(&mut stream).await?;
    let length = PIECES as usize * PIECE;
    if head.starts_with("POST ") {
        stream.read_exact(&mut vec![0; length]).await?;
        let answer = format!("HTTP/1.1 200 OK\r\nX-Got: {length}\r\nContent-Length: 0\r\n\r\n");
        return Ok(stream.write_all(answer.as_bytes()).await?);
    }
    let millis = head.strip_prefix("GET /").and_then(|rest| rest.split(' ').next()).context("no path")?.parse()?;
    stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).await?;
    for _ in 0..PIECES {
        wait::pass(Duration::from_millis(millis) / PIECES).await;
        stream.write_all(&[b'd'; PIECE]).await?;
    }
    Ok(())
}

async fn echo(stream: TcpStream) -> Result<()> {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if !message.is_close() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
