//! Requests that nobody thought of, made by schemathesis out of the document: none is answered with a fault, and none with
//! what the document does not tell of.

use std::{fmt::Write, fs, process::Stdio, time::Duration};

use axum::{
    body::{Body, HttpBody},
    http::StatusCode,
    middleware::map_response,
    response::Response,
};
use controller::{platform::memory::Script, state::Settings};
use futures_util::{StreamExt, stream::unfold};
use serde_json::json;
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    process::Command,
    time::{Instant, timeout_at},
};

use crate::{
    certs,
    harness::{Client, Installation},
};

/// What is tried, how often per operation, and how many cases there are at least.
struct Size {
    phases: &'static str,
    examples: u32,
    cases: usize,
}

/// The edges of each schema (`coverage`) alone are 2,000 cases.
const SAMPLE: Size = Size { phases: "fuzzing,stateful", examples: 3, cases: 200 };
const FULL: Size = Size { phases: "examples,coverage,fuzzing,stateful", examples: 280, cases: 20_000 };

/// How long an answer that would go on for ever does.
const STREAMED: Duration = Duration::from_millis(200);

/// Whose it is to destroy what the others need: these are asked last.
const LAST: [&str; 3] = ["delete-apps-id", "post-apps-id", "delete-auth-cancel"];

mod admin {
    use super::{PgPool, Role};

    #[sqlx::test(migrations = "../migrations")]
    async fn every_answer_is_as_the_document_says(pool: PgPool) {
        super::try_all(pool, Role::Admin).await;
    }
}

mod owner {
    use super::{PgPool, Role};

    #[sqlx::test(migrations = "../migrations")]
    async fn every_answer_is_as_the_document_says(pool: PgPool) {
        super::try_all(pool, Role::Owner).await;
    }
}

mod stranger {
    use super::{PgPool, Role};

    #[sqlx::test(migrations = "../migrations")]
    async fn every_answer_is_as_the_document_says(pool: PgPool) {
        super::try_all(pool, Role::Stranger).await;
    }
}

/// As whom.
#[derive(Clone, Copy)]
enum Role {
    Admin,
    Owner,
    Stranger,
}

#[allow(clippy::print_stdout, reason = "what was tried is what scripts/prove is asked for")]
async fn try_all(pool: PgPool, role: Role) {
    let Some(program) = std::env::var_os("SLIPWAY_TEST_SCHEMATHESIS") else {
        panic!("SLIPWAY_TEST_SCHEMATHESIS names the program (pip install schemathesis); scripts/test does")
    };
    let size = if std::env::var_os("SLIPWAY_PROVE").is_some() { FULL } else { SAMPLE };
    // A deploy that does not come up is one of the answers.
    let settings = Settings { deploy_timeout: 3, grace_period: 1, ..Settings::default() };
    let (installation, admin) = Installation::with_settings(pool, settings).await.administered().await;
    let owner = furnished(&installation, &admin).await;
    let stranger = installation.user(&admin, "stranger").await;
    let caller = match role {
        Role::Admin => admin,
        Role::Owner => owner.clone(),
        Role::Stranger => stranger,
    };
    // Not a login's token: to revoke those is among what is tried.
    let made = caller.post("/v2/auth/api-tokens", json!({"name": "schemathesis", "scopes": ["global"]})).await;
    let token = made.expect(StatusCode::CREATED).json()["token"].as_str().unwrap().to_owned();
    let address = serve(&installation).await;
    let files = TempDir::new().unwrap();
    fs::write(files.path().join("schemathesis.toml"), config(&token, &things(&owner).await)).unwrap();
    let mut cases = 0;
    for (flag, ids) in [("--exclude-operation-id", LAST), ("--include-operation-id", LAST)] {
        let mut command = Command::new(&program);
        command.current_dir(files.path()).args(["run", &format!("{address}/v2/openapi.json"), "--no-color"]);
        command.args([
            "--max-examples",
            &size.examples.to_string(),
            "--generation-database",
            "none",
            "--warnings",
            "off",
        ]);
        command.args(["--phases", size.phases, "--continue-on-failure", "--request-timeout", "30"]);
        for id in ids {
            command.args([flag, id]);
        }
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        println!("{text}");
        cases += generated(&text);
    }
    assert!(cases >= size.cases, "{cases} cases are too few");
}

/// How many cases the program says it made.
fn generated(text: &str) -> usize {
    let line = text.lines().find(|line| line.contains("generated")).unwrap_or_else(|| panic!("no count: {text}"));
    let number = line.split_whitespace().find_map(|word| word.replace(',', "").parse().ok());
    number.unwrap_or_else(|| panic!("no number: {line}"))
}

