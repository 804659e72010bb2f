//! Tokens, passwords and values go to the controller and into the files that are theirs, and nowhere else: not to other
//! programs, not into errors, not into what a debugging user has switched on.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::json;
use uuid::Uuid;
use wiremock::{Mock, Request, ResponseTemplate, matchers::any};

use crate::{
    commands::{furnish, furnished, obliges},
    harness::{World, prove},
    terminal::Terminal,
};

/// What a user may have switched on who looks for a fault.
const DEBUG: [(&str, &str); 8] = [
    ("RUST_LOG", "trace"),
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "1"),
    ("DEBUG", "1"),
    ("MYCLI_DEBUG", "1"),
    ("MYCLI_LOG", "trace"),
    ("GIT_TRACE", "1"),
    ("GIT_TRACE_SETUP", "1"),
];

/// Secrets that were given away to the program, by what they are.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    /// A new one.
    fn hatch(&mut self, what: &'static str) -> String {
        let canary = format!("canary{}", Uuid::new_v4().simple());
        self.0.push((what, canary.clone()));
        canary
    }

    /// Those that are in a text, by what they are.
    fn within(&self, text: &str) -> Vec<&'static str> {
        self.0.iter().filter(|(_, canary)| text.contains(canary)).map(|(what, _)| *what).collect()
    }
}

/// A user whose other programs write down what they get: words, environment, standard input.
async fn spied() -> World {
    let world = furnished().await;
    for (name, real) in [("git", "/usr/bin/git"), ("xdg-open", "/bin/true"), ("mycli-sky", "/bin/true")] {
        spy(&world.home.path().join(name), real);
    }
    obliges(&world, |answer| answer).await;
    world
}

