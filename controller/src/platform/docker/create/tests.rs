//! What is asked of the engine, in full.

use std::collections::BTreeMap;

use api::{
    names::{ConfigKey, ProcessType},
    types::Size,
};
use bollard::models::ContainerCreateBody;
use uuid::Uuid;

use super::{attached, hostname, instance, run};
use crate::platform::{
    AppRef, ContainerSpec, InstanceSpec, RunSpec,
    docker::{Config, labels::Labels},
};

fn app() -> AppRef {
    AppRef { uuid: Uuid::from_u128(2), platform_name: "blog".parse().unwrap() }
}

fn container() -> ContainerSpec {
    ContainerSpec {
        image: "registry.example/blog@sha256:00".to_owned(),
        entrypoint: Some(vec!["/bin/bash".to_owned(), "-c".to_owned()]),
        args: Some(vec!["exec serve --port $PORT".to_owned()]),
        env: BTreeMap::from([(ConfigKey::parse("SECRET").unwrap(), "s3cret".to_owned())]),
        memory_bytes: Some(64 << 20),
        memory_request: Some(32 << 20),
        cpu_millis: Some(250),
        cpu_request: Some(100),
    }
}

fn request() -> ContainerCreateBody {
    let spec = InstanceSpec {
        name: "blog-web-3f9a1c07-1vxqg".to_owned(),
        process_type: ProcessType::web(),
        release: Uuid::from_u128(3),
        address: Some("10.213.7.2".parse().unwrap()),
        container: container(),
        port: Some(5000),
        readiness: None,
        liveness: None,
    };
    let config = Config::new(Uuid::from_u128(1));
    instance(&config, &Labels::new(config.installation), &app(), &spec, "network-id")
}

#[test]
fn an_instance() {
    let request = ContainerCreateBody { host_config: None, ..request() };
    insta::with_settings!({sort_maps => true}, {
        insta::assert_json_snapshot!(request, @r#"
    {
      "Hostname": "blog-web-3f9a1c07-1vxqg",
      "Env": [
        "SECRET=s3cret"
      ],
      "Cmd": [
        "exec serve --port $PORT"
      ],
      "Healthcheck": {
        "Test": [
          "NONE"
        ]
      },
      "Image": "registry.example/blog@sha256:00",
      "Entrypoint": [
        "/bin/bash",
        "-c"
      ],
      "Labels": {
        "io.slipway.app": "00000000-0000-0000-0000-000000000002",
        "io.slipway.checks": "{\"port\":5000}",
        "io.slipway.installation": "00000000-0000-0000-0000-000000000001",
        "io.slipway.kind": "instance",
        "io.slipway.release": "00000000-0000-0000-0000-000000000003",
        "io.slipway.type": "web"
      },
      "NetworkingConfig": {
        "EndpointsConfig": {
          "network-id": {
            "IPAMConfig": {
              "IPv4Address": "10.213.7.2"
            }
          }
        }
      }
    }
    "#);
    });
}

/// Whatever a tenant's container may do stands here: read every change of it twice.
#[test]
fn what_it_may_do() {
    insta::with_settings!({sort_maps => true}, {
        insta::assert_json_snapshot!(request().host_config, @r#"
    {
      "CpuShares": 102,
      "Memory": 67108864,
      "MemoryReservation": 33554432,
      "MemorySwap": 67108864,
      "NanoCpus": 250000000,
      "Init": true,
      "PidsLimit": 1024,
      "LogConfig": {
        "Type": "json-file",
        "Config": {
          "max-file": "2",
          "max-size": "5m"
        }
      },
      "NetworkMode": "network-id",
      "RestartPolicy": {
        "Name": "unless-stopped"
      },
      "CapAdd": [
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "NET_BIND_SERVICE"
      ],
      "CapDrop": [
        "ALL"
      ],
      "OomScoreAdj": 500,
      "Privileged": false,
      "SecurityOpt": [
        "no-new-privileges:true"
      ]
    }
    "#);
    });
}

#[test]
fn a_run_ends_for_good() {
    let spec = RunSpec { name: "blog-run-1vxqg".to_owned(), address: None, container: container() };
    let config = Config { default_memory: Some(1 << 30), ..Config::new(Uuid::from_u128(1)) };
    let request = run(&config, &Labels::new(config.installation), &app(), &spec, "network-id");
    let host = request.host_config.unwrap();
    insta::assert_compact_json_snapshot!(host.restart_policy, @r#"{"Name": "no"}"#);
    let endpoints = request.networking_config;
    insta::assert_compact_json_snapshot!(endpoints, @r#"{"EndpointsConfig": {"network-id": {}}}"#);
    assert_eq!(host.memory, Some(64 << 20), "the app's limit goes before the operator's");
    let spec = RunSpec { container: ContainerSpec { memory_bytes: Some(0), ..container() }, ..spec };
    let request = run(&config, &Labels::new(config.installation), &app(), &spec, "network-id");
    assert_eq!(request.host_config.unwrap().memory, Some(1 << 30), "0 is no way around the operator's");
}

#[test]
fn whoever_is_attached_may_do_no_more_than_others() {
    let spec = RunSpec { name: "blog-run-1vxqg".to_owned(), address: None, container: container() };
    let config = Config::new(Uuid::from_u128(1));
    let labels = Labels::new(config.installation);
    let plain = run(&config, &labels, &app(), &spec, "network-id");
    for terminal in [None, Some(Size { rows: 24, columns: 80 })] {
        let mut request = attached(&config, &labels, &app(), &spec, ("network-id", terminal));
        let ways = (request.tty.take(), request.open_stdin.take(), request.stdin_once.take());
        assert_eq!(ways, (Some(terminal.is_some()), Some(true), Some(true)));
        request.attach_stdin = None;
        // All else is the same: what it is beside, and how large its terminal is.
        request.env.clone_from(&plain.env);
        request.host_config.as_mut().unwrap().console_size = None;
        assert_eq!(request, plain);
    }
}

#[test]
fn host_names_keep_the_end_that_tells_instances_apart() {
    assert_eq!(hostname("blog-web-3f9a1c07-1vxqg"), "blog-web-3f9a1c07-1vxqg");
    let long = format!("{}-{}-3f9a1c07-1vxqg", "a".repeat(30), "b".repeat(32));
    assert!(hostname(&long).len() <= 63 && hostname(&long).ends_with("b-3f9a1c07-1vxqg"));
}
