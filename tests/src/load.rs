//! Load on an app, at a fixed rate whatever becomes of it: a stall shows as late answers, never as fewer questions.
//!
//! Every other request goes over a kept connection, some are POST with a body; the app takes up to half a second to answer.
//! Whatever is not the right answer within the patience is a failure, a missing one too.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    runtime,
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

/// How long an answer may take, the app's own time included.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a kept connection may be unused: less than any proxy grants, so that it is we who close it.
const KEPT: Duration = Duration::from_secs(10);

/// What is asked for, and how often.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Where on this machine.
    pub port: u16,
    /// Of whom, one after the other.
    pub hosts: Vec<String>,
    /// Requests a second.
    pub rate: u32,
    /// Of so many requests one is a POST.
    pub posts: usize,
}

impl Demand {
    /// 300 requests a second for `host`, a tenth of them POST.
    #[must_use]
    pub fn usual(port: u16, host: &str) -> Self {
        Self { port, hosts: vec![host.to_owned()], rate: 300, posts: 10 }
    }

    fn pace(&self) -> Duration {
        Duration::from_secs(1) / self.rate
    }
}

/// Load under way.
pub struct Load {
    pace: Duration,
    stop: watch::Sender<bool>,
    began: Instant,
    thread: JoinHandle<Result<Report>>,
}

/// What became of all requests.
#[derive(Debug, Default)]
pub struct Report {
    /// How many there were.
    pub sent: usize,
    /// How many of them were POST.
    pub posts: usize,
    /// Those that failed, in the order in which that showed.
    pub failures: Vec<Failure>,
    /// How long the load lasted.
    pub lasted: Duration,
    /// What answers took beyond the time that the app was asked to take.
    pub overheads: Vec<Duration>,
}

impl Report {
    /// Of a hundred answers, one took longer than this beyond its time.
    #[must_use]
    pub fn p99(&self) -> Duration {
        let mut overheads = self.overheads.clone();
        overheads.sort_unstable();
        overheads.get(overheads.len() * 99 / 100).copied().unwrap_or_default()
    }
}

/// A request that failed.
#[derive(Debug)]
pub struct Failure {
    /// When it was sent, counted from the beginning.
    pub sent: Duration,
    /// When it had failed.
    pub failed: Duration,
    /// It was a POST.
    pub post: bool,
    /// Which, and why.
    pub what: String,
}

impl Load {
    /// Begins to ask for `host` at this port, at the usual rate.
    #[must_use]
    pub fn start(port: u16, host: &str) -> Self {
        Self::of(Demand::usual(port, host))
    }

    /// Begins to ask.
    #[must_use]
    pub fn of(demand: Demand) -> Self {
        let pace = demand.pace();
        let (stop, stopped) = watch::channel(false);
        let began = Instant::now();
        let target = Arc::new(Target { demand, kept: client(128), fresh: client(0) });
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(drive(target, began, stopped)))
        });
        Self { pace, stop, began, thread }
    }

    /// How long it has lasted.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Stops asking, waits for the answers under way, and tells. Fails when the load was not what it should have been.
    pub fn finish(self) -> Result<Report> {
        self.stop.send_replace(true);
        let pace = self.pace;
        let report = self.thread.join().ok().context("the load panicked")??;
        let wanted = report.lasted.as_secs_f64() / pace.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand at most")]
        let enough = report.sent as f64 > wanted * 0.95;
        ensure!(enough, "this machine is too busy to measure anything: {report}");
        Ok(report)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {} requests failed in {:?}", self.failures.len(), self.sent, self.lasted)?;
        for failure in self.failures.iter().take(20) {
            writeln!(f, "sent at {:?}, failed at {:?}: {}", failure.sent, failure.failed, failure.what)?;
        }
        Ok(())
    }
}

type HttpClient = Client<HttpConnector, Full<Bytes>>;

struct Target {
    demand: Demand,
    kept: HttpClient,
    fresh: HttpClient,
}

/// A client that hides nothing: it sends each request once.
fn client(idle: usize) -> HttpClient {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_max_idle_per_host(idle).pool_idle_timeout(KEPT).retry_canceled_requests(false).set_host(false);
    builder.build_http()
}

async fn drive(target: Arc<Target>, began: Instant, mut stopped: watch::Receiver<bool>) -> Report {
    let outcomes = Arc::new(Mutex::new(Outcomes::default()));
    let mut under_way = JoinSet::new();
    let mut pace = interval(target.demand.pace());
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = 0;
    while !*stopped.borrow_and_update() {
        pace.tick().await;
        sent += 1;
        under_way.spawn(one(Arc::clone(&target), sent, began, Arc::clone(&outcomes)));
        while under_way.try_join_next().is_some() {}
    }
    let lasted = began.elapsed();
    under_way.join_all().await;
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap_or_else(PoisonError::into_inner));
    let posts = (1..=sent).filter(|number| target.method(*number) == Method::POST).count();
    Report { sent, posts, failures: outcomes.failures, lasted, overheads: outcomes.overheads }
}

#[derive(Default)]
struct Outcomes {
    failures: Vec<Failure>,
    overheads: Vec<Duration>,
}

async fn one(target: Arc<Target>, number: usize, began: Instant, outcomes: Arc<Mutex<Outcomes>>) {
    let sent = began.elapsed();
    let outcome = timeout(PATIENCE, target.ask(number)).await;
    let overhead = began.elapsed().saturating_sub(sent).saturating_sub(Target::wait(number));
    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    outcomes.overheads.push(overhead);
    if let Err(error) = outcome.map_err(anyhow::Error::from).and_then(|answered| answered) {
        let kept = if Target::keeps(number) { "kept" } else { "fresh" };
        let method = target.method(number);
        let what = format!("{method} {number} on a {kept} connection: {error:#}");
        let failure = Failure { sent, failed: began.elapsed(), post: method == Method::POST, what };
        outcomes.failures.push(failure);
    }
}

impl Target {
    async fn ask(&self, number: usize) -> Result<()> {
        let wait = Self::wait(number).as_millis();
        let length = if self.method(number) == Method::POST { number * 31 % 20_000 } else { 0 };
        let mut request = Request::builder()
            .method(self.method(number))
            .uri(format!("http://127.0.0.1:{}/wait?{wait}", self.demand.port))
            .header(header::HOST, &self.demand.hosts[number % self.demand.hosts.len()])
            .header("x-id", number);
        if !Self::keeps(number) {
            request = request.header(header::CONNECTION, "close");
        }
        let client = if Self::keeps(number) { &self.kept } else { &self.fresh };
        let response = client.request(request.body(Full::from(vec![b'x'; length]))?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() || body != format!("took {length} bytes\n") {
            bail!("{status} {}", String::from_utf8_lossy(&body));
        }
        Ok(())
    }

    /// Spread over half a second, in no order that anything else has.
    fn wait(number: usize) -> Duration {
        Duration::from_millis((number * 7919 % 501) as u64)
    }

    fn keeps(number: usize) -> bool {
        number.is_multiple_of(2)
    }

    fn method(&self, number: usize) -> Method {
        // In pairs, so that half of them are on kept connections.
        if number / 2 % self.demand.posts == 1 { Method::POST } else { Method::GET }
    }
}
