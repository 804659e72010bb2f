//! Whose answer it is: many apps, connections that are shared on both sides, and everybody breaking off at any point.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use tokio::io::AsyncReadExt;

use super::{
    Failures,
    asker::{Answer, Asker},
    instance::{self, Habits, Ledger, Mood},
    size,
};
use crate::support::{
    origin::Origin,
    raw::{Raw, header},
    router::{Router, app},
};

const APPS: usize = 50;
const INSTANCES: usize = 2;
const CLIENTS: usize = 32;

/// One client's part of the test.
struct Client {
    router: SocketAddr,
    ids: Arc<AtomicUsize>,
    /// Answers that were compared with what had been asked.
    compared: Arc<AtomicUsize>,
    failures: Arc<Failures>,
}

/// What is asked: of whom, under which number.
#[derive(Clone, Copy)]
struct Question {
    app: usize,
    id: usize,
    mood: Mood,
    post: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_goes_to_another_request() {
    let habits = Habits { idle: Duration::from_secs(1), slams: 50 };
    let ledger = Arc::new(Ledger::default());
    let mut instances: Vec<Origin> = Vec::new();
    for number in 0..APPS * INSTANCES {
        instances.push(instance::start(number / INSTANCES, habits, ledger.clone()).await);
    }
    let addresses: Vec<_> = instances.iter().map(|instance| instance.address).collect();
    let apps = addresses.chunks(INSTANCES).enumerate();
    let apps = apps.map(|(n, addresses)| app(n as u128, &format!("app{n}.example"), addresses)).collect();
    let router = Router::with(|config| config.initial = Some(apps));
    let wanted = size(20_000, 1_000_000);
    let (ids, compared, failures) = (Arc::default(), Arc::<AtomicUsize>::default(), Arc::<Failures>::default());
    let clients = (0..CLIENTS).map(|_| {
        let client = Client {
            router: router.address,
            ids: Arc::clone(&ids),
            compared: compared.clone(),
            failures: failures.clone(),
        };
        tokio::spawn(client.run(wanted))
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let (compared, asked) = (compared.load(Relaxed), ids.load(Relaxed));
    let slammed = ledger.slammed.load(Relaxed);
    println!("{asked} requests, {compared} answers compared, {slammed} requests met a connection that was just closed");
    failures.are_none(compared);
}

impl Client {
    /// Asks until so many answers have been compared, by all clients together.
    async fn run(self, wanted: usize) {
        let mut asker = Asker::new(self.router);
        while self.compared.load(Relaxed) < wanted {
            match rand::random_range(0..60) {
                0 => self.leave_at_once().await,
                1 => self.leave_in_the_middle_of_an_upload().await,
                2 => self.leave_in_the_middle_of_an_answer().await,
                3 => self.ask_ahead().await,
                _ => self.ask(&mut asker).await,
            }
        }
    }

    fn question(&self) -> Question {
        let mood = match rand::random_range(0..40) {
            common @ 0..7 => Mood::ALL[common],
            7..14 => Mood::Chunked,
            _ => Mood::Plain,
        };
        let id = self.ids.fetch_add(1, Relaxed) + 1;
        Question { app: rand::random_range(0..APPS), id, mood, post: rand::random_ratio(1, 5) }
    }

    async fn ask(&self, asker: &mut Asker) {
        let question = self.question();
        let outcome = asker.ask(question.request()).await;
        self.compared.fetch_add(1, Relaxed);
        if let Some(complaint) = question.complaint(&outcome) {
            self.failures.note(format!("{} {:?}: {complaint}", question.id, question.mood));
        }
    }

    async fn leave_at_once(&self) {
        Raw::connect(self.router).await.send(self.question().text()).await;
    }

    async fn leave_in_the_middle_of_an_upload(&self) {
        let question = Question { post: true, ..self.question() };
        let text = question.text();
        Raw::connect(self.router).await.send(&text[..text.len() - 1]).await;
    }

    async fn leave_in_the_middle_of_an_answer(&self) {
        let mut raw = Raw::connect(self.router).await;
        raw.send(self.question().text()).await;
        let _whatever = raw.stream.read_u8().await;
    }

    /// Sends some requests together, for several apps; the answers come in their order.
    async fn ask_ahead(&self) {
        let questions: Vec<_> = (0..4).map(|_| Question { mood: Mood::Plain, ..self.question() }).collect();
        let mut raw = Raw::connect(self.router).await;
        raw.send(questions.iter().map(|question| question.text()).collect::<String>()).await;
        for question in questions {
            let head = raw.head().await;
            let (app, id) = (header(&head, "x-app"), header(&head, "x-id"));
            let right = app == Some(&question.app.to_string()) && id == Some(&question.id.to_string());
            let body = raw.body(&head).await;
            self.compared.fetch_add(1, Relaxed);
            if !right || body != instance::body(question.app, question.id) {
                self.failures.note(format!("{} sent ahead: {head}{body}", question.id));
            }
        }
    }
}

impl Question {
    fn method(self) -> Method {
        if self.post { Method::POST } else { Method::GET }
    }

    fn upload(self) -> String {
        if self.post { "x".repeat(1 + self.id % 500) } else { String::new() }
    }

    fn request(self) -> Request<Full<Bytes>> {
        let request = Request::builder().method(self.method()).uri(format!("/{}", self.id));
        let request = request.header("host", format!("app{}.example", self.app));
        let request = request.header("x-id", self.id).header("x-mood", self.mood.name());
        request.body(Full::new(Bytes::from(self.upload()))).unwrap()
    }

    /// The same in the bytes of HTTP.
    fn text(self) -> String {
        let Self { app, id, .. } = self;
        let (method, mood, upload) = (self.method(), self.mood.name(), self.upload());
        let length = if self.post { format!("Content-Length: {}\r\n", upload.len()) } else { String::new() };
        format!(
            "{method} /{id} HTTP/1.1\r\nHost: app{app}.example\r\nX-Id: {id}\r\nX-Mood: {mood}\r\n{length}\r\n{upload}"
        )
    }

    /// What is wrong with what became of it, if anything is.
    fn complaint(self, outcome: &Result<Answer, String>) -> Option<String> {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(_) if self.mood == Mood::Cut => return None,
            Err(error) => return Some(error.clone()),
        };
        if answer.status == 502 && !self.mood.is_answered() {
            return answer.header("x-id").map(|id| format!("the router's own answer is that to {id}"));
        }
        let status = if self.mood == Mood::Error { 500 } else { 200 };
        let named = (answer.header("x-app"), answer.header("x-id"));
        let right = named == (Some(&self.app.to_string()), Some(&self.id.to_string()));
        let whole = answer.body == instance::body(self.app, self.id);
        let fine = right && whole && answer.status == status && self.mood.is_answered();
        (!fine).then(|| format!("asked app {}, got {} of {named:?}", self.app, answer.status))
    }
}
