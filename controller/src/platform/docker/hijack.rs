//! Connections to the engine that turn into a command's standard streams.
//!
//! bollard tells from the first byte of a piece whether it comes from a terminal, and waits without end for the rest of a frame
//! when a program on one writes a zero byte. Whoever is attached to something knows that better.

use anyhow::anyhow;
use bollard::errors::Error as EngineError;
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{client::conn::http1, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::{
    io::{ReadHalf, WriteHalf, split},
    net::UnixStream,
    time::timeout,
};
use tokio_util::{codec::LengthDelimitedCodec, io::ReaderStream};

use super::{
    connect::{CALL, Engine},
    errors,
};
use crate::platform::{Error, RunOutput};

/// Bytes of a refusal that are read.
const REFUSAL: usize = 64 << 10;
/// Bytes of a frame's head: which stream, three zeros, how many bytes follow.
const HEAD: usize = 8;
/// Bytes of one frame; the engine copies 32 KiB at a time.
const LONGEST_FRAME: usize = 1 << 20;
/// Bytes of a piece from a terminal.
const PIECE: usize = 32 << 10;

/// Keys that detach a terminal from its command, of which there must be none: the first is hardly ever typed, and the rest never
/// behind it. The engine's own, Ctrl-P and Ctrl-Q, are everyday keys of shells and editors.
pub(super) const DETACH_KEYS: &str = "ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^";

type Io = TokioIo<Upgraded>;

/// Both directions of a connection.
pub(super) struct Streams {
    output: ReadHalf<Io>,
    pub(super) input: WriteHalf<Io>,
}

impl Streams {
    /// What comes out, where there is a terminal or where there is none; and what takes the input.
    pub(super) fn part(self, terminal: bool) -> (BoxStream<'static, Result<RunOutput, Error>>, WriteHalf<Io>) {
        let output = if terminal { bare(self.output).boxed() } else { framed(self.output).boxed() };
        (output, self.input)
    }
}

/// Asks the engine for a connection to what `path` names.
pub(super) async fn open(engine: &Engine, path: &str, body: Vec<u8>) -> Result<Streams, Error> {
    let asked = timeout(CALL, ask(engine, path, body)).await;
    asked.unwrap_or_else(|_| Err(unavailable(anyhow!("the Docker engine did not answer within {} s", CALL.as_secs()))))
}

async fn ask(engine: &Engine, path: &str, body: Vec<u8>) -> Result<Streams, Error> {
    let socket = UnixStream::connect(engine.socket()).await.map_err(unavailable)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(unavailable)?;
    // It ends with the upgraded connection; how is seen there.
    tokio::spawn(async move { connection.with_upgrades().await.ok() });
    let request = Request::post(path)
        .header(header::HOST, "docker")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "tcp")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(unavailable)?;
    let response = sender.send_request(request).await.map_err(unavailable)?;
    let status = response.status();
    if status == StatusCode::SWITCHING_PROTOCOLS {
        let (output, input) = split(TokioIo::new(hyper::upgrade::on(response).await.map_err(unavailable)?));
        return Ok(Streams { output, input });
    }
    let text =
        Limited::new(response.into_body(), REFUSAL).collect().await.map_err(|error| unavailable(anyhow!(error)))?;
    let refusal: Refusal = serde_json::from_slice(&text.to_bytes()).unwrap_or_default();
    Err(errors::from_engine(EngineError::DockerResponseServerError {
        status_code: status.as_u16(),
        message: refusal.message,
    }))
}

/// What the engine says when it does not do what it is asked.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

fn bare(output: ReadHalf<Io>) -> impl Stream<Item = Result<RunOutput, Error>> {
    ReaderStream::with_capacity(output, PIECE).map_ok(RunOutput::Stdout).map_err(unavailable)
}

fn framed(output: ReadHalf<Io>) -> impl Stream<Item = Result<RunOutput, Error>> {
    let frames = LengthDelimitedCodec::builder()
        .length_field_offset(4)
        .length_field_length(4)
        // The head stays in front: it tells the stream.
        .length_adjustment(HEAD.cast_signed())
        .num_skip(0)
        .max_frame_length(LONGEST_FRAME)
        .new_read(output);
    frames.map_err(unavailable).try_filter_map(async |frame| Ok(step(frame.freeze())))
}

fn step(mut frame: Bytes) -> Option<RunOutput> {
    let stream = *frame.first()?;
    frame.advance(HEAD.min(frame.len()));
    match stream {
        1 => Some(RunOutput::Stdout(frame)),
        // The engine's own complaints among them.
        2 | 3 => Some(RunOutput::Stderr(frame)),
        _ => None,
    }
}

fn unavailable(error: impl Into<anyhow::Error>) -> Error {
    Error::Unavailable(error.into())
}
