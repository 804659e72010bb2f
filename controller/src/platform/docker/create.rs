//! From what is wanted to the engine's request: pure, so that its golden form shows what a tenant's container may do.

use std::{collections::HashMap, net::IpAddr};

use api::types::Size;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig,
    NetworkingConfig, RestartPolicy, RestartPolicyNameEnum,
};

use super::{Config, labels::Labels};
use crate::platform::{AppRef, ContainerSpec, InstanceSpec, RunSpec};

/// All that a container may do beyond an unprivileged process. The same list holds on Kubernetes.
const CAPABILITIES: [&str; 8] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "NET_BIND_SERVICE"];

/// When the machine runs out of memory, apps go before what keeps apps running.
const OOM_SCORE: i64 = 500;

/// Longest host name that Linux takes is 64; a DNS label has 63.
const HOSTNAME: usize = 63;

const LOG_SIZE: &str = "5m";
const LOG_FILES: &str = "2";

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The engine refuses to reserve less.
const LEAST_RESERVATION: u64 = 6 << 20;
/// The kernel knows no smaller weight.
const LEAST_SHARES: i64 = 2;

/// The request that creates an instance in the network with the id `network`.
pub(super) fn instance(
    config: &Config,
    labels: &Labels,
    app: &AppRef,
    spec: &InstanceSpec,
    network: &str,
) -> ContainerCreateBody {
    ContainerCreateBody {
        labels: Some(labels.of_instance(app, spec)),
        networking_config: Some(endpoint(network, spec.address)),
        host_config: Some(HostConfig {
            restart_policy: Some(restart(RestartPolicyNameEnum::UNLESS_STOPPED)),
            ..host(config, &spec.container, network)
        }),
        ..container(&spec.name, &spec.container)
    }
}

/// The request that creates a one-off run there, for somebody who is attached to it.
pub(super) fn attached(
    config: &Config,
    labels: &Labels,
    app: &AppRef,
    spec: &RunSpec,
    (network, terminal): (&str, Option<Size>),
) -> ContainerCreateBody {
    let mut request = run(config, labels, app, spec, network);
    request.attach_stdin = Some(true);
    request.open_stdin = Some(true);
    // The end of our input is the end of the command's.
    request.stdin_once = Some(true);
    request.tty = Some(terminal.is_some());
    if let Some(size) = terminal {
        request.host_config.get_or_insert_default().console_size = Some(vec![size.rows.into(), size.columns.into()]);
    } else {
        // To our init: signals go to all that a command line started, as from a terminal.
        request.env.get_or_insert_default().push("TINI_KILL_PROCESS_GROUP=1".to_owned());
    }
    request
}

/// The request that creates a one-off run there.
pub(super) fn run(
    config: &Config,
    labels: &Labels,
    app: &AppRef,
    spec: &RunSpec,
    network: &str,
) -> ContainerCreateBody {
    ContainerCreateBody {
        labels: Some(labels.of_run(app)),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        networking_config: Some(endpoint(network, spec.address)),
        host_config: Some(HostConfig {
            restart_policy: Some(restart(RestartPolicyNameEnum::NO)),
            ..host(config, &spec.container, network)
        }),
        ..container(&spec.name, &spec.container)
    }
}

fn container(name: &str, spec: &ContainerSpec) -> ContainerCreateBody {
    ContainerCreateBody {
        hostname: Some(hostname(name)),
        image: Some(spec.image.clone()),
        entrypoint: spec.entrypoint.clone(),
        cmd: spec.args.clone(),
        env: Some(spec.env.iter().map(|(key, value)| format!("{key}={value}")).collect()),
        // Health is what our own probes say; the image's HEALTHCHECK would only cost the machine.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        ..ContainerCreateBody::default()
    }
}

fn host(config: &Config, spec: &ContainerSpec, network: &str) -> HostConfig {
    // The engine reads 0 as "no limit", which only the operator may say.
    let memory = spec.memory_bytes.filter(|&bytes| bytes > 0).or(config.default_memory).map(clamp);
    HostConfig {
        network_mode: Some(network.to_owned()),
        init: Some(true),
        privileged: Some(false),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(CAPABILITIES.map(str::to_owned).into()),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        pids_limit: Some(config.pids_limit),
        memory,
        memory_swap: memory,
        memory_reservation: spec.memory_request.filter(|&bytes| bytes >= LEAST_RESERVATION).map(clamp),
        cpu_shares: spec.cpu_request.map(shares),
        nano_cpus: spec.cpu_millis.map(|millis| clamp(millis.saturating_mul(NANOS_PER_MILLI))),
        oom_score_adj: Some(OOM_SCORE),
        log_config: Some(log()),
        ..HostConfig::default()
    }
}

/// The engine's weight of a core is 1024, which also is that of a container without one.
fn shares(millis: u64) -> i64 {
    clamp(millis.saturating_mul(1024) / 1000).max(LEAST_SHARES)
}

fn log() -> HostConfigLogConfig {
    let limits = [("max-size", LOG_SIZE), ("max-file", LOG_FILES)];
    HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(limits.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
    }
}

fn restart(name: RestartPolicyNameEnum) -> RestartPolicy {
    RestartPolicy { name: Some(name), maximum_retry_count: None }
}

fn endpoint(network: &str, address: Option<IpAddr>) -> NetworkingConfig {
    let ipam = address
        .map(|address| EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..EndpointIpamConfig::default() });
    let settings = EndpointSettings { ipam_config: ipam, ..EndpointSettings::default() };
    NetworkingConfig { endpoints_config: Some(HashMap::from([(network.to_owned(), settings)])) }
}

/// The end of a name that is too long: there the names of an app differ.
fn hostname(name: &str) -> String {
    let start = name.len().saturating_sub(HOSTNAME);
    name.get(start..).unwrap_or(name).trim_start_matches('-').to_owned()
}

fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
