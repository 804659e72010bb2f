//! How our own parts are started: options and paths as their arguments, what is secret in the environment.

use std::{ffi::OsString, path::Path};

use super::{
    journal::Journal,
    options::Options,
    part::Part,
    postgres::{self, Database},
    process::{Launch, Mark, launch::Named},
    registry,
    setup::Setup,
    sockets::Sockets,
};
use crate::role::hook_environment;

/// How to start every part that this installation has, in the order of starting.
pub fn all(options: &Options, setup: &Setup, sockets: &Sockets, program: &Path) -> Vec<(Part, Launch)> {
    let postgres = match &setup.database {
        Database::Private(programs) => {
            Some((Part::Postgres, postgres::launch(programs, &setup.paths, &setup.accounts)))
        }
        Database::Named(_) => None,
    };
    let listen = options.pushes.registry_listen;
    let registry = setup
        .pushes
        .registry()
        .map(|registry| (Part::Registry, registry::launch(registry, &setup.paths, &setup.accounts, listen)));
    let builder = setup.pushes.registry().map(|_| (Part::Builder, builder(options, setup, sockets, program)));
    let controller = (Part::Controller, controller(options, setup, sockets, program));
    let router = (Part::Router, router(options, setup, sockets, program));
    postgres.into_iter().chain(registry).chain([controller]).chain(builder).chain([router]).collect()
}

fn controller(options: &Options, setup: &Setup, sockets: &Sockets, program: &Path) -> Launch {
    let paths = &setup.paths;
    let args = Arguments::of("controller")
        .with("--key-file", paths.key())
        .with("--components-file", paths.components())
        .with("--bootstrap-token-hash-file", paths.bootstrap_token_hash())
        .with("--domain", &options.domain)
        .with("--public-port", options.http_port().to_string())
        .with("--registration-mode", &options.registration_mode)
        .with("--logs-dir", paths.logs())
        .with("--drains-file", paths.drains())
        .with("--docker-socket", &options.docker_socket)
        .with("--network-pool", setup.pool.to_string())
        .with("--builder-key-hash-file", paths.builder_key_hash());
    let args = push_arguments(options, setup).into_iter().fold(args, |args, (option, value)| args.with(option, value));
    let defaults = options.defaults.arguments();
    let args = defaults.into_iter().fold(args, |args, (option, value)| args.with(option, value));
    let mut env = vec![("DATABASE_URL".to_owned(), database_url(setup).into())];
    env.extend(options.database_direct_url.iter().map(|url| ("DATABASE_DIRECT_URL".to_owned(), url.into())));
    env.extend(hook_environment(&setup.hooks));
    env.extend(log_level());
    Launch {
        account: setup.accounts.controller.clone(),
        groups: vec![setup.engine_group],
        ..part(Part::Controller, setup, program, args, env, sockets.controllers())
    }
}

/// What only a controller that takes pushes is told.
fn push_arguments(options: &Options, setup: &Setup) -> Vec<(&'static str, OsString)> {
    if setup.pushes.registry().is_none() {
        return Vec::new();
    }
    let paths = &setup.paths;
    vec![
        ("--builds-socket", paths.builds_socket().into()),
        ("--sources-dir", paths.sources().into()),
        ("--builds", options.builds.builds.to_string().into()),
        ("--registry", options.pushes.registry_listen.to_string().into()),
        ("--registry-credential-file", paths.registry_credential().into()),
        ("--ssh-port", options.pushes.ssh_port().to_string().into()),
        ("--ssh-host-keys", paths.host_keys().into()),
    ]
}

fn builder(options: &Options, setup: &Setup, sockets: &Sockets, program: &Path) -> Launch {
    let paths = &setup.paths;
    let args = Arguments::of("builder")
        .with("--internal-socket", paths.internal_socket())
        .with("--credential-file", paths.builder_credential())
        .with("--repositories", paths.repositories())
        .with("--host-keys", paths.host_keys())
        .and(options.pushes.limits.arguments());
    Launch {
        account: setup.accounts.builder.clone(),
        ..part(Part::Builder, setup, program, args, log_level().into_iter().collect(), sockets.builders())
    }
}

fn router(options: &Options, setup: &Setup, sockets: &Sockets, program: &Path) -> Launch {
    let paths = &setup.paths;
    let proxies = options.trusted_proxy.iter().map(ToString::to_string);
    let args = Arguments::of("router")
        .with("--internal-socket", paths.internal_socket())
        .with("--credential-file", paths.router_credential())
        .with("--api-socket", paths.api_socket())
        .with("--domain", &options.domain)
        .with("--table-file", paths.router_data().join("table"))
        .with("--table-key-file", paths.router_key())
        .with("--control-socket", paths.router_control());
    let args = options.https_port().into_iter().fold(args, |args, port| args.with("--https-port", port.to_string()));
    let args = proxies.fold(args, |args, proxy| args.with("--trusted-proxy", proxy));
    let args = options.router_setting.iter().fold(args, |args, setting| args.with("--setting", setting));
    let certificate = options.certificate.is_given().then(|| paths.platform_certificate());
    let args = certificate.into_iter().fold(args, |args, file| args.with("--platform-certificate-file", file));
    part(Part::Router, setup, program, args, log_level().into_iter().collect(), sockets.routers())
}

/// What the parts of this program have in common; run by the router's user, and with access to the internal listener,
/// unless told otherwise.
fn part(
    part: Part,
    setup: &Setup,
    program: &Path,
    args: Arguments,
    env: Vec<(String, OsString)>,
    sockets: Vec<Named>,
) -> Launch {
    Launch {
        program: program.to_owned(),
        args: args.0,
        env,
        account: setup.accounts.router.clone(),
        groups: vec![setup.accounts.internal],
        sockets,
        journal: Journal::new(setup.paths.journals().join(format!("{part}.log"))),
        mark: Mark::new(setup.paths.mark(part.name())),
    }
}

fn database_url(setup: &Setup) -> String {
    match &setup.database {
        Database::Named(url) => url.clone(),
        Database::Private(_) => postgres::url(&setup.paths),
    }
}

/// The supervisor's own level of detail is everybody's.
fn log_level() -> Option<(String, OsString)> {
    std::env::var_os("RUST_LOG").map(|level| ("RUST_LOG".to_owned(), level))
}

/// An argument array in the making.
struct Arguments(Vec<OsString>);

impl Arguments {
    fn of(subcommand: &str) -> Self {
        Self(vec![subcommand.into()])
    }

    fn with(mut self, option: &str, value: impl Into<OsString>) -> Self {
        self.0.extend([option.into(), value.into()]);
        self
    }

    fn and(mut self, arguments: Vec<String>) -> Self {
        self.0.extend(arguments.into_iter().map(OsString::from));
        self
    }
}
