//! The application that the end-to-end tests run: it does what a request or its first argument says.
//!
//! | argument | what it does |
//! |---|---|
//! | `serve` (or none) | answers on `PORT` (5000); on SIGTERM finishes what is under way and ends |
//! | `delicate` | the same, but answers 503 in its first second, and on SIGTERM ends at once |
//! | `silent` | runs and never listens; SIGTERM does not impress it |
//! | `leave <code>` | says goodbye and ends with that code |
//! | `size` | tells the size of its terminal, now and at each line that it reads, and `TERM`; at `end <code>` it ends |
//! | `probe <address>...` | tries to connect to each `<ip>:<port>` or `<ip>:<first>-<last>`, and prints those that are open |
//!
//! `GET /` tells `POWERED_BY`; `/wait?<milliseconds>` answers after that time with the length of the request's body;
//! `/env?<name>` tells a variable. Each POST is written to standard output. It closes idle
//! connections when it feels like it, though never before the first answer.

use std::{
    convert::Infallible,
    env,
    io::Write,
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, future, stream};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustix::termios::tcgetwinsize;
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::{Notify, watch},
    time::{sleep, timeout},
};

/// Connection attempts under way together: an instance may have about a thousand open files.
const AT_ONCE: usize = 500;

/// How long a delicate one answers that it is not ready.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long a connection attempt of `probe` may take: a packet filter that drops answers nothing at all.
const PROBE: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["serve"] => serve(Instant::now()).await?.farewell().await,
        // The connections end with the process.
        ["delicate"] => drop(serve(Instant::now() + WARM_UP).await?),
        ["silent"] => silent().await?,
        ["leave", code] => {
            say("goodbye");
            return Ok(ExitCode::from(code.parse::<u8>()?));
        }
        ["size"] => return size(),
        ["probe", addresses @ ..] => probe(addresses).await?,
        other => bail!("no such behaviour: {other:?}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Those who converse: told to stop, and waited for.
struct Conversations(watch::Sender<bool>);

impl Conversations {
    async fn farewell(self) {
        say("finishing");
        self.0.send_replace(true);
        self.0.closed().await;
    }
}

/// Serves until SIGTERM; says that it is not ready until `warm`.
async fn serve(warm: Instant) -> Result<Conversations> {
    let port: u16 = env::var("PORT").unwrap_or("5000".to_owned()).parse().context("PORT")?;
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    say(&format!("listening on {port}"));
    let mut terminate = signal(SignalKind::terminate())?;
    let (stop, stopping) = watch::channel(false);
    loop {
        tokio::select! {
            accepted = listener.accept() => drop(tokio::spawn(converse(accepted?.0, stopping.clone(), warm))),
            _ = terminate.recv() => return Ok(Conversations(stop)),
        }
    }
}

/// Serves one connection, until one of both has had enough: the client, or we of waiting for its next request.
async fn converse(stream: TcpStream, mut stopping: watch::Receiver<bool>, warm: Instant) {
    let answered = Notify::new();
    let service = service_fn(|request| answer(request, &answered, warm));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mood = Duration::from_millis(u64::from(rand::random::<u8>()) * 20);
    let enough = async {
        sleep(mood).await;
        answered.notified().await;
    };
    tokio::select! {
        // A client that goes away is nobody's failure.
        _ = connection.as_mut() => return,
        () = enough => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    answered: &Notify,
    warm: Instant,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if Instant::now() < warm {
        return Ok(status(503));
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let text = match request.uri().path() {
        "/" => format!("Powered by {}\n", env::var("POWERED_BY").unwrap_or("Slipway".to_owned())),
        "/env" => format!("{}\n", env::var(&query).unwrap_or_default()),
        "/wait" => wait(request, &query).await,
        _ => return Ok(status(404)),
    };
    answered.notify_one();
    Ok(Response::new(Full::from(text)))
}

async fn wait(request: Request<Incoming>, query: &str) -> String {
    if request.method() == Method::POST {
        let id = request.headers().get("x-id").and_then(|id| id.to_str().ok()).unwrap_or("-").to_owned();
        say(&format!("POST {id}"));
    }
    let length = request.into_body().collect().await.map_or(0, |body| body.to_bytes().len());
    sleep(Duration::from_millis(query.parse().unwrap_or(0))).await;
    format!("took {length} bytes\n")
}

fn status(code: u16) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response
}

async fn silent() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    say("not listening");
    while terminate.recv().await.is_some() {
        say("no");
    }
    Ok(())
}

/// Tells what terminal it has, whenever it is asked.
fn size() -> Result<ExitCode> {
    loop {
        let (size, kind) = (tcgetwinsize(std::io::stdin()).context("no terminal")?, env::var("TERM"));
        say(&format!("{} lines of {} on {}", size.ws_row, size.ws_col, kind.unwrap_or_default()));
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        if let Some(code) = line.trim().strip_prefix("end ") {
            return Ok(ExitCode::from(code.parse::<u8>()?));
        }
    }
}

async fn probe(words: &[&str]) -> Result<()> {
    let mut targets = Vec::new();
    for word in words {
        let (ip, ports) = word.split_once(':').with_context(|| (*word).to_owned())?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let ip: IpAddr = ip.parse()?;
        targets.extend((first.parse::<u16>()?..=last.parse()?).map(|port| SocketAddr::new(ip, port)));
    }
    let tried = targets.len();
    let mut open = stream::iter(targets).map(knock).buffer_unordered(AT_ONCE).filter_map(future::ready);
    while let Some(address) = open.next().await {
        say(&format!("{address} is open"));
    }
    say(&format!("tried {tried}"));
    Ok(())
}

async fn knock(address: SocketAddr) -> Option<SocketAddr> {
    matches!(timeout(PROBE, TcpStream::connect(address)).await, Ok(Ok(_))).then_some(address)
}

/// Prints a line. When nobody reads it, there is nobody to tell.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
