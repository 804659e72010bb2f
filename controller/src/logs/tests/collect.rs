//! Following instances: what they wrote is stored once, through ends, failures and restarts of the controller.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use api::{
    sandbox::{BuildOrder, BuildView},
    types::Size,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use tempfile::TempDir;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::{at, source};
use crate::{
    logs::{Collector, Followed, Limits, MAX_LINE, Store},
    platform::{
        Action, AppRef, Attached, Error, ExecSpec, ImageRequest, InstanceId, LogLine, LogStream, Mark, Observed,
        Platform, ResolvedImage, RunSpec, RunStream,
    },
};

const APP: Uuid = Uuid::from_u128(1);

/// A platform with one instance that has written what the test says, and is asked for nothing else.
#[derive(Default)]
struct Tape {
    written: watch::Sender<Vec<LogLine>>,
    ended: watch::Sender<bool>,
    refuse: Mutex<Option<Error>>,
}

impl Tape {
    fn write(&self, nanos: i64, text: &str) {
        self.written.send_modify(|lines| lines.push(LogLine { at: at(nanos), text: text.to_owned() }));
    }

    fn end(&self) {
        self.ended.send_replace(true);
    }

    fn refuse(&self, error: Error) {
        *self.refuse.lock().unwrap() = Some(error);
    }
}

#[async_trait]
impl Platform for Tape {
    async fn logs(&self, _: &InstanceId, since: Option<DateTime<Utc>>) -> Result<LogStream, Error> {
        if let Some(error) = self.refuse.lock().unwrap().take() {
            return Err(error);
        }
        let state = (0, self.written.subscribe(), self.ended.subscribe());
        let lines = stream::unfold(state, move |(mut next, mut written, mut ended)| async move {
            loop {
                let line = written.borrow_and_update().get(next).cloned();
                match line {
                    Some(line) if since.is_some_and(|since| line.at < since) => next += 1,
                    Some(line) => return Some((Ok(line), (next + 1, written, ended))),
                    None if *ended.borrow() => return None,
                    None => tokio::select! {
                        changed = written.changed() => changed.ok()?,
                        changed = ended.changed() => changed.ok()?,
                    },
                }
            }
        });
        Ok(lines.boxed())
    }

    async fn survey(&self) -> Result<HashMap<Uuid, Mark>, Error> {
        Err(Error::Gone)
    }

    async fn observe(&self, _: &AppRef) -> Result<Observed, Error> {
        Err(Error::Gone)
    }

    async fn apply(&self, _: &AppRef, _: &Action) -> Result<(), Error> {
        Err(Error::Gone)
    }

    async fn prepare_image(&self, _: &ImageRequest) -> Result<ResolvedImage, Error> {
        Err(Error::Gone)
    }

    async fn images(&self, _: &AppRef) -> Result<Vec<String>, Error> {
        Err(Error::Gone)
    }

    async fn cpu_time(&self, _: &InstanceId) -> Result<Duration, Error> {
        Err(Error::Gone)
    }

    async fn tail(&self, _: &InstanceId, _: usize) -> Result<Vec<String>, Error> {
        Err(Error::Gone)
    }

    async fn run(&self, _: &AppRef, _: &RunSpec) -> Result<RunStream, Error> {
        Err(Error::Gone)
    }

    async fn attach(&self, _: &AppRef, _: &RunSpec, _: Option<Size>) -> Result<Attached, Error> {
        Err(Error::Gone)
    }

    async fn start_run(&self, _: &AppRef, _: &RunSpec) -> Result<(), Error> {
        Err(Error::Gone)
    }

    async fn exec(&self, _: &AppRef, _: &InstanceId, _: &ExecSpec) -> Result<Attached, Error> {
        Err(Error::Gone)
    }

    fn changes(&self) -> broadcast::Receiver<Uuid> {
        broadcast::channel(1).1
    }

    async fn ping(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn ping_builds(&self) -> Result<(), Error> {
        Err(Error::Gone)
    }

    async fn begin_build(&self, _: &AppRef, _: &BuildOrder) -> Result<(), Error> {
        Err(Error::Gone)
    }

    async fn look_build(&self, _: Uuid, _: u64) -> Result<BuildView, Error> {
        Err(Error::Gone)
    }

    async fn cancel_build(&self, _: Uuid) -> Result<(), Error> {
        Err(Error::Gone)
    }

    async fn forget_build(&self, _: Uuid) -> Result<(), Error> {
        Err(Error::Gone)
    }

    async fn forget_builds(&self, _: &AppRef) -> Result<(), Error> {
        Err(Error::Gone)
    }
}

/// A controller's part of the work, over a folder that outlives it.
struct Story {
    folder: TempDir,
    tape: Arc<Tape>,
    running: Option<(Arc<Store>, Collector)>,
}

impl Story {
    fn new() -> Self {
        let mut story = Self { folder: TempDir::new().unwrap(), tape: Arc::default(), running: None };
        story.start();
        story
    }

    fn start(&mut self) {
        let store = Arc::new(Store::open(self.folder.path(), Limits::default()).unwrap());
        let platform: Arc<dyn Platform> = self.tape.clone();
        self.running = Some((store.clone(), Collector::new(store, platform)));
    }

