//! What holds for every command: how it ends, what it says then, and on which stream, whatever happens on its way.

use std::{
    fs::File,
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use wiremock::{Mock, ResponseTemplate, matchers::any};

use crate::{
    commands::{Answer, ROWS, Row, furnish, furnished, obliges},
    disk::Disk,
    harness::{AT, UUID, World, prove},
    terminal::Terminal,
};

/// What a terminal obeys, or what turns the direction of writing.
const HOSTILE: &str = "\x1b]0;x\x07\x1b[2J\u{9b}2J\u{202e}\x7f\rx";
/// A program that does nothing for so long has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// Exit code 0, and an answer where there is one to give.
fn has_succeeded(row: &Row, output: &Output) {
    let (out, err) = texts(output);
    let context = format!("{}: {}\n{out}\n{err}", row.name, output.status);
    assert_eq!(output.status.code(), Some(0), "{context}");
    assert!(!err.contains("Error") && !err.contains("panicked"), "{context}");
    assert_eq!(!out.is_empty(), row.speaks, "{context}");
}

/// Exit code 1, words on standard error, and nothing on standard output but the announcement of what did not come.
fn has_failed(row: &Row, output: &Output, why: &str) {
    let (out, err) = texts(output);
    let context = format!("{} with {why}: {}\n{out}\n{err}", row.name, output.status);
    assert_eq!(output.status.code(), Some(1), "{context}");
    let (_, error) = err.split_once("Error: ").unwrap_or_else(|| panic!("{context}"));
    assert!(error.trim().len() > 5 && !err.contains("panicked"), "{context}");
    assert_announces(&out, &context);
    assert_harmless(&err, &context);
    assert_harmless(&out, &context);
}

fn assert_announces(out: &str, context: &str) {
    let out = out.trim_end();
    assert!(out.is_empty() || out.ends_with("...") || out.ends_with("coffee!"), "{context}");
}

/// Nothing in it that a terminal obeys, or that turns the direction of writing.
fn assert_harmless(text: &str, context: &str) {
    let obeyed = |c: char| (c.is_control() && c != '\n' && c != '\t') || "\u{202a}\u{202e}\u{2066}\u{2069}".contains(c);
    let found = text.chars().find(|c| obeyed(*c));
    assert!(found.is_none(), "{found:?} in {context}");
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn asking() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| row.asks)
}

#[tokio::test]
async fn every_command_succeeds_where_everything_is_well() {
    let world = furnished().await;
    obliges(&world, |answer| answer).await;
    for row in ROWS.iter().filter(|row| !row.converses) {
        furnish(&world);
        has_succeeded(row, &row.run(&world));
    }
}

/// Refusals of every kind: what a controller says, what a proxy in front of it says, and what would harm a terminal.
fn refusals() -> Vec<(u16, String)> {
    let statuses: &[u16] = if prove() {
        &[301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 429, 500, 501, 502, 503, 504, 507]
    } else {
        &[302, 400, 404, 503]
    };
    let bodies = [
        json!({"detail": format!("it is so{HOSTILE}")}).to_string(),
        json!({format!("field{HOSTILE}"): [format!("may not be so{HOSTILE}")]}).to_string(),
        json!(format!("No App matches the given query.{HOSTILE}")).to_string(),
        format!("<html>{HOSTILE}"),
        format!("plain words{HOSTILE}"),
        String::new(),
    ];
    let bodies = if prove() { &bodies[..] } else { &bodies[..1] };
    statuses.iter().flat_map(|status| bodies.iter().map(|body| (*status, body.clone()))).collect()
}

#[tokio::test]
async fn every_command_that_is_refused_fails_in_words() {
    let world = furnished().await;
    let mut runs = 0;
    for (status, body) in refusals() {
        world.server.reset().await;
        let refusal = ResponseTemplate::new(status).set_body_string(&body).append_header("location", "http://other/");
        Mock::given(any()).respond_with(refusal).mount(&world.server).await;
        for row in asking() {
            if row.name == "git:remote" && status == 404 {
                // A controller of Deis's does not tell where its builder is: it stands beside it.
                continue;
            }
            has_failed(row, &row.run(&world), &format!("{status} {body:?}"));
            runs += 1;
        }
    }
    println!("{runs} refused calls of {} commands", asking().count());
}

#[tokio::test]
async fn every_command_without_a_network_fails_in_words() {
    let world = furnished().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closing = TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs_up = closing.local_addr().unwrap();
    thread::spawn(move || closing.incoming().for_each(drop));
    for (address, why) in [(nobody, "nobody there"), (hangs_up, "a controller that hangs up")] {
        let controller = format!("http://{address}");
        for row in ROWS {
            furnish(&world);
            world.write_settings(&json!({"username": "admin", "controller": controller, "token": "s3cret"}));
            let output = world.command().args(row.words(&controller)).stdin(Stdio::null()).output().unwrap();
            if row.asks { has_failed(row, &output, why) } else { has_succeeded(row, &output) }
        }
    }
}

