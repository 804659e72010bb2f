//! A user with a home directory, and a controller of which a test decides what it answers.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_mycli");
/// When everything in these tests happened.
pub const AT: &str = "2024-05-01T10:00:00Z";
/// The uuid of everything in these tests.
pub const UUID: &str = "0190b3f4-0000-7000-8000-000000000001";

/// One user, one controller.
pub struct World {
    /// The controller.
    pub server: MockServer,
    /// Home and working directory of the user.
    pub home: TempDir,
    program: PathBuf,
}

impl World {
    /// A user who has never logged in.
    pub async fn new() -> Self {
        let home = TempDir::new().unwrap();
        Self { server: MockServer::start().await, home, program: BINARY.into() }
    }

    /// A user who has never logged in and whose home is a new folder below `place`.
    pub async fn living_at(place: &Path) -> Self {
        let home = TempDir::new_in(place).unwrap();
        Self { server: MockServer::start().await, home, program: BINARY.into() }
    }

    /// A user who is logged in as `admin`.
    pub async fn logged_in() -> Self {
        let world = Self::new().await;
        world.write_settings(&json!({
            "username": "admin",
            "ssl_verify": true,
            "controller": world.server.uri(),
            "token": "s3cret",
            "response_limit": 0,
        }));
        world
    }

    /// The same, with the program installed under another name.
    pub async fn under_name(name: &str) -> Self {
        let mut world = Self::logged_in().await;
        world.program = world.home.path().join(name);
        symlink(BINARY, &world.program).unwrap();
        fs::rename(world.home.path().join(".mycli"), world.home.path().join(format!(".{name}"))).unwrap();
        world
    }

    /// Path of the settings file.
    pub fn settings(&self) -> PathBuf {
        self.home.path().join(".mycli/client.json")
    }

    /// Replaces the settings file.
    pub fn write_settings(&self, settings: &Value) {
        fs::create_dir_all(self.settings().parent().unwrap()).unwrap();
        fs::write(self.settings(), settings.to_string()).unwrap();
    }

    /// Answers `verb path` with `status` and a JSON body.
    pub async fn answers(&self, verb: &str, at: &str, status: u16, body: Value) {
        self.replies(verb, at, ResponseTemplate::new(status).set_body_json(body)).await;
    }

    /// Answers `verb path` with `template`.
    pub async fn replies(&self, verb: &str, at: &str, template: ResponseTemplate) {
        let template = template.append_header("DEIS_API_VERSION", "2.3");
        Mock::given(method(verb)).and(path(at)).respond_with(template).mount(&self.server).await;
    }

