//! From a release to what a platform starts (reference 3.5, 3.8, 3.12). Pure.

use std::collections::BTreeMap;

use api::{
    names::{ConfigKey, ProcessType},
    time::Timestamp,
    types::{Probe, Terminal},
};

use crate::{
    db::{
        app::App,
        build::{Build, Kind},
        config::Document,
        instance::Instance,
        release::Release,
    },
    error::Error,
    operation::healthcheck_of,
    platform::{AppRef, ContainerSpec, ExecSpec, InstanceSpec, RegistryLogin, Started},
    quantity,
};

/// Shells for what is executed in an instance, the best first.
const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];

/// Characters of the longest name of a kind of terminal that is passed on.
const MAX_TERM: usize = 64;

/// Everything that says how a release runs.
#[derive(Clone)]
pub struct Workload {
    /// The release.
    pub release: Release,
    /// Its build.
    pub build: Build,
    /// Its config.
    pub document: Document,
}

/// The app as a platform knows it.
#[must_use]
pub fn app_ref(app: &App) -> AppRef {
    AppRef { uuid: app.uuid, platform_name: app.platform_name.clone() }
}

/// The registry login of a config; half of one is refused, in Deis's words.
pub fn registry_login(document: &Document) -> Result<Option<RegistryLogin>, Error> {
    let entry = |key: &str| document.registry.get(key).cloned();
    match (entry("username"), entry("password")) {
        (Some(username), Some(password)) => Ok(Some(RegistryLogin { username, password, hostname: entry("hostname") })),
        (None, None) => Ok(None),
        _ => Err(Error::BadRequest("Registry auth requires a username and a password".to_owned())),
    }
}

/// What is executed in an instance of a build of that kind: `command`, or a shell where there is none.
#[must_use]
pub fn exec(kind: Kind, command: Option<&str>, terminal: Option<&Terminal>) -> ExecSpec {
    let start = match (kind, command) {
        // It sets up what the app's own processes have, too.
        (Kind::Buildpack, command) => {
            Started::Program(vec!["/runner/init".to_owned(), command.unwrap_or("bash").to_owned()])
        }
        (_, None) => Started::Shell,
        (_, Some(line)) => Started::Line(line.to_owned()),
    };
    let size = terminal.map(|terminal| terminal.size);
    ExecSpec { shells: &SHELLS, start, env: terminal_env(terminal), terminal: size }
}

/// `TERM` of the client's terminal, as far as it is the name of one.
fn terminal_env(terminal: Option<&Terminal>) -> BTreeMap<ConfigKey, String> {
    let named = |kind: &&String| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte);
        (1..=MAX_TERM).contains(&kind.len()) && kind.bytes().all(letter)
    };
    let kind = terminal.and_then(|terminal| terminal.kind.as_ref()).filter(named);
    kind.and_then(|kind| Some((ConfigKey::parse("TERM").ok()?, kind.clone()))).into_iter().collect()
}

impl Workload {
    /// The instance that is wanted.
    #[must_use]
    pub fn instance(&self, app: &App, row: &Instance) -> InstanceSpec {
        let process_type = &row.process_type;
        let port = self.release.resolved.port.filter(|_| row.answers());
        let checks = healthcheck_of(&self.document, process_type).cloned().unwrap_or_default();
        InstanceSpec {
            name: row.name.clone(),
            process_type: process_type.clone(),
            release: self.release.uuid,
            address: row.address,
            container: self.container(app, process_type),
            port,
            readiness: checks.readiness_probe.map(|probe| with_port(probe, port)),
            liveness: checks.liveness_probe.map(|probe| with_port(probe, port)),
        }
    }

    /// The container of a one-off run of `command`, on a terminal perhaps.
    #[must_use]
    pub fn run(&self, app: &App, command: &str, terminal: Option<&Terminal>) -> ContainerSpec {
        let (entrypoint, args) = self.shell(command);
        let mut container = self.bare_container(app, &ProcessType::run());
        for (key, value) in terminal_env(terminal) {
            container.env.entry(key).or_insert(value);
        }
        ContainerSpec { entrypoint: Some(entrypoint), args: Some(args), ..container }
    }