/// An app `blog` of the owner with something of every kind.
async fn furnished(installation: &Installation, admin: &Client) -> Client {
    // No command can be executed in it, so that every run ends at once.
    let image = Script { commands: [].into(), ..Script::serves(5000) };
    installation.platform.image("example:latest", image);
    installation.platform.image("broken:latest", Script::exits(1, &["no"]));
    let owner = installation.user(admin, "owner").await;
    for (path, body) in [
        ("/v2/apps", json!({"id": "blog"})),
        ("/v2/apps/blog/builds", json!({"image": "example"})),
        ("/v2/apps/blog/config", json!({"values": {"GREETING": "hello"}, "tags": {}})),
        ("/v2/apps/blog/domains", json!({"domain": "blog.example"})),
        ("/v2/apps/blog/drains", json!({"url": "syslog://logs.example"})),
        ("/v2/apps/blog/perms", json!({"username": "admin"})),
        (
            "/v2/apps/blog/settings",
            json!({"maintenance": true, "autoscale": {"cmd": {"min": 1, "max": 2, "cpu_percent": 50}}}),
        ),
        ("/v2/apps/blog/whitelist", json!({"addresses": ["192.0.2.0/24"]})),
        ("/v2/keys", json!({"id": "key", "public": KEY})),
    ] {
        owner.post(path, body).await.expect(StatusCode::CREATED);
    }
    certs::add(&owner, "cert").await.expect(StatusCode::CREATED);
    owner
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl owner";

/// Names that there are, so that more is tried than how unknown ones are refused.
async fn things(owner: &Client) -> Vec<(&'static str, Vec<String>)> {
    let first = async |list: &str, field: &str| {
        let list = owner.get(&format!("/v2/apps/blog/{list}")).await.json();
        list["results"][0][field].as_str().unwrap().to_owned()
    };
    let pod = first("pods", "name").await;
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    vec![
        ("path.id", all(&["blog"])),
        ("path.app", all(&["blog"])),
        ("path.uuid", vec![first("builds", "uuid").await, first("drains", "uuid").await]),
        ("path.version", all(&["v1", "v2", "v3"])),
        ("path.type", all(&["cmd", "web"])),
        ("path.name", vec![pod, "cert".to_owned(), "job".to_owned()]),
        ("path.domain", all(&["blog.example", "www.example"])),
        ("path.username", all(&["admin", "owner", "stranger"])),
        ("path.key", all(&["key"])),
        ("body.image", all(&["example", "broken", "missing"])),
        ("body.username", all(&["admin", "owner", "stranger"])),
        ("body.domain", all(&["blog.example", "www.example"])),
        ("body.url", all(&["https://logs.example/v1", "syslog+tls://logs.example", "syslog://127.0.0.1"])),
        ("body.procfile_type", all(&["cmd", "web"])),
        ("body.command", all(&["true"])),
    ]
}

/// What the program is told: as whom it calls, what counts as wrong, and names that there are.
fn config(token: &str, things: &[(&str, Vec<String>)]) -> String {
    let mut text = format!(
        "headers = {{ Authorization = \"token {token}\" }}\n\
         [checks]\n\
         enabled = false\n\
         not_a_server_error = {{ enabled = true, expected-statuses = [\"2xx\", \"3xx\", \"4xx\", \"503\"] }}\n\
         status_code_conformance.enabled = true\n\
         content_type_conformance.enabled = true\n\
         response_headers_conformance.enabled = true\n\
         response_schema_conformance.enabled = true\n\
         unsupported_method.enabled = true\n\
         allow_header_conformance.enabled = true\n",
    );
    let (mut dictionaries, mut parameters) = (String::new(), "[parameters]\n".to_owned());
    for (at, (parameter, names)) in things.iter().enumerate() {
        let _ = writeln!(dictionaries, "[dictionaries.d{at}]\nvalues = {}", json!(names));
        let _ = writeln!(parameters, "\"{parameter}\" = {{ dictionary = \"d{at}\", probability = 0.8 }}");
    }
    text += &dictionaries;
    text + &parameters
}

/// Serves the API at a port; answers that would go on for ever are cut off.
async fn serve(installation: &Installation) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = installation.router().layer(map_response(cut));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn cut(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    if body.size_hint().exact().is_some() {
        return Response::from_parts(parts, body);
    }
    let deadline = Instant::now() + STREAMED;
    let stream = unfold(body.into_data_stream(), move |mut stream| async move {
        let next = timeout_at(deadline, stream.next()).await.ok()??;
        Some((next, stream))
    });
    Response::from_parts(parts, Body::from_stream(stream))
}