#[tokio::test]
async fn every_command_ends_at_once_when_it_is_interrupted() {
    let world = furnished().await;
    let slow = ResponseTemplate::new(200).set_delay(2 * PATIENCE);
    Mock::given(any()).respond_with(slow).mount(&world.server).await;
    for row in asking() {
        let heard = world.heard().await.len();
        let mut child = spawn(&world, row);
        until(async || world.heard().await.len() > heard).await;
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let asked = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(asked.elapsed() < PATIENCE, "{} goes on", row.name);
            thread::yield_now();
        }
        let output = child.wait_with_output().unwrap();
        let (out, err) = texts(&output);
        // What a shell reports as 130.
        assert_eq!(output.status.signal(), Some(Signal::INT.as_raw()), "{}: {out}\n{err}", row.name);
        assert_announces(&out, &format!("{}: {out}", row.name));
    }
}

fn spawn(world: &World, row: &Row) -> Child {
    let mut command = world.command();
    command.args(row.words(&world.server.uri())).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn until(condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "nothing happens");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_command_fails_where_its_words_find_no_room() {
    let world = furnished().await;
    obliges(&world, |answer| answer).await;
    // `config:pull` takes any device for somebody who wants the file.
    for row in ROWS.iter().filter(|row| row.speaks && row.name != "config:pull") {
        furnish(&world);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = world.command().args(row.words(&world.server.uri())).stdout(full).output().unwrap();
        has_failed(row, &output, "a full disk");
        assert!(texts(&output).1.contains("No space left on device"), "{}", row.name);
    }
}

/// Commands that write files: their names, and the arguments with which they write one.
const WRITERS: [(&str, &str); 8] = [
    ("apps:create", "blog --remote new"),
    ("auth:register", "CONTROLLER --username a --password b --email c@d"),
    ("auth:login", "CONTROLLER --username a --password b"),
    ("auth:regenerate", ""),
    ("config:pull", "-a blog --overwrite"),
    ("git:remote", "-a blog --remote other"),
    ("keys:add", "laptop a.pub --trust-host"),
    ("profiles:use", "old"),
];

#[tokio::test]
async fn every_command_that_writes_a_file_fails_where_it_finds_no_room() {
    let disk = Disk::of(1 << 20);
    let world = World::living_at(disk.path()).await;
    obliges(&world, |answer| answer).await;
    furnish(&world);
    std::fs::write(world.home.path().join(".env"), "MINE=1\n").unwrap();
    let before = disk.files();
    let ballast = disk.fill();
    for (name, arguments) in WRITERS {
        let row = Row { name, arguments, asks: true, speaks: true, converses: false };
        let mut command = world.command();
        command.args(row.words(&world.server.uri())).stdin(Stdio::null());
        if name == "config:pull" {
            command.stdout(Stdio::null());
        }
        let output = command.output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {out}\n{err}");
        // The words are git's where it is git that writes.
        let told = err.contains("No space left on device") || err.contains("failed to write");
        assert!(err.contains("Error: ") && told && !err.contains("panicked"), "{name}: {out}\n{err}");
    }
    drop(ballast);
    assert_eq!(disk.files(), before, "a file was cut, or one too many is there");
}

#[tokio::test]
async fn nothing_is_destroyed_where_nobody_can_confirm_it() {
    let world = furnished().await;
    obliges(&world, |answer| answer).await;
    std::fs::write(world.home.path().join(".env"), "MINE=1\n").unwrap();
    // Answers in a pipe are nobody: whoever means it says so on the command line.
    for line in ["apps:destroy -a blog", "destroy -a blog", "auth:cancel", "auth:cancel --username ana"] {
        for input in ["", "y\n", "yes\nyes\n", "blog\n"] {
            let shown = world.run_with(line, input);
            assert!(
                shown.starts_with("exit: 1\n") && shown.contains("there is nobody to confirm it"),
                "{line}: {shown}"
            );
        }
    }
    for line in
        ["apps:destroy -a blog --confirm blag", "apps:destroy -a blog --confirm=", "destroy -a blog --confirm BLOG"]
    {
        assert!(world.run(line).starts_with("exit: 1\n"), "{line}");
    }
    // Nor is a file replaced, or a remote.
    let mut pull = world.command();
    let output = pull.args(["config:pull", "-a", "blog"]).stdin(Stdio::null()).stdout(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(world.run("git:remote -a other").starts_with("exit: 1\n"));
    assert_eq!(std::fs::read_to_string(world.home.path().join(".env")).unwrap(), "MINE=1\n");
    assert_eq!(world.git(&["remote", "get-url", "mycli"]), "ssh://git@127.0.0.1:2222/blog.git\n");
    assert!(world.settings().exists());
    let changes = world.heard().await.into_iter().filter(|request| request.method.as_str() != "GET");
    assert_eq!(changes.map(|request| request.url.path().to_owned()).collect::<Vec<_>>(), Vec::<String>::new());
}

/// The answer with something hostile in every text; `names` tells whether those that are parsed have it, too.
fn poisoned(answer: Answer, names: bool) -> Answer {
    match answer {
        Answer::Json(status, mut body) => {
            poison(&mut body, names);
            Answer::Json(status, body)
        }
        Answer::Text("application/x-ndjson", _) => {
            // What the command itself writes is passed on as it is: the user has asked for it.
            let failed = json!({"type": "failed", "detail": format!("it failed{HOSTILE}")});
            Answer::Text("application/x-ndjson", format!("{failed}\n"))
        }
        Answer::Text(kind, text) => Answer::Text(kind, text.replace('\n', &format!("{HOSTILE}\n"))),
    }
}

fn poison(value: &mut Value, names: bool) {
    match value {
        Value::String(text) => {
            let parsed = [UUID, AT, "blog"].contains(&text.as_str());
            if names || !parsed {
                text.push_str(HOSTILE);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| poison(value, names)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| poison(value, names));
            for map in ["values", "label", "memory", "cpu", "tags", "registry", "termination_grace_period"] {
                if let Some(Value::Object(map)) = fields.get_mut(map) {
                    *map = std::mem::take(map).into_iter().map(|(key, value)| (key + HOSTILE, value)).collect();
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_text_of_others_moves_the_terminal() {
    let (mut obeyed, mut runs) = (0, 0);
    for &names in if prove() { &[false, true][..] } else { &[false] } {
        let world = furnished().await;
        obliges(&world, move |answer| poisoned(answer, names)).await;
        for row in ROWS {
            let has_json = world.run(&format!("help {}", row.name)).contains("--json");
            for &json in if has_json { &[false, true][..] } else { &[false] } {
                let mut words = row.words(&world.server.uri());
                words.extend(json.then(|| "--json".to_owned()));
                runs += 1;
                furnish(&world);
                let shown = Terminal::start(&world, &words).raw();
                assert_harmless(&without_ours(&shown), &format!("{words:?}: {shown:?}"));
                if row.name == "config:pull" {
                    continue;
                }
                furnish(&world);
                let output = world.command().args(&words).stdin(Stdio::null()).output().unwrap();
                let (out, err) = texts(&output);
                assert_harmless(&out, &format!("{words:?}: {out:?}"));
                assert_harmless(&err, &format!("{words:?}: {err:?}"));
                obeyed += usize::from(out.contains("\\x1b") || out.contains("\\u001b"));
            }
        }
    }
    println!("{runs} commands with hostile answers, {obeyed} of which showed them");
    // Otherwise nothing hostile has come as far as to be printed, and this shows nothing.
    assert!(obeyed > 20, "{obeyed} of {runs}");
}

#[tokio::test]
async fn no_word_of_the_command_line_moves_the_terminal() {
    let world = furnished().await;
    let hostile = format!("x{HOSTILE}");
    for row in ROWS {
        for words in [&[&*hostile][..], &[&hostile, &hostile, &hostile], &["--limit", &hostile], &["-a", &hostile]] {
            if row.name == "keys:add" && words.len() == 1 {
                // It asks which key is to get that name.
                continue;
            }
            let words: Vec<_> = [row.name].iter().chain(words).map(|word| (*word).to_owned()).collect();
            let shown = Terminal::start(&world, &words).raw();
            assert_harmless(&without_ours(&shown), &format!("{words:?}: {shown:?}"));
        }
    }
    for words in [
        vec![hostile.clone()],
        vec!["help".to_owned(), hostile.clone()],
        vec!["-c".to_owned(), hostile, "apps".to_owned()],
    ] {
        let shown = Terminal::start(&world, &words).raw();
        assert_harmless(&without_ours(&shown), &format!("{words:?}: {shown:?}"));
    }
}

/// What is shown without our own colours and the spinner, and with the line ends of before the terminal.
fn without_ours(shown: &str) -> String {
    let mut text = shown.replace("\r\n", "\n").replace("\x08\x08\x08", "");
    for code in ["0", "1", "2", "4", "31", "32", "33", "34", "35", "36", "37", "39"] {
        text = text.replace(&format!("\x1b[{code}m"), "");
    }
    text
}

/// The table of exit codes that users find is the one that is shown here.
#[test]
fn the_exit_codes_are_told() {
    let page = include_str!("../../../docs/cli.md");
    for row in ["| 0 | ", "| 1 | ", "| 130 | ", "| 141 | ", "| the command's own | "] {
        assert!(page.contains(row), "docs/cli.md does not tell of {row}");
    }
    let help = Command::new(crate::harness::BINARY).arg("help").output().unwrap();
    assert!(texts(&help).0.contains("Exit codes"), "the help does not tell the exit codes");
}
