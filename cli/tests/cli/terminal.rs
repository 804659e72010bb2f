//! The client on a terminal: prompts, hidden passwords, spinner and colour.

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::{
    harness::{AT, BINARY, UUID, World, app, page},
    keys::ED25519,
};

/// A program that does nothing for so long has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with a command in it.
pub struct Terminal {
    keyboard: File,
    screen: File,
    shown: String,
    child: Child,
}

impl Terminal {
    fn run(world: &World, line: &str) -> Self {
        Self::start(world, &line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    /// Starts the program with these words.
    pub fn start(world: &World, words: &[String]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", world.home.path());
        Self::of(&command, world)
    }

    /// Starts another program, in the surroundings of this command.
    pub fn of(program: &Command, world: &World) -> Self {
        // A program that had our end, too, would not notice that nobody is left in front of it.
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let end = || Stdio::from(File::options().read(true).write(true).open(&theirs).unwrap());
        let (stdin, stdout, stderr) = (end(), end(), end());
        // Passwords are read from the controlling terminal, which only a new session can get.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(program.get_program()).args(program.get_args()).env_clear();
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
        let child = command.current_dir(world.home.path()).stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        let keyboard = File::from(ours);
        Self { screen: keyboard.try_clone().unwrap(), keyboard, shown: String::new(), child }
    }

    /// Waits until the screen shows `text`, then types.
    pub fn expect(&mut self, text: &str, typed: &str) {
        while !self.shown.ends_with(text) {
            assert!(self.read(), "{:?} does not end with {text:?}", self.shown);
        }
        self.keyboard.write_all(typed.as_bytes()).unwrap();
    }

    /// Types, and waits until the screen shows `text` after that. Answers what was shown before it, and after the typing.
    pub fn types(&mut self, typed: &str, text: &str) -> String {
        let before = self.shown.len();
        self.keyboard.write_all(typed.as_bytes()).unwrap();
        loop {
            if let Some(end) = self.shown[before..].find(text) {
                return self.shown[before..before + end].to_owned();
            }
            assert!(self.read(), "{:?} does not show {text:?}", self.shown);
        }
    }

    /// The same for what is not to be shown: waits until the terminal has stopped showing what is typed.
    pub fn expect_hidden(&mut self, text: &str, typed: &str) {
        self.expect(text, "");
        let start = Instant::now();
        while tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(start.elapsed() < PATIENCE, "the terminal shows what is typed");
            thread::yield_now();
        }
        self.expect(text, typed);
    }

    /// Everything that was shown, as it came.
    pub fn raw(mut self) -> String {
        while self.read() {}
        self.child.wait().unwrap();
        self.shown
    }

    /// Everything that was shown, with escapes spelled out, and how it ended. Whatever that was, who types afterwards
    /// sees it again.
    pub fn end(mut self, world: &World) -> String {
        while self.read() {}
        let status = self.child.wait().unwrap();
        let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG), "{modes:?}");
        let shown = without_turns(&self.shown).replace("\r\n", "\n").replace('\x1b', "<ESC>").replace('\x08', "<BACK>");
        format!("{}{status}", world.neutral(&shown))
    }

    /// Reads what there is; false when the program has closed the terminal.
    fn read(&mut self) -> bool {
        let patience = Timespec::try_from(PATIENCE).unwrap();
        let ready = poll(&mut [PollFd::new(&self.screen, PollFlags::IN)], Some(&patience)).unwrap();
        assert_eq!(ready, 1, "nothing happens after {:?}", self.shown);
        let mut buffer = [0; 4096];
        let count = self.screen.read(&mut buffer).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&buffer[..count]));
        count > 0
    }
}

/// However often the spinner turned, it is shown once.
fn without_turns(text: &str) -> String {
    let once = ["...", "o..", ".o.", "..o"]
        .iter()
        .fold(text.to_owned(), |text, frame| text.replace(&format!("{frame}\x08\x08\x08"), "<SPINNER>"));
    let parts: Vec<_> = once.split("<SPINNER>").filter(|part| !part.is_empty()).collect();
    parts.join("<SPINNER>").replace("   \x08\x08\x08", "<BLANK>")
}

