//! Readiness and liveness.

use api::types::Probe;
use controller::platform::Readiness;
use serde_json::json;

use crate::bench::Bench;

fn probe(value: serde_json::Value) -> Probe {
    serde_json::from_value(value).unwrap()
}

fn is_not_ready(readiness: &Readiness) -> bool {
    matches!(readiness, Readiness::NotReady(_))
}

pub async fn a_listening_port_is_ready(bench: &Bench) {
    let id = bench.started("serves").await;
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
}

pub async fn a_silent_port_is_not(bench: &Bench) {
    let id = bench.started("deaf").await;
    let seen = bench.until(&id, |instance| instance.readiness != Readiness::Unknown).await;
    assert_eq!(seen.readiness, Readiness::NotReady("nothing listens on port 8080".to_owned()));
}

pub async fn without_a_port_it_must_settle(bench: &Bench) {
    let spec = bench.spec("idles").await;
    assert_eq!(spec.port, None);
    let id = bench.start(&spec).await;
    let ready = bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    let age = chrono::Utc::now() - ready.started_at.unwrap();
    assert!(age >= chrono::TimeDelta::from_std(controller::platform::SETTLED).unwrap());
}

pub async fn http_probes(bench: &Bench) {
    for (path, ready) in [("/", true), ("/missing", false)] {
        let mut spec = bench.spec("serves").await;
        spec.readiness = Some(probe(json!({"httpGet": {"port": 8080, "path": path}, "failureThreshold": 2})));
        let id = bench.start(&spec).await;
        let seen = bench.until(&id, |instance| instance.readiness != Readiness::Unknown).await;
        assert_eq!(seen.readiness == Readiness::Ready, ready, "{path}: {:?}", seen.readiness);
        if let Readiness::NotReady(why) = seen.readiness {
            assert!(why.contains("GET /missing") && why.contains("404"), "{why}");
        }
    }
}

pub async fn exec_probes(bench: &Bench) {
    for (command, ready) in [("true", true), ("false", false), ("nosuch", false)] {
        let mut spec = bench.spec("idles").await;
        spec.readiness = Some(probe(json!({"exec": {"command": [command]}, "failureThreshold": 1})));
        let id = bench.start(&spec).await;
        let seen = bench.until(&id, |instance| instance.readiness != Readiness::Unknown).await;
        assert_eq!(seen.readiness == Readiness::Ready, ready, "{command}: {:?}", seen.readiness);
        if let Readiness::NotReady(why) = seen.readiness {
            assert!(why.contains(command), "{why}");
        }
    }
}

pub async fn readiness_comes_and_goes(bench: &Bench) {
    let mut spec = bench.spec("closes").await;
    spec.readiness = Some(probe(json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1})));
    let id = bench.start(&spec).await;
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    bench.until(&id, |instance| is_not_ready(&instance.readiness)).await;
}

pub async fn liveness_failures_stay(bench: &Bench) {
    let mut spec = bench.spec("closes").await;
    spec.liveness = Some(probe(json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 2,
        "initialDelaySeconds": 1})));
    let id = bench.start(&spec).await;
    let ready = bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    assert_eq!(ready.liveness_failure, None);
    let failed = bench.until(&id, |instance| instance.liveness_failure.is_some()).await;
    assert_eq!(failed.liveness_failure.unwrap(), "nothing listens on port 8080");
}

pub async fn delays_are_waited_for(bench: &Bench) {
    let mut spec = bench.spec("serves").await;
    spec.readiness = Some(probe(json!({"tcpSocket": {"port": 8080}, "initialDelaySeconds": 2})));
    let id = bench.start(&spec).await;
    let seen = bench.until(&id, |instance| instance.readiness != Readiness::Unknown).await;
    assert_eq!(seen.readiness, Readiness::NotReady("its readiness probe begins 2 s after its start".to_owned()));
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
}
