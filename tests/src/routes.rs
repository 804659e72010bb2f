//! The control plane as far as a router sees it, the route stream and its acknowledgements; it can stand still as a frozen
//! process does, die, and come back.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Result;
use api::routes::{ACK_PATH, AppRoutes, HEARTBEAT_SECS, RouteAck, RouteEvent};
use uuid::Uuid;

const INSTALLATION: Uuid = Uuid::from_u128(0x5117);
const EPOCH: i64 = 1;

/// Time between two looks for who connects.
const LOOK: Duration = Duration::from_millis(10);

/// A control plane.
pub struct ControlPlane {
    socket: PathBuf,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Routes, and the version at which they became so.
    apps: BTreeMap<Uuid, (i64, AppRoutes)>,
    version: i64,
    acknowledged: i64,
    frozen: bool,
    dead: bool,
    connections: Vec<UnixStream>,
}

impl ControlPlane {
    /// Starts one that listens in `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        let mut plane = Self { socket: folder.join("internal.sock"), shared: Arc::default(), accepting: None };
        plane.revive()?;
        Ok(plane)
    }

    /// Where routers find it.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Changes routes, each as a version of its own. Answers the last.
    #[must_use]
    pub fn publish(&self, routes: Vec<AppRoutes>) -> i64 {
        let mut state = self.shared.lock();
        for routes in routes {
            state.version += 1;
            let version = state.version;
            state.apps.insert(routes.app, (version, routes));
        }
        self.shared.changed.notify_all();
        state.version
    }

    /// The last version that a router has acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> i64 {
        self.shared.lock().acknowledged
    }

    /// Stands still: who connects is neither refused nor answered.
    pub fn freeze(&self) {
        self.shared.lock().frozen = true;
    }

    /// Goes on where it stood still.
    pub fn thaw(&self) {
        self.shared.lock().frozen = false;
        self.shared.changed.notify_all();
    }

    /// Dies; who connects is refused.
    pub fn kill(&mut self) {
        {
            let mut state = self.shared.lock();
            state.dead = true;
            for connection in state.connections.drain(..) {
                // It may be gone already.
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }

    /// Is started again, and knows what it knew.
    pub fn revive(&mut self) -> Result<()> {
        let _left_behind = fs::remove_file(&self.socket);
        let listener = UnixListener::bind(&self.socket)?;
        listener.set_nonblocking(true)?;
        self.shared.lock().dead = false;
        let shared = Arc::clone(&self.shared);
        self.accepting = Some(thread::spawn(move || accept(&shared, &listener)));
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.thaw();
        self.kill();
    }
}

fn accept(shared: &Arc<Shared>, listener: &UnixListener) {
    while shared.moves() {
        let Ok((stream, _)) = listener.accept() else {
            let _woken = shared.changed.wait_timeout(shared.lock(), LOOK);
            continue;
        };
        let shared = Arc::clone(shared);
        // Routers that go away are part of the tests.
        thread::spawn(move || drop(shared.converse(stream)));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while all stands still; false once it is dead.
    fn moves(&self) -> bool {
        let thawed = self.changed.wait_while(self.lock(), |state| state.frozen);
        !thawed.unwrap_or_else(PoisonError::into_inner).dead
    }

    fn converse(&self, stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        self.lock().connections.push(stream.try_clone()?);
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut asked, mut length) = (String::new(), 0);
        reader.read_line(&mut asked)?;
        for line in reader.by_ref().lines() {
            let line = line?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            length = line.strip_prefix("content-length: ").and_then(|text| text.parse().ok()).unwrap_or(length);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if !self.moves() {
            return Ok(());
        }
        if asked.contains(ACK_PATH) { self.note(stream, &body) } else { self.tell(stream, &asked) }
    }

    fn note(&self, mut stream: UnixStream, body: &[u8]) -> io::Result<()> {
        let ack: RouteAck = serde_json::from_slice(body)?;
        {
            let mut state = self.lock();
            state.acknowledged = state.acknowledged.max(ack.version);
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    }

    /// The stream, for as long as somebody reads it.
    fn tell(&self, mut stream: UnixStream, asked: &str) -> io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        let known = known(asked).filter(|(epoch, _)| *epoch == EPOCH).map(|(_, version)| version);
        let mut sent = known.unwrap_or(0);
        let hello = RouteEvent::Hello { installation: INSTALLATION, epoch: EPOCH, snapshot: known.is_none() };
        let mut events = vec![hello];
        events.extend(self.after(&mut sent));
        events.extend(known.is_none().then_some(RouteEvent::SnapshotEnd { version: sent, gone: Vec::new() }));
        loop {
            let lines: Result<Vec<_>, _> = events.iter().map(serde_json::to_string).collect();
            stream.write_all((lines?.join("\n") + "\n").as_bytes())?;
            let heartbeat = Duration::from_secs(HEARTBEAT_SECS);
            let quiet = |state: &mut State| state.version == sent && !state.dead;
            drop(self.changed.wait_timeout_while(self.lock(), heartbeat, quiet));
            if !self.moves() {
                return Ok(());
            }
            events = self.after(&mut sent);
            if events.is_empty() {
                events.push(RouteEvent::Heartbeat { version: sent });
            }
        }
    }

    /// What has changed since, in order.
    fn after(&self, sent: &mut i64) -> Vec<RouteEvent> {
        let state = self.lock();
        let mut changes: Vec<_> = state.apps.values().filter(|(version, _)| version > sent).cloned().collect();
        changes.sort_unstable_by_key(|(version, _)| *version);
        *sent = state.version;
        changes.into_iter().map(|(version, app)| RouteEvent::App { version, app }).collect()
    }
}

/// Epoch and version in a request line.
fn known(asked: &str) -> Option<(i64, i64)> {
    let (epoch, after) = asked.split_once("epoch=")?.1.split_once("&after=")?;
    Some((epoch.parse().ok()?, after.split(' ').next()?.parse().ok()?))
}
