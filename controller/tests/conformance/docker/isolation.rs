//! What a tenant's process may do, seen from inside its container.

use controller::platform::{Action, NetworkSpec, Readiness, RunOutput, RunSpec, docker::Config};
use futures_util::TryStreamExt;

use super::{bench, bench_with};
use crate::bench::{Bench, soon};

/// What a shell script writes inside a run of the app, and its exit code.
async fn shell(bench: &Bench, change: impl FnOnce(&mut RunSpec), script: &str) -> (String, i64) {
    let mut spec = bench.run_spec("idles").await;
    spec.container.entrypoint = Some(["/bin/bash", "-c", script].map(str::to_owned).into());
    change(&mut spec);
    let run = bench.platform.run(&bench.app, &spec).await.unwrap();
    let steps: Vec<RunOutput> = soon(run.try_collect()).await.unwrap();
    let mut written = Vec::new();
    for step in steps {
        match step {
            RunOutput::Stdout(bytes) | RunOutput::Stderr(bytes) => written.extend(bytes),
            RunOutput::Exited(code) => return (String::from_utf8(written).unwrap(), code),
        }
    }
    panic!("no exit code came")
}

async fn stdout(bench: &Bench, script: &str) -> String {
    shell(bench, |_| {}, script).await.0
}

#[tokio::test]
async fn no_capability_but_the_eight() {
    let Some(bench) = bench().await else { return };
    let status = stdout(&bench, "grep -E '^(CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status").await;
    insta::assert_snapshot!(status.replace('\t', " "), @r"
    CapEff: 00000000000004fb
    CapBnd: 00000000000004fb
    CapAmb: 0000000000000000
    NoNewPrivs: 1
    Seccomp: 2
    ");
}

#[tokio::test]
async fn an_init_reaps_and_nothing_of_the_host_is_there() {
    let Some(bench) = bench().await else { return };
    assert_eq!(stdout(&bench, "cat /proc/1/comm").await, "docker-init\n");
    let (_, code) = shell(&bench, |_| {}, "ls /var/run/docker.sock /run/docker.sock 2>/dev/null | grep .").await;
    assert_eq!(code, 1, "there is an engine socket inside");
}

#[tokio::test]
async fn processes_are_bounded() {
    let Some(bench) = bench_with(|config| Config { pids_limit: 20, ..config }).await else { return };
    let (written, _) = shell(&bench, |_| {}, "for i in {1..50}; do sleep 5 & done; jobs -r | wc -l; kill 0").await;
    assert!(written.contains("fork: retry: Resource temporarily unavailable"), "{written}");
}

#[tokio::test]
async fn limits_are_applied() {
    let Some(bench) = bench_with(|config| Config { default_memory: Some(64 << 20), ..config }).await else { return };
    let memory = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null";
    assert_eq!(stdout(&bench, memory).await, format!("{}\n", 64 << 20), "the operator's default");
    let (own, _) = shell(&bench, |spec| spec.container.memory_bytes = Some(32 << 20), memory).await;
    assert_eq!(own, format!("{}\n", 32 << 20), "the app's own limit");
    let cpu = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null";
    let (quota, _) = shell(&bench, |spec| spec.container.cpu_millis = Some(500), cpu).await;
    assert!(quota.starts_with("50000"), "{quota}");
}

#[tokio::test]
async fn what_is_requested_is_left_to_it() {
    let Some(bench) = bench().await else { return };
    let request = |spec: &mut RunSpec| {
        spec.container.memory_bytes = Some(64 << 20);
        spec.container.memory_request = Some(32 << 20);
        spec.container.cpu_request = Some(250);
    };
    let memory = "cat /sys/fs/cgroup/memory.low /sys/fs/cgroup/memory/memory.soft_limit_in_bytes 2>/dev/null";
    let (reserved, _) = shell(&bench, request, memory).await;
    assert_eq!(reserved, format!("{}\n", 32 << 20));
    // A quarter of the weight that those without have: 1024 or, where groups have one hierarchy, 100 or less.
    let cpu = "cat /sys/fs/cgroup/cpu.weight /sys/fs/cgroup/cpu/cpu.shares 2>/dev/null";
    let weight = async |change: fn(&mut RunSpec)| shell(&bench, change, cpu).await.0.trim().parse::<u32>().unwrap();
    let (own, usual) = (weight(|spec| spec.container.cpu_request = Some(250)).await, weight(|_| ()).await);
    assert!(own * 2 < usual, "{own} {usual}");
}

#[tokio::test]
async fn an_impossible_limit_is_refused_in_words() {
    let Some(bench) = bench().await else { return };
    let mut spec = bench.spec("idles").await;
    spec.container.memory_bytes = Some(1 << 20);
    let refused = bench.apply(Action::Start(Box::new(spec))).await.unwrap_err();
    insta::assert_snapshot!(refused, @"Minimum memory limit allowed is 6MB");
}

#[tokio::test]
async fn addresses_are_fixed_and_names_are_the_instances() {
    let Some(bench) = bench().await else { return };
    let NetworkSpec { subnet, .. } = bench.network().await;
    let address = subnet.hosts().nth(76).unwrap();
    let place = |spec: &mut RunSpec| spec.address = Some(address.into());
    let (seen, _) = shell(&bench, place, "ip -4 -o address show eth0; hostname").await;
    assert!(seen.contains(&format!("inet {address}/24 ")), "{seen}");
    assert!(seen.contains(&format!("{}-run-", bench.app.platform_name)), "{seen}");
}

#[tokio::test]
async fn apps_do_not_reach_each_other() {
    let (Some(bench), Some(other)) = (bench().await, bench().await) else { return };
    let NetworkSpec { subnet, .. } = bench.network().await;
    let mut spec = bench.spec("serves").await;
    let address = subnet.hosts().nth(9).unwrap();
    spec.address = Some(address.into());
    let id = bench.start(&spec).await;
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    let script = format!("echo | nc -w 2 {address} 8080");
    assert_eq!(shell(&bench, |_| {}, &script).await.1, 0, "an app reaches its own instances");
    assert_ne!(shell(&other, |_| {}, &script).await.1, 0, "another app reached them, too");
}

#[tokio::test]
async fn long_lines_come_in_parts() {
    let Some(bench) = bench().await else { return };
    let mut spec = bench.spec("idles").await;
    spec.container.entrypoint =
        Some(["/bin/bash", "-c", "printf '%040000d\\nend\\n' 0; sleep 3600"].map(str::to_owned).into());
    let id = bench.start(&spec).await;
    let log = bench.platform.logs(&id, None).await.unwrap();
    let mut sizes = Vec::new();
    let mut log = std::pin::pin!(log);
    while sizes.last() != Some(&3) {
        sizes.push(soon(log.try_next()).await.unwrap().unwrap().text.len());
    }
    assert_eq!(sizes, [16384, 16384, 7232, 3]);
}

/// Another installation on the same engine, with the same app even, is another world.
#[tokio::test]
async fn installations_leave_each_other_alone() {
    let (Some(bench), Some(mut other)) = (bench().await, bench().await) else { return };
    other.app = bench.app.clone();
    let spec = bench.spec("serves").await;
    let id = bench.start(&spec).await;
    assert_eq!(other.observe().await, controller::platform::Observed::default());
    other.stop(&id).await;
    other.kill(&id).await;
    other.remove(&id).await.unwrap();
    let networks = bench.observe().await.networks;
    other.apply(Action::RemoveNetwork { id: networks[0].id.clone() }).await.unwrap();
    other.network().await;
    let refused = other.apply(Action::Start(Box::new(spec))).await.unwrap_err();
    assert!(refused.to_string().contains("does not belong to this app"), "{refused}");
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    assert_eq!(bench.observe().await.networks, networks);
}