#[tokio::test]
async fn passwords_are_not_shown() {
    let world = World::new().await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    world.answers("POST", "/v2/auth/login/", 200, json!({"token": "fresh"})).await;
    let mut terminal = Terminal::run(&world, &format!("login {}", world.server.uri()));
    terminal.expect("username: ", "admin\n");
    terminal.expect_hidden("password: ", "secret\n");
    assert_snapshot!(terminal.end(&world), @r"
    username: admin
    password: 
    Logged in as admin
    Configuration file written to $HOME/.mycli/client.json
    exit status: 0
    ");
    assert_eq!(world.body("POST", "/v2/auth/login/").await["password"], "secret");
}

#[tokio::test]
async fn a_question_can_be_left() {
    let world = World::new().await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    let mut terminal = Terminal::run(&world, &format!("login {}", world.server.uri()));
    terminal.expect("username: ", "admin\n");
    terminal.expect_hidden("password: ", "\x03");
    assert_snapshot!(terminal.end(&world), @r"
    username: admin
    password: 
    signal: 2 (SIGINT)
    ");
    assert!(!world.settings().exists());
}

#[tokio::test]
async fn destroy_asks_for_the_name() {
    let world = World::logged_in().await;
    world.replies("DELETE", "/v2/apps/blog", ResponseTemplate::new(204)).await;
    let mut terminal = Terminal::run(&world, "destroy -a blog");
    terminal.expect("> ", "blog\n");
    assert_snapshot!(terminal.end(&world), @r#"
     !    WARNING: Potentially Destructive Action
     !    This command will destroy the application: blog
     !    To proceed, type "blog" or re-run this command with --confirm=blog

    > blog
    Destroying blog...
    <SPINNER><BLANK>done in <N>s
    exit status: 0
    "#);
    let mut terminal = Terminal::run(&world, "destroy -a blog");
    terminal.expect("> ", "blag\n");
    assert_snapshot!(terminal.end(&world), @r#"
     !    WARNING: Potentially Destructive Action
     !    This command will destroy the application: blog
     !    To proceed, type "blog" or re-run this command with --confirm=blog

    > blag
    <ESC>[31mError:<ESC>[0m App blog does not match confirm blag, aborting.
    exit status: 1
    "#);
}

#[tokio::test]
async fn cancel_can_be_thought_over() {
    let world = World::logged_in().await;
    let mut terminal = Terminal::run(&world, "auth:cancel --username ana");
    terminal.expect("(y/N): ", "n\n");
    assert_snapshot!(terminal.end(&world), @r"
    cancel account ana at http://controller? (y/N): n
    Account not changed
    exit status: 0
    ");
    assert_eq!(world.heard().await.len(), 0);
}

#[tokio::test]
async fn work_turns_and_errors_stand_out() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps", 201, app("blog")).await;
    assert_snapshot!(Terminal::run(&world, "create --no-remote").end(&world), @r"
    Creating Application... <SPINNER><BLANK>done, created blog
    If you want to add a git remote for this app later, use `mycli git:remote -a blog`
    exit status: 0
    ");
    world.answers("GET", "/v2/apps/nope/pods", 404, json!("No App matches the given query.")).await;
    assert_snapshot!(Terminal::run(&world, "ps -a nope").end(&world), @r#"
    <ESC>[31mError:<ESC>[0m "No App matches the given query."
    <ESC>[2m  `mycli apps` lists the apps you can use; choose one with --app.<ESC>[0m
    exit status: 1
    "#);
}

#[tokio::test]
async fn headings_and_logs_have_colours_and_json_has_not() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps", 200, page(&[])).await;
    let lines = "2024-05-01T10:00:00Z deis[controller]: INFO hello\n2024-05-01T10:00:00Z blog[web.1]: \x1b[2J\n";
    world.replies("GET", "/v2/apps/blog/logs", ResponseTemplate::new(200).set_body_string(lines)).await;
    assert_snapshot!(Terminal::run(&world, "apps").end(&world), @r"
    <ESC>[1m=== Apps<ESC>[0m
    exit status: 0
    ");
    assert_snapshot!(Terminal::run(&world, "apps --json").end(&world), @r"
    []
    exit status: 0
    ");
    assert_snapshot!(Terminal::run(&world, "logs -a blog").end(&world), @r"
    <ESC>[35m2024-05-01T10:00:00Z deis[controller]: INFO hello<ESC>[0m
    <ESC>[34m2024-05-01T10:00:00Z blog[web.1]: \x1b[2J<ESC>[0m
    exit status: 0
    ");
}

#[tokio::test]
async fn differences_are_asked_about() {
    let world = World::logged_in().await;
    let values = json!({"values": {"A": "1", "B": "2"}});
    world.answers("GET", "/v2/apps/blog/config", 200, crate::harness::config(&values)).await;
    std::fs::write(world.home.path().join(".env"), "A=0\nMINE=1\n").unwrap();
    let mut terminal = Terminal::run(&world, "config:pull -a blog --interactive --overwrite");
    terminal.expect("(y/N): ", "y\n");
    assert_snapshot!(terminal.end(&world), @r"
    A: overwrite 0 with 1? (y/N): y
    exit status: 0
    ");
    assert_eq!(std::fs::read_to_string(world.home.path().join(".env")).unwrap(), "A=1\nB=2\nMINE=1\n");
}

#[tokio::test]
async fn host_keys_are_offered() {
    let world = World::logged_in().await;
    let key = json!({"uuid": UUID, "id": "a", "owner": "admin", "public": ED25519, "created": AT, "updated": AT});
    world.answers("POST", "/v2/keys", 201, key).await;
    let ssh = json!({"host": "builder.example.com", "port": 2222, "host_keys": [ED25519]});
    let info = json!({"version": "0.1.0", "platform_version": "2.3.0", "domain": "example.com", "ssh": ssh});
    world.answers("GET", "/v2/info", 200, info).await;
    std::fs::write(world.home.path().join("a.pub"), ED25519).unwrap();
    for (answer, added) in [("\n", false), ("y\n", true)] {
        let mut terminal = Terminal::run(&world, "keys:add a.pub");
        terminal.expect("(y/N): ", answer);
        terminal.end(&world);
        assert_eq!(world.home.path().join(".ssh/known_hosts").exists(), added, "{answer:?}");
    }
    // There is nothing to ask any more.
    assert_snapshot!(Terminal::run(&world, "keys:add a.pub").end(&world), @r"
    Uploading a.pub to deis... <SPINNER><BLANK>done
    exit status: 0
    ");
}
