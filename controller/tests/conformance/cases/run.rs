//! One-off runs.

use controller::platform::RunOutput;
use futures_util::TryStreamExt;

use crate::bench::{Bench, eventually, soon};

pub async fn streams_output_and_code(bench: &Bench) {
    let spec = bench.run_spec("exits").await;
    let run = bench.platform.run(&bench.app, &spec).await.unwrap();
    let steps: Vec<RunOutput> = soon(run.try_collect()).await.unwrap();
    assert!(steps.contains(&RunOutput::Stdout("first\n".into())), "{steps:?}");
    assert!(steps.contains(&RunOutput::Stderr("last\n".into())), "{steps:?}");
    assert_eq!(steps.last(), Some(&RunOutput::Exited(3)));
    assert_eq!(steps.len(), 3);
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
    let steps: Vec<RunOutput> = soon(run.try_collect()).await.unwrap();
    let [RunOutput::Stderr(why), RunOutput::Exited(127)] = &steps[..] else { panic!("{steps:?}") };
    let why = str::from_utf8(why).unwrap();
    assert!(why.contains("nosuch failed: No such file or directory"), "{why}");
}
