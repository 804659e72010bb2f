//! An instance of an app as a bare process of this machine: what can be killed without an engine.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use api::routes::{AppRoutes, Endpoint};
use uuid::Uuid;

use crate::{program, wait};

/// Ports from which nobody connects, so that they are still free when an instance is started again.
const PORTS: std::ops::Range<u16> = 21_000..22_000;
const START: Duration = Duration::from_secs(30);

/// A running instance.
pub struct Instance {
    /// Where it listens.
    pub address: SocketAddr,
    powered_by: String,
    process: Child,
    said: Arc<Mutex<Vec<String>>>,
    listening: Option<JoinHandle<()>>,
}

impl Instance {
    /// Starts one that says so when it is asked what powers it.
    pub fn start(powered_by: &str) -> Result<Self> {
        let free = PORTS.into_iter().find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free.context("no free port")?));
        Self::on(address, powered_by, Arc::default())
    }

    fn on(address: SocketAddr, powered_by: &str, said: Arc<Mutex<Vec<String>>>) -> Result<Self> {
        let mut command = Command::new(program::ours("specimen")?);
        command.env("PORT", address.port().to_string()).env("POWERED_BY", powered_by);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("no standard output")?;
        let heard = Arc::clone(&said);
        let listening = Some(thread::spawn(move || hear(stdout, &heard)));
        let instance = Self { address, powered_by: powered_by.to_owned(), process, said, listening };
        wait::until("the instance listens", START, || Ok(TcpStream::connect(address).ok()))?;
        Ok(instance)
    }

    /// Kills it, then starts it again at the same place.
    pub fn die_and_return(&mut self) -> Result<()> {
        self.end();
        *self = Self::on(self.address, &self.powered_by, Arc::clone(&self.said))?;
        Ok(())
    }

    /// All lines that it has printed, in all its lives. Ends it.
    #[must_use]
    pub fn testament(mut self) -> Vec<String> {
        self.end();
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Kills it, as SIGKILL does, and hears out what it has printed. One that has ended already is fine.
    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.end();
    }
}

fn hear(stdout: ChildStdout, said: &Mutex<Vec<String>>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// The routes of app number `id`, which leads to `instances`.
#[must_use]
pub fn routes(id: usize, host: &str, instances: &[SocketAddr]) -> AppRoutes {
    let endpoint =
        |address: &SocketAddr| Endpoint { instance: format!("app{id}-web-{}", address.port()), address: *address };
    AppRoutes {
        app: Uuid::from_u128(id as u128),
        name: format!("app{id}"),
        hosts: vec![host.to_owned()],
        endpoints: instances.iter().map(endpoint).collect(),
        maintenance: false,
        certificates: Vec::new(),
        https_enforced: false,
        paths: Vec::new(),
        whitelist: Vec::new(),
        treatment: Box::default(),
    }
}
