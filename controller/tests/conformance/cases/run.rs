//! One-off runs.

use controller::platform::{RunOutput, RunStream};
use futures_util::TryStreamExt;

use crate::bench::{Bench, eventually, soon};

pub async fn streams_output_and_code(bench: &Bench) {
    let spec = bench.run_spec("exits").await;
    let run = bench.platform.run(&bench.app, &spec).await.unwrap();
    assert_eq!(to_its_end(run).await, ("first\n".to_owned(), "last\n".to_owned(), 3));
}

pub async fn is_observed(bench: &Bench) {
    let spec = bench.run_spec("idles").await;
    let run = bench.platform.run(&bench.app, &spec).await.unwrap();
    drop(run);
    let observed = bench.observe().await;
    assert_eq!(observed.instances, []);
    let [seen] = &observed.runs[..] else { panic!("{observed:?}") };
    assert_eq!((seen.name.as_str(), seen.running), (spec.name.as_str(), true));
    bench.kill(&seen.id).await;
    eventually(async || bench.observe().await.runs, |runs| !runs[0].running).await;
    bench.remove(&seen.id).await.unwrap();
    assert_eq!(bench.observe().await.runs, []);
}

pub async fn an_unknown_command_ends_it(bench: &Bench) {
    let mut spec = bench.run_spec("idles").await;
    spec.container.entrypoint = Some(vec!["nosuch".to_owned()]);
    let run = bench.platform.run(&bench.app, &spec).await.unwrap();
    let (_, why, code) = to_its_end(run).await;
    assert_eq!(code, 127);
    assert!(why.contains("nosuch failed: No such file or directory"), "{why}");
}

/// All of its output and its code. How the output falls into pieces is the engine's affair.
async fn to_its_end(run: RunStream) -> (String, String, i64) {
    let mut steps: Vec<RunOutput> = soon(run.try_collect()).await.unwrap();
    let Some(RunOutput::Exited(code)) = steps.pop() else { panic!("{steps:?}") };
    let (mut out, mut err) = (String::new(), String::new());
    for step in &steps {
        match step {
            RunOutput::Stdout(piece) => out += str::from_utf8(piece).unwrap(),
            RunOutput::Stderr(piece) => err += str::from_utf8(piece).unwrap(),
            RunOutput::Exited(code) => panic!("ended twice, first with {code}"),
        }
    }
    (out, err, code)
}
