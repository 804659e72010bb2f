//! A controller that knows what the test told it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use api::{
    error::ErrorBody,
    push::{
        ACCESS_PATH, APPS_PATH, Access, AccessQuestion, BUILDS_PATH, KEY_PATH, KeyOwner, KeyQuestion, LOCK_PATH, Lock,
        PushEvent, Started,
    },
};
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::UnixListener, sync::Notify};
use uuid::Uuid;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// One step of a build's story.
#[derive(Clone)]
pub enum Step {
    Tell(PushEvent),
    /// The connection breaks.
    Cut,
}

#[derive(Default)]
pub struct State {
    /// Public key, username.
    pub keys: BTreeMap<String, String>,
    /// Name, id and the only user.
    pub apps: BTreeMap<String, (Uuid, String)>,
    pub locks: BTreeMap<Uuid, Uuid>,
    pub story: Vec<Step>,
    pub told: usize,
    /// Query and tar of each build.
    pub builds: Vec<(String, Bytes)>,
    /// Every question about access: key and app.
    pub asked: Vec<(String, String)>,
    /// What a build is refused with.
    pub refuse: Option<String>,
}

#[derive(Default)]
pub struct Fake {
    state: Mutex<State>,
    changed: Notify,
}

impl Fake {
    pub fn serve(self: &Arc<Self>, socket: PathBuf) {
        let (this, listener) = (self.clone(), UnixListener::bind(socket).unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                let service = service_fn(move |request| {
                    let this = this.clone();
                    async move { this.answer(request).await }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Adds to the story of the build that is or will be under way.
    pub fn tell(&self, steps: impl IntoIterator<Item = Step>) {
        self.state().story.extend(steps);
        self.changed.notify_waiters();
    }

    /// Waits for something to become so.
    pub async fn until(&self, what: &str, so: impl Fn(&State) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if so(&self.state()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        assert_eq!(request.headers()["authorization"], "Bearer secret");
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let query = request.uri().query().unwrap_or_default().to_owned();
        if path.ends_with("/events") {
            let from = query.strip_prefix("from=").unwrap().parse().unwrap();
            return Ok(self.events(from));
        }
        // A source that breaks off is no request.
        let bytes = request.into_body().collect().await?.to_bytes();
        let response = match path.as_str() {
            KEY_PATH => self.key(&read(&bytes)),
            ACCESS_PATH => self.access(&read(&bytes)),
            LOCK_PATH => self.lock(&method, &read(&bytes)),
            BUILDS_PATH => self.build(query, bytes),
            APPS_PATH => json(StatusCode::OK, &self.state().apps.values().map(|(id, _)| *id).collect::<Vec<_>>()),
            other => panic!("asked for {other}"),
        };
        self.changed.notify_waiters();
        Ok(response)
    }

    fn key(&self, question: &KeyQuestion) -> Response<Body> {
        match self.state().keys.get(&question.public) {
            Some(username) => json(StatusCode::OK, &KeyOwner { username: username.clone() }),
            None => json(StatusCode::NOT_FOUND, &ErrorBody::missing("Key")),
        }
    }

    fn access(&self, question: &AccessQuestion) -> Response<Body> {
        let mut state = self.state();
        state.asked.push((question.public.clone(), question.app.clone()));
        let username = state.keys.get(&question.public).cloned().unwrap_or_default();
        match state.apps.get(&question.app) {
            Some((app, user)) if *user == username => json(StatusCode::OK, &Access { app: *app, username }),
            _ => {
                let words = format!("There is no app {} that you may push to.", question.app);
                json(StatusCode::FORBIDDEN, &ErrorBody::detail(words))
            }
        }
    }

    fn lock(&self, method: &Method, lock: &Lock) -> Response<Body> {
        let mut state = self.state();
        if *method == Method::DELETE {
            state.locks.remove(&lock.app);
            return json(StatusCode::NO_CONTENT, &());
        }
        let holder = *state.locks.entry(lock.app).or_insert(lock.holder);
        json(if holder == lock.holder { StatusCode::NO_CONTENT } else { StatusCode::CONFLICT }, &())
    }

    fn build(&self, query: String, tar: Bytes) -> Response<Body> {
        let mut state = self.state();
        if let Some(words) = &state.refuse {
            return json(StatusCode::CONFLICT, &ErrorBody::detail(words));
        }
        state.builds.push((query, tar));
        state.told = 0;
        json(StatusCode::CREATED, &Started { build: Uuid::now_v7() })
    }

    fn events(self: Arc<Self>, from: u64) -> Response<Body> {
        let frames = stream::unfold(self, move |this| async move {
            loop {
                let changed = this.changed.notified();
                let step = {
                    let mut state = this.state();
                    let step = state.story.get(state.told).cloned();
                    state.told += usize::from(step.is_some());
                    step
                };
                match step {
                    Some(Step::Tell(PushEvent::Log { next, .. })) if next <= from => {}
                    Some(Step::Tell(event)) => {
                        let line = serde_json::to_string(&event).unwrap() + "\n";
                        drop(changed);
                        return Some((Ok(Frame::data(line.into())), this));
                    }
                    Some(Step::Cut) => return None,
                    None => changed.await,
                }
            }
        });
        Response::new(StreamBody::new(frames).boxed_unsync())
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).unwrap()
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    let body = if status == StatusCode::NO_CONTENT { Vec::new() } else { serde_json::to_vec(value).unwrap() };
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(status).body(body).unwrap()
}
