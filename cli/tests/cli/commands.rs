//! Every command of the client with arguments that work, and a controller that does whatever they ask for.
//!
//! What holds for every command is shown over these rows; a command without one fails [`every_command_has_a_row`].

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, process::Output};

use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers::any};

use crate::{
    harness::{
        AT, UUID, World, app, audit_entry, certificate, config, domain, new_token, page, pod, release, settings, tls,
        token, user,
    },
    keys::ED25519,
};

/// A command and what the tests over all commands have to know of it.
pub struct Row {
    /// Its name in full.
    pub name: &'static str,
    /// Arguments with which it succeeds; `CONTROLLER` stands for the controller's address.
    pub arguments: &'static str,
    /// It asks the controller, so that it cannot succeed without one.
    pub asks: bool,
    /// It prints something where it succeeds.
    pub speaks: bool,
    /// It needs a session, which the controller of these tests cannot hold: `session.rs` has one that can.
    pub converses: bool,
}

/// One that asks the controller and tells of it.
const fn row(name: &'static str, arguments: &'static str) -> Row {
    Row { name, arguments, asks: true, speaks: true, converses: false }
}

/// One that needs no controller.
const fn local(name: &'static str, arguments: &'static str) -> Row {
    Row { name, arguments, asks: false, speaks: true, converses: false }
}

/// Every command there is.
pub const ROWS: &[Row] = &[
    row("apps:create", "blog --remote new"),
    row("apps:list", ""),
    row("apps:info", "-a blog"),
    Row { name: "apps:open", arguments: "-a blog", asks: true, speaks: false, converses: false },
    row("apps:logs", "-a blog"),
    row("apps:run", "-a blog env"),
    row("apps:destroy", "-a blog --confirm blog"),
    row("apps:rename", "journal -a blog"),
    row("apps:transfer", "ana -a blog"),
    row("audit:list", "-a blog"),
    row("auth:register", "CONTROLLER --username a --password b --email c@d"),
    row("auth:login", "CONTROLLER --username a --password b"),
    local("auth:logout", ""),
    row("auth:passwd", "--password a --new-password b"),
    row("auth:whoami", "--all"),
    row("auth:cancel", "--username ana --yes"),
    row("auth:regenerate", ""),
    row("autoscale:list", "-a blog"),
    row("autoscale:set", "web --min 1 --max 2 --cpu-percent 50 -a blog"),
    row("autoscale:unset", "web -a blog"),
    row("builds:list", "-a blog"),
    row("builds:info", "-a blog"),
    row("builds:logs", "-a blog"),
    row("builds:cancel", "-a blog"),
    row("builds:create", "example-go -a blog"),
    row("certs:list", ""),
    row("certs:add", "web a.crt a.key"),
    row("certs:remove", "web"),
    row("certs:info", "web"),
    row("certs:attach", "web x.org"),
    row("certs:detach", "web x.org"),
    local("completion", "bash"),
    row("config:list", "-a blog"),
    row("config:set", "A=1 -a blog"),
    row("config:unset", "A -a blog"),
    row("config:pull", "-a blog"),
    row("config:push", "-a blog --path prod.env"),
    // What is wrong stands in its report, not in an error: it has tests of its own.
    local("doctor", "--help"),
    row("domains:list", "-a blog"),
    row("domains:add", "x.org -a blog"),
    row("domains:remove", "x.org -a blog"),
    row("drains:list", "-a blog"),
    row("drains:add", "syslog+tls://logs.example.com:6514 -a blog"),
    row("drains:remove", "syslog+tls://logs.example.com:6514 -a blog"),
    row("git:remote", "-a blog --remote other"),
    local("git:remove", "-a blog"),
    row("healthchecks:list", "-a blog"),
    row("healthchecks:set", "liveness httpGet 80 -a blog"),
    row("healthchecks:unset", "liveness -a blog"),
    row("keys:list", ""),
    row("keys:add", "laptop a.pub --trust-host"),
    row("keys:remove", "laptop"),
    row("labels:list", "-a blog"),
    row("labels:set", "a=b -a blog"),
    row("labels:unset", "a -a blog"),
    row("limits:list", "-a blog"),
    row("limits:set", "web=1G -a blog"),
    row("limits:unset", "web -a blog"),
    row("maintenance:info", "-a blog"),
    row("maintenance:on", "-a blog"),
    row("maintenance:off", "-a blog"),
    row("perms:list", "-a blog"),
    row("perms:create", "ana -a blog"),
    row("perms:delete", "ana -a blog"),
    local("profiles:list", ""),
    local("profiles:use", "client"),
    local("profiles:remove", "old --confirm"),
    row("ps:list", "-a blog"),
    row("ps:scale", "web=1 -a blog"),
    row("ps:restart", "-a blog"),
    Row { converses: true, speaks: false, ..row("ps:exec", "-a blog -- ls") },
    row("registry:list", "-a blog"),
    row("registry:set", "username=a -a blog"),
    row("registry:unset", "username -a blog"),
    row("releases:list", "-a blog"),
    row("releases:info", "v1 -a blog"),
    row("releases:rollback", "-a blog"),
    row("routing:info", "-a blog"),
    row("routing:enable", "-a blog"),
    row("routing:disable", "-a blog"),
    row("routing:list", "-a blog"),
    row("routing:set", "tcpTimeout=1h -a blog"),
    row("routing:unset", "tcpTimeout -a blog"),
    row("runs:list", "-a blog"),
    row("runs:stop", "nightly -a blog"),
    row("services:list", "-a blog"),
    row("services:add", "--type api --route /api -a blog"),
    row("services:remove", "api -a blog"),
    local("shortcuts:list", ""),
    row("tags:list", "-a blog"),
    row("tags:set", "rack=1 -a blog"),
    row("tags:unset", "rack -a blog"),
    row("timeouts:list", "-a blog"),
    row("timeouts:set", "web=1 -a blog"),
    row("timeouts:unset", "web -a blog"),
    row("tls:info", "-a blog"),
    row("tls:enable", "-a blog"),
    row("tls:disable", "-a blog"),
    row("tokens:list", ""),
    row("tokens:create", "ci --scope read --expires 90d"),
    row("tokens:revoke", "ci"),
    row("users:list", ""),
    row("version", "--all"),
    row("whitelist:list", "-a blog"),
    row("whitelist:add", "10.0.0.0/8,::1 -a blog"),
    row("whitelist:remove", "10.0.0.0/8 -a blog"),
];

