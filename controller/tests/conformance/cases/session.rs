//! Commands that somebody is attached to: runs, and what is executed in an instance.

use std::collections::BTreeMap;

use api::types::{SessionSignal, Size};
use controller::platform::{Attached, Error, ExecSpec, InstanceId, RunOutput, RunSpec, Started};
use futures_util::StreamExt;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::bench::{Bench, DEADLINE, eventually, soon};

/// What the platform in memory plays, for the engine: repeats lines, and tells the size of its terminal.
const REPEAT: &str =
    r#"while read -r line; do if [ "$line" = size ]; then stty size; else echo "$line"; fi; done; exit 0"#;

const SMALL: Size = Size { rows: 24, columns: 80 };
const LARGE: Size = Size { rows: 50, columns: 132 };

pub async fn a_run_reads_its_input_to_the_end(bench: &Bench) {
    let attached = bench.platform.attach(&bench.app, &run(bench).await, None).await.unwrap();
    reads_to_the_end(attached).await;
}

pub async fn a_command_reads_its_input_to_the_end(bench: &Bench) {
    let id = bench.started("repeats").await;
    reads_to_the_end(exec(bench, &id, None).await).await;
}

async fn reads_to_the_end(attached: Attached) {
    let mut there = There::new(attached);
    there.types("one\ntwo\n").await;
    there.reads("one\ntwo\n").await;
    there.attached.input.shutdown().await.unwrap();
    assert_eq!(there.ends().await, 0);
}

pub async fn a_run_has_a_terminal_of_a_size(bench: &Bench) {
    let attached = bench.platform.attach(&bench.app, &run(bench).await, Some(SMALL)).await.unwrap();
    has_a_terminal(attached).await;
}

pub async fn a_command_has_a_terminal_of_a_size(bench: &Bench) {
    let id = bench.started("repeats").await;
    has_a_terminal(exec(bench, &id, Some(SMALL)).await).await;
}

async fn has_a_terminal(attached: Attached) {
    let mut there = There::new(attached);
    there.types("size\n").await;
    there.reads("24 80").await;
    there.attached.control.resize(LARGE).await.unwrap();
    there.types("size\n").await;
    there.reads("50 132").await;
    // A shell does not heed a Ctrl-C while it waits for the program that has told the size.
    there.types("again\n").await;
    there.reads_times("again", 2).await;
    there.types("\x03").await;
    assert_eq!(there.ends().await, 130);
}

pub async fn a_run_is_sent_signals(bench: &Bench) {
    for (signal, code) in [(SessionSignal::Int, 130), (SessionSignal::Term, 143)] {
        let attached = bench.platform.attach(&bench.app, &run(bench).await, None).await.unwrap();
        is_sent(attached, signal, code).await;
    }
}

pub async fn a_command_is_sent_signals(bench: &Bench) {
    let id = bench.started("repeats").await;
    for (signal, code) in [(SessionSignal::Int, 130), (SessionSignal::Term, 143)] {
        is_sent(exec(bench, &id, None).await, signal, code).await;
    }
}

async fn is_sent(attached: Attached, signal: SessionSignal, code: i64) {
    let mut there = There::new(attached);
    // It has begun.
    there.types("ready\n").await;
    there.reads("ready\n").await;
    there.attached.control.signal(signal).await.unwrap();
    assert_eq!(there.ends().await, code);
}

pub async fn a_command_ends_with_its_instance(bench: &Bench) {
    let id = bench.started("repeats").await;
    let mut there = There::new(exec(bench, &id, None).await);
    there.types("ready\n").await;
    there.reads("ready\n").await;
    bench.kill(&id).await;
    assert_eq!(there.ends().await, 137);
}

pub async fn only_what_runs_can_be_executed_in(bench: &Bench) {
    let id = bench.started("repeats").await;
    bench.kill(&id).await;
    bench.until_ended(&id).await;
    let gone = bench.platform.exec(&bench.app, &id, &line(None)).await;
    assert!(matches!(gone, Err(Error::Gone | Error::Rejected(_))), "{:?}", gone.err());
    let spec = ExecSpec { shells: &["/bin/nosuch"], ..line(None) };
    let id = bench.started("repeats").await;
    let Err(Error::Rejected(text)) = bench.platform.exec(&bench.app, &id, &spec).await else { panic!("it began") };
    assert_eq!(text, "A shell is needed to execute something, and the image has none of /bin/nosuch.");
}

pub async fn a_detached_run_goes_on_and_tells_its_code(bench: &Bench) {
    let spec = bench.run_spec("exits").await;
    bench.platform.start_run(&bench.app, &spec).await.unwrap();
    let look = async || bench.observe().await.runs.into_iter().find(|run| run.name == spec.name);
    let ended = eventually(look, |run| run.as_ref().is_some_and(|run| !run.running)).await;
    assert_eq!(ended.unwrap().code, Some(3));
}

async fn run(bench: &Bench) -> RunSpec {
    let mut spec = bench.run_spec("repeats").await;
    spec.container.entrypoint = Some(["/bin/bash", "-c", REPEAT].map(str::to_owned).into());
    spec
}

fn line(terminal: Option<Size>) -> ExecSpec {
    let start = Started::Line(REPEAT.to_owned());
    ExecSpec { shells: &["/bin/nosuch", "/bin/bash"], start, env: BTreeMap::new(), terminal }
}

async fn exec(bench: &Bench, id: &InstanceId, terminal: Option<Size>) -> Attached {
    bench.platform.exec(&bench.app, id, &line(terminal)).await.unwrap()
}

/// A command, and what it has written until now.
struct There {
    attached: Attached,
    written: String,
}

impl There {
    fn new(attached: Attached) -> Self {
        Self { attached, written: String::new() }
    }

    async fn types(&mut self, text: &str) {
        self.attached.input.write_all(text.as_bytes()).await.unwrap();
    }

    /// Waits until it has written that.
    async fn reads(&mut self, text: &str) {
        self.reads_times(text, 1).await;
    }

    /// The same, so many times: a terminal shows what is typed, too.
    async fn reads_times(&mut self, text: &str, times: usize) {
        while self.written.matches(text).count() < times {
            let step = timeout(DEADLINE, self.attached.output.next()).await;
            match step.unwrap_or_else(|_| panic!("nothing comes for {text:?} after {:?}", self.written)) {
                Some(Ok(RunOutput::Stdout(bytes) | RunOutput::Stderr(bytes))) => {
                    self.written += &String::from_utf8_lossy(&bytes);
                }
                other => panic!("{other:?} instead of {text:?}, after {:?}", self.written),
            }
        }
    }

    /// Reads on to its end and answers its code.
    async fn ends(mut self) -> i64 {
        loop {
            match soon(self.attached.output.next()).await {
                Some(Ok(RunOutput::Exited(code))) => return code,
                Some(Ok(_)) => {}
                other => panic!("{other:?} after {:?}", self.written),
            }
        }
    }
}
