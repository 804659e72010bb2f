//! Requests that keep coming while something happens.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::machine::ask_api;

/// Time between two requests of one client.
const PERIOD: Duration = Duration::from_millis(10);
/// Clients at once.
const CLIENTS: usize = 4;
/// The fewest requests of each client, however soon everything is over.
const LEAST: usize = 15;

/// Requests under way.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Outcome>>,
}

/// What came of them.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Why some got no answer, or one of a gateway in trouble.
    pub failures: Vec<String>,
}

impl Load {
    /// Starts asking the API, over a new connection each time.
    pub fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |stop: Arc<AtomicBool>| std::thread::spawn(move || ask_until(&stop, address));
        Self { clients: (0..CLIENTS).map(|_| client(stop.clone())).collect(), stop }
    }

    /// Stops, and tells what came of it.
    pub fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        let outcomes = self.clients.into_iter().map(|client| client.join().unwrap());
        outcomes.fold(Outcome::default(), |mut sum, outcome| {
            sum.failures.extend(outcome.failures);
            sum
        })
    }
}

fn ask_until(stop: &AtomicBool, address: SocketAddr) -> Outcome {
    let mut outcome = Outcome::default();
    let mut asked = 0;
    while asked < LEAST || !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        asked += 1;
        match ask_api(address) {
            Ok(502..=504) => outcome.failures.push("gateway in trouble".to_owned()),
            Ok(_) => {}
            Err(error) => outcome.failures.push(error.to_string()),
        }
        std::thread::park_timeout(PERIOD.saturating_sub(begun.elapsed()));
    }
    outcome
}