fn spy(path: &Path, real: &str) {
    let script = format!(
        "#!/bin/sh\n{{ echo \"== $0\"; tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; readlink /proc/$$/fd/*; }} >>\"$HOME/seen\"\n\
         exec {real} \"$@\"\n"
    );
    fs::write(path, script).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Puts everything back, with a new token.
fn start_over(world: &World, token: &str) {
    furnish(world);
    spy(&world.home.path().join("xdg-open"), "/bin/true");
    world.write_settings(&json!({"username": "admin", "controller": world.server.uri(), "token": token}));
}

/// Runs a command that reads `input`, with all that may be switched on.
fn run(world: &World, line: &str, input: &str) -> Output {
    let mut command = world.command();
    let line = line.replace("CONTROLLER", &world.server.uri());
    command.args(line.split(' ')).envs(DEBUG).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    with_input(command, input)
}

fn with_input(mut command: Command, input: &str) -> Output {
    use std::io::Write as _;
    let mut child = command.spawn().unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What was shown: standard output and standard error.
fn shown(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// One of everything in which a secret is given, and what all of it showed.
fn round(world: &World, canaries: &mut Canaries) -> String {
    let token = canaries.hatch("a token");
    start_over(world, &token);
    let mut all = String::new();
    let mut say = |output: &Output| all.push_str(&shown(output));
    // All that start another program.
    for line in [
        "apps:create blog --remote new",
        "git:remote -a blog --remote other",
        "git:remote -a blog --force",
        "ps",
        "config:list",
        "apps:open -a blog",
        "sky:clear --now",
        "git:remove -a blog",
        "git:remote -a blog",
        "destroy --confirm blog",
    ] {
        say(&run(world, line, ""));
    }
    // All that read a secret.
    let (one, two) = (canaries.hatch("a password"), canaries.hatch("a password"));
    say(&run(world, "login CONTROLLER --username ana --password-stdin", &format!("{one}\n")));
    say(&run(world, "register CONTROLLER --username ana --email a@b --password-stdin", &format!("{two}\n")));
    let (one, two) = (canaries.hatch("a password"), canaries.hatch("a new password"));
    say(&run(world, "passwd --password-stdin", &format!("{one}\n{two}\n")));
    let password = canaries.hatch("a password of a registry");
    say(&run(world, "registry:set username=ana --password-stdin -a blog", &format!("{password}\n")));
    let value = canaries.hatch("a value");
    say(&run(world, "config:push", &format!("KEY={value}\nSSH_KEY=-----BEGIN RSA PRIVATE KEY-----{value}\n")));
    say(&run(world, "config:set --file -", &format!("KEY={value}\n")));
    let value = canaries.hatch("a value alone");
    say(&run(world, "config:set KEY=-", &value));
    say(&run(world, "config:set SSH_KEY=-", &format!("-----BEGIN RSA PRIVATE KEY-----{value}")));
    // All of it where it is wrong.
    for input in ["1KEY=CANARY\n", "CANARY\n", "KEY=\"a\nCANARY==\n\"\n", "SSH_KEY=CANARY\n", "KEY =CANARY\n"] {
        let value = canaries.hatch("a value that is none");
        say(&run(world, "config:push -a blog", &input.replace("CANARY", &value)));
        say(&run(world, "config:set -a blog A=1", &value));
        say(&run(world, "config:set -a blog SSH_KEY=-", &value));
        say(&run(world, "config:set -a blog 1KEY=-", &value));
        say(&run(world, "config:set -a blog --file -", &input.replace("CANARY", &value)));
    }
    all.push_str(&damaged(world, canaries));
    let bootstrap = canaries.hatch("a one-time token");
    for line in
        ["register CONTROLLER --username ana --email a@b --password-stdin", "ps", "apps:open -a blog", "sky:clear"]
    {
        start_over(world, &token);
        let mut command = world.command();
        let line = line.replace("CONTROLLER", &world.server.uri());
        command.args(line.split(' ')).envs(DEBUG).env("MYCLI_BOOTSTRAP_TOKEN", &bootstrap);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        all.push_str(&shown(&with_input(command, "x\n")));
    }
    all
}

/// Settings that are none because the token is in a wrong place.
fn damaged(world: &World, canaries: &mut Canaries) -> String {
    let token = canaries.hatch("a token in a wrong place");
    let controller = world.server.uri();
    let mut all = String::new();
    for settings in [
        json!({"controller": controller, "token": token, "ssl_verify": token}),
        json!({"controller": controller, "token": [token]}),
        json!({"controller": controller, "response_limit": token}),
        json!(token),
        json!({"controller": controller, "token": format!("{token}\n")}),
    ] {
        world.write_settings(&settings);
        all.push_str(&shown(&run(world, "apps", "")));
    }
    all
}

#[tokio::test]
async fn secrets_go_to_the_controller_and_nowhere_else() {
    let wanted = if prove() { 200 } else { 24 };
    let world = spied().await;
    let mut canaries = Canaries::default();
    let mut text = String::new();
    while canaries.0.len() < wanted {
        text.push_str(&round(&world, &mut canaries));
        let token = canaries.hatch("a token that stays");
        start_over(&world, &token);
    }
    assert_eq!(canaries.within(&text), Vec::<&str>::new(), "shown");
    let seen = fs::read_to_string(world.home.path().join("seen")).unwrap();
    assert_eq!(canaries.within(&seen), Vec::<&str>::new(), "given to another program");
    for name in ["git", "xdg-open", "mycli-sky"] {
        assert!(seen.contains(&format!("/{name}\n")), "{name} was never started");
    }
    let heard = world.heard().await;
    let request = |one: &Request| format!("{:?} {}", one.headers, String::from_utf8_lossy(&one.body));
    let told = heard.iter().map(request).collect::<Vec<_>>().concat();
    assert!(canaries.within(&told).len() > canaries.0.len() / 3, "hardly any was used");
    for path in files(world.home.path()) {
        let found = canaries.within(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        let own = path == world.settings() && found == ["a token that stays"];
        assert!(own || found.is_empty(), "{found:?} in {}", path.display());
    }
    println!("{} secrets, {} starts of other programs", canaries.0.len(), seen.matches("\n== ").count() + 1);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() && !path.is_symlink() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn what_is_typed_hidden_is_never_on_the_screen() {
    let world = furnished().await;
    obliges(&world, |answer| answer).await;
    let uri = world.server.uri();
    let prompts: [(String, &[&str]); 4] = [
        (format!("login {uri} --username ana"), &["password: "]),
        (format!("register {uri} --username ana --email a@b"), &["password: ", "password (confirm): "]),
        ("passwd".to_owned(), &["current password: ", "new password: ", "new password (confirm): "]),
        ("auth:cancel --yes".to_owned(), &["password: "]),
    ];
    let mut canaries = Canaries::default();
    for (line, questions) in prompts {
        furnish(&world);
        let mut terminal = Terminal::start(&world, &line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        if line.starts_with("auth:cancel") {
            terminal.expect("username: ", "admin\n");
        }
        let password = canaries.hatch("a password");
        for question in questions {
            terminal.expect_hidden(question, &format!("{password}\n"));
        }
        let screen = terminal.raw();
        assert_eq!(canaries.within(&screen), Vec::<&str>::new(), "{line}: {screen}");
        let told: String =
            world.heard().await.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
        assert!(told.contains(&password), "{line}: {screen}");
    }
}

/// What a controller answers is not told where it makes no sense: it may be a token.
#[tokio::test]
async fn answers_that_make_no_sense_are_not_repeated() {
    let world = furnished().await;
    let mut canaries = Canaries::default();
    for line in ["auth:regenerate", "config:list -a blog", "whoami --all", "registry:list -a blog", "run -a blog env"] {
        let canary = canaries.hatch("a part of an answer");
        for body in [
            json!(canary),
            json!({"token": {canary.clone(): 1}, "values": canary, "username": [canary]}),
            json!([[canary]]),
        ] {
            world.server.reset().await;
            Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&world.server).await;
            let said = shown(&run(&world, line, ""));
            assert!(said.contains("cannot be understood"), "{line}: {said}");
            assert_eq!(canaries.within(&said), Vec::<&str>::new(), "{line}: {said}");
        }
    }
}

/// The spies above are set on every program there is.
#[test]
fn no_other_program_is_started_anywhere() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let starts = |path: &PathBuf, call: &str| fs::read_to_string(path).unwrap().contains(call);
    let relative = |path: PathBuf| path.strip_prefix(&sources).unwrap().to_string_lossy().into_owned();
    let of = |call: &str| -> Vec<_> {
        let mut found: Vec<_> = files(&sources).into_iter().filter(|path| starts(path, call)).map(relative).collect();
        found.sort();
        found
    };
    assert_eq!(of("Command::new("), ["child.rs"]);
    assert_eq!(of("child::command("), ["apps/open.rs", "doctor/known.rs", "plugin.rs", "repository.rs"]);
}