    /// Seconds from SIGTERM to SIGKILL for a type.
    #[must_use]
    pub fn grace(&self, process_type: &ProcessType, default: u32) -> u32 {
        let seconds = |text: &String| text.parse().ok();
        let of_type = self.document.termination_grace_period.get(process_type).and_then(seconds);
        let of_app = || self.document.values.get("KUBERNETES_POD_TERMINATION_GRACE_PERIOD_SECONDS").and_then(seconds);
        of_type.or_else(of_app).unwrap_or(default)
    }

    /// Seconds in which an instance of a type must prove healthy.
    #[must_use]
    pub fn patience(&self, process_type: &ProcessType) -> u32 {
        let checks = healthcheck_of(&self.document, process_type);
        let delay = |probe: Option<&Probe>| probe.map_or(0, |probe| probe.initial_delay_seconds);
        let delays = checks
            .map_or(0, |checks| delay(checks.readiness_probe.as_ref()).max(delay(checks.liveness_probe.as_ref())));
        self.release.resolved.deploy_timeout + delays
    }

    fn container(&self, app: &App, process_type: &ProcessType) -> ContainerSpec {
        let (entrypoint, args) = self.command(process_type);
        ContainerSpec { entrypoint, args, ..self.bare_container(app, process_type) }
    }

    fn bare_container(&self, app: &App, process_type: &ProcessType) -> ContainerSpec {
        let limit = |map: &BTreeMap<ProcessType, String>, read: fn(&str) -> Option<u64>| {
            map.get(process_type).and_then(|text| read(text)).filter(|limit| *limit > 0)
        };
        ContainerSpec {
            image: self.build.image_ref.clone(),
            entrypoint: None,
            args: None,
            env: self.env(app),
            memory_bytes: limit(&self.document.memory, quantity::memory_limit),
            memory_request: limit(&self.document.memory, quantity::memory_request),
            cpu_millis: limit(&self.document.cpu, quantity::cpu_limit),
            cpu_request: limit(&self.document.cpu, quantity::cpu_set_aside),
        }
    }

    fn command(&self, process_type: &ProcessType) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let line = self.build.procfile.get(process_type);
        match (self.build.kind(), line) {
            (Kind::Buildpack, _) => {
                (Some(vec!["/runner/init".to_owned()]), Some(vec!["start".to_owned(), process_type.to_string()]))
            }
            (_, None) => (None, None),
            (_, Some(line)) if *process_type == ProcessType::cmd() => {
                (None, Some(line.split_whitespace().map(str::to_owned).collect()))
            }
            (_, Some(line)) => {
                let (entrypoint, args) = self.shell(line);
                (Some(entrypoint), Some(args))
            }
        }
    }

    /// The one place where a user's text meets a shell: the tenant's own, inside the tenant's own container.
    fn shell(&self, line: &str) -> (Vec<String>, Vec<String>) {
        if self.build.kind() == Kind::Buildpack {
            return (vec!["/runner/init".to_owned()], vec![line.to_owned()]);
        }
        (vec!["/bin/bash".to_owned(), "-c".to_owned()], vec![line.to_owned()])
    }

    fn env(&self, app: &App) -> BTreeMap<ConfigKey, String> {
        let release = &self.release;
        let injected = [
            ("DEIS_APP", Some(release.resolved.app.as_ref().unwrap_or(&app.name).to_string())),
            ("WORKFLOW_RELEASE", Some(format!("v{}", release.version))),
            ("WORKFLOW_RELEASE_SUMMARY", Some(release.summary.clone())),
            ("WORKFLOW_RELEASE_CREATED_AT", Some(Timestamp(release.created_at).to_string())),
            ("SOURCE_VERSION", Some(self.build.sha.chars().take(8).collect::<String>()).filter(|sha| !sha.is_empty())),
            ("PORT", release.resolved.port.map(|port| port.to_string())),
        ];
        let injected = injected.into_iter().filter_map(|(key, value)| Some((ConfigKey::parse(key).ok()?, value?)));
        let mut env: BTreeMap<_, _> = injected.collect();
        env.extend(self.document.values.clone());
        env
    }
}

/// Port 0 in a probe stands for the app's own.
fn with_port(mut probe: Probe, port: Option<u16>) -> Probe {
    let port = port.unwrap_or_default();
    if let Some(http) = probe.http_get.as_mut().filter(|http| http.port == 0) {
        http.port = port;
    }
    if let Some(tcp) = probe.tcp_socket.as_mut().filter(|tcp| tcp.port == 0) {
        tcp.port = port;
    }
    probe
}