    /// What the controller has heard.
    pub async fn heard(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// The body of the last request with this method and path.
    pub async fn body(&self, verb: &str, at: &str) -> Value {
        let heard = self.heard().await;
        let request = heard.iter().rev().find(|one| one.method.as_str() == verb && one.url.path() == at);
        request.unwrap_or_else(|| panic!("nothing heard at {verb} {at}")).body_json().unwrap()
    }

    /// Runs a command line, split at spaces.
    pub fn run(&self, line: &str) -> String {
        self.run_words(&line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>())
    }

    /// Runs a command.
    pub fn run_words(&self, words: &[&str]) -> String {
        self.shown(&self.command().args(words).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command line that reads `input`.
    pub fn run_with(&self, line: &str, input: &str) -> String {
        let mut command = self.command();
        command.args(line.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        self.shown(&child.wait_with_output().unwrap())
    }

    /// What git says in the user's folder.
    pub fn git(&self, args: &[&str]) -> String {
        let output =
            Command::new("git").args(args).current_dir(self.home.path()).env("HOME", self.home.path()).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }

    /// The program in the user's surroundings, and in no others.
    pub fn command(&self) -> Command {
        self.command_of(&self.program)
    }

    /// Another program there.
    pub fn command_of(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.home.path().display()))
            .env("HOME", self.home.path())
            .env("MYCLI_RETRY_SECONDS", "0")
            .env("DEIS_RETRY_SECONDS", "0")
            .current_dir(self.home.path());
        command
    }

    /// Exit code, standard output and standard error, with what differs from run to run replaced.
    pub fn shown(&self, output: &Output) -> String {
        let text = format!(
            "exit: {}\n----- stdout -----\n{}----- stderr -----\n{}",
            output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string()),
            block(&output.stdout),
            block(&output.stderr),
        );
        self.neutral(&text)
    }

    /// The text without the port, the paths and the seconds of this run.
    pub fn neutral(&self, text: &str) -> String {
        let home = self.home.path().to_string_lossy();
        let text = text.replace(&self.server.uri(), "http://controller").replace(&*home, "$HOME");
        text.split_inclusive('\n').map(without_seconds).collect()
    }
}

/// A busy machine takes longer.
fn without_seconds(line: &str) -> String {
    match line.split_once("done in ") {
        Some((head, seconds)) if seconds.trim_end().ends_with('s') => format!("{head}done in <N>s\n"),
        _ => line.to_owned(),
    }
}

/// Text that does not end its last line shows it.
fn block(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.is_empty() || text.ends_with('\n') { text.into_owned() } else { format!("{text}⏎\n") }
}

/// True when guarantees are to be shown at their full size: `scripts/prove` says so.
pub fn prove() -> bool {
    std::env::var_os("SLIPWAY_PROVE").is_some()
}

/// The mode bits of a file.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// One page of a list that has no other.
pub fn page(results: &[Value]) -> Value {
    json!({"count": results.len(), "next": null, "previous": null, "results": results})
}

/// An app.
pub fn app(id: &str) -> Value {
    json!({
        "uuid": UUID, "id": id, "owner": "admin", "structure": {"cmd": 1}, "procfile_structure": {},
        "created": AT, "updated": AT,
    })
}

/// A config; `maps` replaces some of its maps.
pub fn config(maps: &Value) -> Value {
    let mut config = json!({
        "uuid": UUID, "owner": "admin", "app": "blog", "values": {}, "memory": {}, "cpu": {}, "tags": {}, "registry": {},
        "healthcheck": {}, "created": AT, "updated": AT,
    });
    config.as_object_mut().unwrap().extend(maps.as_object().unwrap().clone());
    config
}

/// A running process.
pub fn pod(process_type: &str, end: &str) -> Value {
    let name = format!("blog-{process_type}-3f9a1c07-{end}");
    json!({"name": name, "type": process_type, "state": "up", "release": "v3", "started": AT})
}

/// A domain.
pub fn domain(name: &str) -> Value {
    json!({"owner": "admin", "app": "blog", "domain": name, "created": AT, "updated": AT})
}

/// A certificate of old times.
pub fn certificate(name: &str) -> Value {
    json!({
        "id": 1, "owner": "admin", "name": name, "common_name": "www.example.com",
        "san": ["www.example.com", "example.com"], "domains": ["www.example.com"],
        "fingerprint": "8F:8E:8E:8E:CD:EB", "expires": "2017-12-31T00:00:00Z", "starts": "2016-01-15T00:00:00Z",
        "issuer": "/C=US/CN=ca", "subject": "/C=US/CN=www.example.com", "created": AT, "updated": AT,
    })
}

/// Settings with labels.
pub fn settings(labels: &Value) -> Value {
    json!({
        "uuid": UUID, "owner": "admin", "app": "blog", "maintenance": false, "routable": true, "whitelist": [],
        "autoscale": {}, "label": labels, "created": AT, "updated": AT,
    })
}

/// TLS settings with what is said of https.
pub fn tls(https_enforced: &Value) -> Value {
    json!({
        "uuid": UUID, "owner": "admin", "app": "blog", "https_enforced": https_enforced, "created": AT, "updated": AT,
    })
}

/// A release.
pub fn release(version: u32, summary: &str) -> Value {
    json!({
        "uuid": UUID, "app": "blog", "owner": "admin", "version": version, "summary": summary, "failed": false,
        "exception": null, "config": UUID, "build": UUID, "created": AT, "updated": AT,
    })
}

/// A user.
pub fn user(name: &str, admin: bool) -> Value {
    json!({
        "username": name, "email": format!("{name}@example.com"), "first_name": "", "last_name": "",
        "is_superuser": admin, "is_staff": admin, "is_active": true, "groups": [], "user_permissions": [],
        "last_login": null, "date_joined": AT,
    })
}

/// A token of a program, as `GET /v2/auth/api-tokens` lists it.
pub fn token(name: &str) -> Value {
    json!({
        "uuid": UUID, "name": name, "scopes": ["read"], "apps": null, "created": AT, "expires": AT, "expired": false,
    })
}

/// The same as it is answered when it is made.
pub fn new_token(name: &str) -> Value {
    let mut token = token(name);
    token["token"] = "sw_api_0123".into();
    token
}

/// A row of `GET /v2/audit`.
pub fn audit_entry(action: &str, outcome: &str) -> Value {
    json!({
        "created": AT, "user": "ana", "via": "api", "token": "ci", "address": "192.0.2.7", "action": action,
        "target": "PORT", "app_uuid": UUID, "app": "blog", "outcome": outcome, "request_id": UUID,
    })
}
