//! What a session leaves behind in an instance of the engine: nothing.

use std::collections::BTreeMap;

use api::types::Size;
use bollard::query_parameters::TopOptionsBuilder;
use controller::platform::{ExecSpec, InstanceId, RunOutput, Started};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::{bench, engine};
use crate::bench::{Bench, eventually, soon};

const TERMINAL: Option<Size> = Some(Size { rows: 24, columns: 80 });

/// The command lines of the processes in an instance.
async fn processes(id: &InstanceId) -> Vec<String> {
    let options = TopOptionsBuilder::new().ps_args("-eo pid,args").build();
    let top = engine().top_processes(&id.0, Some(options)).await.unwrap();
    top.processes.unwrap_or_default().into_iter().map(|columns| columns[1..].join(" ")).collect()
}

/// Begins a command that leaves others in the background, and waits until all of them run.
async fn begin(bench: &Bench, id: &InstanceId, terminal: Option<Size>) -> controller::platform::Attached {
    let line = "trap '' HUP; (exec sleep 1001) & set -m; sleep 1002 & echo all; sleep 1003";
    let start = Started::Line(line.to_owned());
    let spec = ExecSpec { shells: &["/bin/bash"], start, env: BTreeMap::new(), terminal };
    let mut attached = bench.platform.exec(&bench.app, id, &spec).await.unwrap();
    while let Some(Ok(RunOutput::Stdout(bytes) | RunOutput::Stderr(bytes))) = soon(attached.output.next()).await {
        if String::from_utf8_lossy(&bytes).contains("all") {
            break;
        }
    }
    let count = |all: &Vec<String>| all.iter().filter(|one| one.starts_with("sleep 100")).count() == 3;
    eventually(async || processes(id).await, count).await;
    attached
}

#[tokio::test]
async fn whoever_goes_away_leaves_nothing_in_an_instance() {
    let Some(bench) = bench().await else { return };
    let id = bench.started("idles").await;
    let alone = processes(&id).await;
    for terminal in [None, TERMINAL] {
        drop(begin(&bench, &id, terminal).await);
        eventually(async || processes(&id).await, |left| *left == alone).await;
    }
}

#[tokio::test]
async fn no_key_is_the_engines() {
    let Some(bench) = bench().await else { return };
    let id = bench.started("idles").await;
    let start = Started::Line("stty raw -echo; echo ready; head -c 5 | od -An -tx1".to_owned());
    let spec = ExecSpec { shells: &["/bin/bash"], start, env: BTreeMap::new(), terminal: TERMINAL };
    let mut attached = bench.platform.exec(&bench.app, &id, &spec).await.unwrap();
    let (mut shown, mut typed) = (String::new(), false);
    while let Some(Ok(RunOutput::Stdout(bytes))) = soon(attached.output.next()).await {
        shown += &String::from_utf8_lossy(&bytes);
        if shown.contains("ready") && !typed {
            typed = true;
            // Ctrl-P and Ctrl-Q, by which the engine would let go, and a zero byte.
            attached.input.write_all(b"\x10\x11\x00ab").await.unwrap();
        }
    }
    assert!(shown.contains("10 11 00 61 62"), "{shown:?}");
}

#[tokio::test]
async fn a_terminal_may_be_sent_any_byte() {
    let Some(bench) = bench().await else { return };
    let id = bench.started("idles").await;
    let start = Started::Line("stty raw; printf '\\000\\001\\377'; sleep 0.2; printf '\\001end'".to_owned());
    let spec = ExecSpec { shells: &["/bin/bash"], start, env: BTreeMap::new(), terminal: TERMINAL };
    let mut attached = bench.platform.exec(&bench.app, &id, &spec).await.unwrap();
    let mut shown = Vec::new();
    while let Some(Ok(RunOutput::Stdout(bytes))) = soon(attached.output.next()).await {
        shown.extend_from_slice(&bytes);
    }
    assert_eq!(shown, b"\x00\x01\xff\x01end");
}