impl Row {
    /// Its words for a controller at `uri`.
    pub fn words(&self, uri: &str) -> Vec<String> {
        let arguments = self.arguments.replace("CONTROLLER", uri);
        let words = arguments.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
        [self.name.to_owned()].into_iter().chain(words).collect()
    }

    /// Runs it with its output in pipes and nothing to read.
    pub fn run(&self, world: &World) -> Output {
        let mut command = world.command();
        command.args(self.words(&world.server.uri())).stdin(std::process::Stdio::null()).output().unwrap()
    }
}

/// A user who has everything that any command needs: a repository with a remote, a public key, a browser, a file of config.
pub async fn furnished() -> World {
    let world = World::logged_in().await;
    furnish(&world);
    world
}

/// Puts all of that (back) into place.
pub fn furnish(world: &World) {
    let at = |name: &str| world.home.path().join(name);
    world.write_settings(&json!({
        "username": "admin", "ssl_verify": true, "controller": world.server.uri(), "token": "s3cret", "response_limit": 0,
    }));
    fs::write(at(".mycli/old.json"), json!({"controller": "http://old", "token": "old"}).to_string()).unwrap();
    fs::write(at("a.pub"), ED25519).unwrap();
    fs::write(at("a.crt"), "a certificate\n").unwrap();
    fs::write(at("a.key"), "its key\n").unwrap();
    fs::write(at("prod.env"), "A=1\n").unwrap();
    fs::write(at("xdg-open"), "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(at("xdg-open"), PermissionsExt::from_mode(0o755)).unwrap();
    for gone in [".git", ".ssh"] {
        let _ = fs::remove_dir_all(at(gone));
    }
    let _ = fs::remove_file(at(".env"));
    world.git(&["init", "--quiet"]);
    world.git(&["remote", "add", "mycli", "ssh://git@127.0.0.1:2222/blog.git"]);
}

/// Has the controller do whatever it is asked for, and answer what `change` makes of a good answer.
pub async fn obliges(world: &World, change: impl Fn(Answer) -> Answer + Send + Sync + 'static) {
    let respond = move |request: &Request| {
        let path = request.url.path().trim_matches('/').to_owned();
        change(answer(request.method.as_str(), &path)).template()
    };
    Mock::given(any()).respond_with(respond).mount(&world.server).await;
}

/// What the controller says.
pub enum Answer {
    /// JSON.
    Json(u16, Value),
    /// Lines: of a log, or the events of a run.
    Text(&'static str, String),
}

impl Answer {
    fn template(self) -> ResponseTemplate {
        let template = match self {
            Self::Json(204, _) => ResponseTemplate::new(204),
            Self::Json(status, body) => ResponseTemplate::new(status).set_body_json(body),
            Self::Text(kind, text) => ResponseTemplate::new(200).set_body_raw(text, kind),
        };
        template.append_header("DEIS_API_VERSION", "2.3")
    }
}

const NOTHING: Answer = Answer::Json(204, Value::Null);

/// A good answer to a request.
fn answer(verb: &str, path: &str) -> Answer {
    let segments: Vec<_> = path.split('/').collect();
    match (verb, segments.get(1..).unwrap_or_default()) {
        ("GET", []) if path == "v2" => {
            Answer::Json(401, json!({"detail": "Authentication credentials were not provided."}))
        }
        (_, ["apps", _, rest @ ..]) => of_app(verb, rest),
        ("GET", ["apps"]) => Answer::Json(200, page(&[app("blog")])),
        ("POST", ["apps"]) => Answer::Json(201, app("blog")),
        (_, ["auth", what, ..]) => account(verb, what),
        ("GET", ["certs"]) => Answer::Json(200, page(&[certificate("web")])),
        ("GET", ["certs", _]) => Answer::Json(200, certificate("web")),
        ("POST", ["certs"]) => Answer::Json(201, certificate("web")),
        ("GET", ["keys"]) => Answer::Json(200, page(&[key()])),
        ("POST", ["keys"]) => Answer::Json(201, key()),
        ("GET", ["users"]) => Answer::Json(200, page(&[user("admin", true), user("ana", false)])),
        ("GET", ["info"]) => {
            let ssh = json!({"host": "127.0.0.1", "port": 2222, "host_keys": [ED25519]});
            Answer::Json(
                200,
                json!({"version": "0.1.0", "platform_version": "2.3.0", "domain": "example.com", "ssh": ssh}),
            )
        }
        ("GET", []) => Answer::Text("text/plain", String::new()),
        _ => NOTHING,
    }
}

fn account(verb: &str, what: &str) -> Answer {
    match (verb, what) {
        ("GET", "api-tokens") => Answer::Json(200, page(&[token("ci")])),
        ("POST", "api-tokens") => Answer::Json(201, new_token("ci")),
        (_, "login" | "tokens") => Answer::Json(200, json!({"token": "fresh"})),
        (_, "passwd") => Answer::Json(200, json!({"status": "password set"})),
        ("DELETE", _) => NOTHING,
        _ => Answer::Json(200, user("admin", true)),
    }
}

fn of_app(verb: &str, rest: &[&str]) -> Answer {
    match (verb, rest) {
        ("GET", []) => Answer::Json(200, app("blog")),
        ("GET", ["audit"]) => Answer::Json(200, page(&[audit_entry("config:set", "done")])),
        ("GET", ["logs"]) => Answer::Text("text/plain", format!("{AT} blog[web.1]: hello\n")),
        ("POST", ["run"]) => {
            let events = "{\"type\":\"stdout\",\"data\":\"b25lCg==\"}\n{\"type\":\"exited\",\"code\":0}\n";
            Answer::Text("application/x-ndjson", events.to_owned())
        }
        ("GET", ["runs"]) => Answer::Json(200, json!({"count": 1, "results": [run("nightly")]})),
        (_, ["config"]) => Answer::Json(200, full_config()),
        (_, ["settings"]) => Answer::Json(200, settings(&json!({"team": "frontend"}))),
        ("GET", ["services"]) => {
            Answer::Json(200, json!({"services": [{"procfile_type": "api", "path_pattern": "/api"}]}))
        }
        ("GET" | "POST", ["whitelist"]) => Answer::Json(200, json!({"addresses": ["10.0.0.0/8"]})),
        (_, ["tls"]) => Answer::Json(200, tls(&json!(true))),
        ("GET", ["domains"]) => Answer::Json(200, page(&[domain("blog.example.com")])),
        ("GET", ["drains"]) => Answer::Json(200, page(&[drain()])),
        ("POST", ["drains"]) => Answer::Json(201, drain()),
        ("POST", ["domains"]) => Answer::Json(201, domain("x.org")),
        ("GET", ["builds"]) => Answer::Json(200, page(&[build()])),
        ("GET", ["builds", _, "logs"]) => Answer::Text("text/plain", "-----> Building\n".to_owned()),
        ("GET", ["builds", _]) | ("POST", ["builds"]) => Answer::Json(200, build()),
        ("GET", ["pods"]) => Answer::Json(200, page(&[pod("web", "abcde")])),
        ("POST", ["pods", ..]) => Answer::Json(200, json!([pod("web", "abcde")])),
        ("GET", ["releases"]) => {
            Answer::Json(200, page(&[release(2, "admin deployed x"), release(1, "admin created")]))
        }
        ("GET", ["releases", _]) => Answer::Json(200, release(1, "admin created")),
        ("POST", ["releases", "rollback"]) => Answer::Json(201, json!({"version": 3})),
        ("GET", ["perms"]) => Answer::Json(200, json!({"users": ["ana"]})),
        _ => NOTHING,
    }
}

/// A drain.
pub fn drain() -> Value {
    json!({
        "uuid": UUID, "url": "syslog+tls://logs.example.com:6514", "created": AT, "sent": 42, "dropped": 3, "last_sent": AT,
        "last_error": "the receiver closed the connection", "last_error_at": AT,
    })
}

/// A detached run.
pub fn run(name: &str) -> Value {
    json!({
        "name": name, "command": "rake import", "user": "ana", "release": "v3", "detached": true, "created": AT, "until": AT,
    })
}

fn full_config() -> Value {
    let probe = json!({"httpGet": {"port": 80, "path": "/", "httpHeaders": [{"name": "X", "value": "y"}]}});
    config(&json!({
        "values": {"A": "1", "WORKFLOW_RELEASE": "v2"}, "memory": {"web": "1G"}, "cpu": {"web": "1"},
        "registry": {"username": "ana", "password": "secret"}, "healthcheck": {"web/cmd": {"livenessProbe": probe}},
        "termination_grace_period": {"web": "30"}, "tags": {"disk": "ssd"},
    }))
}

fn build() -> Value {
    json!({
        "uuid": UUID, "app": "blog", "owner": "admin", "image": "example-go", "sha": "3f9a1c07", "procfile": {"web": "serve"},
        "dockerfile": "", "state": "failed", "reason": "it did not start", "created": AT, "updated": AT,
    })
}

fn key() -> Value {
    json!({
        "uuid": UUID, "id": "laptop", "owner": "admin", "public": ED25519, "fingerprint": "d1:9c", "created": AT, "updated": AT,
    })
}

/// The commands that the program itself knows, from the help that clap's tree makes: the topics of the overview, the
/// commands of each. That no topic is missing there is a test of its own, beside the help.
fn known(world: &World) -> BTreeSet<String> {
    let first_words = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with("  "))
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    };
    let overview = world.run("help");
    let (_, ours) = overview.split_once("Commands about this program").unwrap();
    let (ours, _) = ours.split_once("Use 'git push").unwrap();
    let (_, topics) = overview.split_once("Subcommands").unwrap();
    let (topics, _) = topics.split_once("Shortcut").unwrap();
    let mut all: BTreeSet<_> = first_words(ours).into_iter().collect();
    for topic in first_words(topics) {
        all.extend(first_words(&world.run(&format!("help {topic}"))));
    }
    all
}

#[tokio::test]
async fn every_command_has_a_row() {
    let rows: BTreeSet<_> = ROWS.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a command has two rows");
    assert_eq!(rows, known(&World::new().await));
}