    async fn restart(&mut self) {
        let (_, collector) = self.running.take().unwrap();
        collector.shutdown().await;
        drop(collector);
        self.start();
    }

    fn instance(ended: bool) -> Followed {
        Followed { id: InstanceId("c0ffee".to_owned()), source: source("blog-web-3f9a1c07-1vxqg"), ended }
    }

    /// One look at the instance; true when it may be removed.
    async fn sync(&self, ended: bool) -> bool {
        let (_, collector) = self.running.as_ref().unwrap();
        !collector.sync(APP, &[Self::instance(ended)]).await.is_empty()
    }

    /// Waits until so many lines are stored, and answers all of them.
    async fn stored(&self, count: u64) -> Vec<String> {
        let (store, _) = self.running.as_ref().unwrap();
        let mut next = store.watch(APP).unwrap();
        let enough = next.wait_for(|next| *next >= count);
        tokio::time::timeout(Duration::from_secs(10), enough).await.expect("lines in time").unwrap();
        store.last(APP, usize::MAX).unwrap().into_iter().map(|line| line.text).collect()
    }

    /// Looks again and again, woken by hints and by a timer as a reconciler is, until the instance may be removed.
    async fn read_to_the_end(&self) {
        let (_, collector) = self.running.as_ref().unwrap();
        let mut completed = collector.completed();
        let mut timer = tokio::time::interval(Duration::from_millis(20));
        let look = async {
            while !self.sync(true).await {
                tokio::select! {
                    _ = completed.recv() => {}
                    _ = timer.tick() => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), look).await.expect("read to the end in time");
    }
}

#[tokio::test]
async fn an_instance_is_followed_and_read_to_its_end() {
    let story = Story::new();
    story.tape.write(1, "booting");
    assert!(!story.sync(false).await);
    assert_eq!(story.stored(1).await, ["booting"]);
    story.tape.write(2, "listening on 5000");
    assert_eq!(story.stored(2).await, ["booting", "listening on 5000"]);
    story.tape.write(3, "panic!");
    story.tape.end();
    story.read_to_the_end().await;
    assert_eq!(story.stored(3).await, ["booting", "listening on 5000", "panic!"]);
    assert!(story.sync(true).await, "it stays read");
}

#[tokio::test]
async fn a_new_controller_goes_on_where_the_old_one_was() {
    let mut story = Story::new();
    story.tape.write(1, "one");
    story.tape.write(1, "one more in the same instant");
    story.sync(false).await;
    story.stored(2).await;
    story.restart().await;
    story.tape.write(1, "and one");
    story.tape.write(2, "two");
    story.sync(false).await;
    let wanted = ["one", "one more in the same instant", "and one", "two"];
    assert_eq!(story.stored(4).await, wanted);
    story.tape.end();
    story.restart().await;
    story.read_to_the_end().await;
    assert_eq!(story.stored(4).await, wanted);
}

#[tokio::test]
async fn an_engine_that_is_away_is_asked_again() {
    let story = Story::new();
    story.tape.write(1, "booting");
    story.tape.end();
    story.tape.refuse(Error::Unavailable(anyhow::anyhow!("no engine")));
    story.read_to_the_end().await;
    assert_eq!(story.stored(1).await, ["booting"]);
}

#[tokio::test]
async fn what_is_gone_or_will_never_be_told_keeps_nobody_waiting() {
    for error in [Error::Gone, Error::Rejected("this log driver cannot be read".to_owned())] {
        let story = Story::new();
        story.tape.refuse(error);
        story.read_to_the_end().await;
        assert_eq!(story.stored(0).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_full_disk_delays_lines_and_loses_none() {
    let story = Story::new();
    let blocked = story.folder.path().join(APP.to_string());
    std::fs::write(&blocked, "no space left").unwrap();
    story.tape.write(1, "booting");
    story.tape.end();
    let end = story.read_to_the_end();
    let refused = tokio::time::timeout(Duration::from_millis(200), end);
    assert!(refused.await.is_err(), "not stored, so not to be removed");
    std::fs::remove_file(&blocked).unwrap();
    story.read_to_the_end().await;
    assert_eq!(story.stored(1).await, ["booting"]);
}

#[tokio::test]
async fn a_long_line_and_a_line_of_lines_come_in_pieces_once() {
    let mut story = Story::new();
    story.tape.write(1, &"x".repeat(MAX_LINE + 1));
    story.tape.write(2, "one\ntwo");
    story.sync(false).await;
    assert_eq!(story.stored(4).await[1..], ["x", "one", "two"]);
    story.restart().await;
    story.tape.end();
    story.read_to_the_end().await;
    assert_eq!(story.stored(4).await.len(), 4);
}

#[tokio::test]
async fn nothing_is_written_for_an_app_that_is_no_longer_followed() {
    let story = Story::new();
    story.tape.write(1, "booting");
    story.sync(false).await;
    story.stored(1).await;
    let (kept, collector) = story.running.as_ref().unwrap();
    collector.stop(APP).await;
    kept.remove(APP).unwrap();
    story.tape.write(2, "still talking");
    assert_eq!(collector.sync(APP, &[]).await, BTreeSet::new());
    assert!(!story.folder.path().join(APP.to_string()).exists());
}
