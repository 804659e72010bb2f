//! `doctor`: what a user sees where all is well, and what next where something is not. The builder is a real SSH server.

use std::{
    fs::{self, Permissions},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::{Mock, ResponseTemplate, matchers::any};

use crate::{
    harness::{AT, UUID, World, app, page, pod, user},
    keys::ED25519,
};

/// An SSH server, and the public half of its key.
struct Builder {
    child: Child,
    port: u16,
    key: String,
}

impl Builder {
    fn start(world: &World) -> Self {
        let file = world.home.path().join("host_key");
        let mut generate = Command::new("dropbearkey");
        let output = generate.args(["-t", "ed25519", "-f"]).arg(&file).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("ssh-ed25519")).unwrap();
        let key = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let port = free_port();
        let mut server = Command::new("dropbear");
        server.args(["-F", "-E", "-p", &format!("127.0.0.1:{port}"), "-P"]).arg(world.home.path().join("pid"));
        let child = server.arg("-r").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "the SSH server does not listen");
            thread::yield_now();
        }
        Self { child, port, key }
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn info(port: u16, key: &str) -> Value {
    let ssh = json!({"host": "127.0.0.1", "port": port, "host_keys": [key]});
    json!({"version": "0.1.0", "platform_version": "2.3.0", "domain": "example.com", "ssh": ssh})
}

fn key(public: &str) -> Value {
    json!({"uuid": UUID, "id": "laptop", "owner": "admin", "public": public, "fingerprint": "x", "created": AT, "updated": AT})
}

/// A user with a key and a repository, and a controller that answers like this.
async fn with(port: u16, host_key: &str, registered: &[Value], pods: &[Value]) -> World {
    let world = World::logged_in().await;
    fs::set_permissions(world.settings(), Permissions::from_mode(0o600)).unwrap();
    answer(&world, port, host_key, registered, pods).await;
    let ssh = world.home.path().join(".ssh");
    fs::create_dir(&ssh).unwrap();
    fs::write(ssh.join("id_ed25519.pub"), ED25519).unwrap();
    world.git(&["init", "--quiet"]);
    world
}

async fn answer(world: &World, port: u16, host_key: &str, registered: &[Value], pods: &[Value]) {
    world.answers("GET", "/v2/", 401, json!({})).await;
    world.replies("GET", "/healthz", ResponseTemplate::new(200)).await;
    world.answers("GET", "/v2/auth/whoami", 200, user("admin", true)).await;
    world.answers("GET", "/v2/info", 200, info(port, host_key)).await;
    world.answers("GET", "/v2/keys", 200, page(registered)).await;
    let mut blog = app("blog");
    blog["structure"] = json!({"web": 2, "worker": 1});
    world.answers("GET", "/v2/apps/blog", 200, blog).await;
    world.answers("GET", "/v2/apps/blog/pods", 200, page(pods)).await;
}

/// What the doctor says, without the port and the version of git.
fn doctor(world: &World, arguments: &str, port: u16) -> String {
    let shown = world.run(&format!("doctor {arguments}")).replace(&port.to_string(), "2222");
    let git = String::from_utf8(Command::new("git").arg("--version").output().unwrap().stdout).unwrap();
    shown.replace(git.trim(), "git version 2")
}

fn trust(world: &World, port: u16, key: &str) {
    fs::write(world.home.path().join(".ssh/known_hosts"), format!("[127.0.0.1]:{port} {key}\n")).unwrap();
}

#[tokio::test]
async fn all_is_well() {
    let place = World::new().await;
    let builder = Builder::start(&place);
    let pods = [pod("web", "a"), pod("web", "b"), pod("worker", "c")];
    let world = with(builder.port, &builder.key, &[key(ED25519)], &pods).await;
    trust(&world, builder.port, &builder.key);
    world.git(&["remote", "add", "mycli", &format!("ssh://git@127.0.0.1:{}/blog.git", builder.port)]);
    assert_snapshot!(doctor(&world, "", builder.port), @r"
    exit: 0
    ----- stdout -----
    ok    settings    $HOME/.mycli/client.json
    ok    controller  http://controller answers
    ok    version     API 2.3, this client 2.3
    ok    clock       this machine and the controller agree
    ok    token       you are admin
    ok    git         git version 2; remote mycli leads to app blog
    ok    ssh         127.0.0.1 port 2222 is the host that the controller tells of, and you trust it
    ok    key         laptop is registered, and in ~/.ssh
    ok    app         blog: web 2 of 2 up, worker 1 of 1 up
    ----- stderr -----
    ");
    // OpenSSH may have hashed the names of hosts.
    let mut hash = Command::new("ssh-keygen");
    assert!(
        hash.arg("-H").arg("-f").arg(world.home.path().join(".ssh/known_hosts")).output().unwrap().status.success()
    );
    assert_eq!(doctor(&world, "-a blog", builder.port), doctor(&world, "", builder.port));
    let output = world.command().args(["doctor", "--json"]).output().unwrap();
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(findings.iter().filter(|finding| finding["verdict"] == "ok").count(), 9);
    let changes = world.heard().await.into_iter().filter(|request| request.method.as_str() != "GET").count();
    assert_eq!(changes, 0);
}

#[tokio::test]
async fn nobody_is_logged_in() {
    let world = World::new().await;
    assert_snapshot!(world.run("doctor"), @r"
    exit: 1
    ----- stdout -----
    fail  settings    there is no $HOME/.mycli/client.json
                      Log in: mycli login <controller>
    ----- stderr -----
    Error: one check failed
    ");
    world.write_settings(&json!({"token": 1}));
    assert_snapshot!(world.run("doctor --json"), @r#"
    exit: 1
    ----- stdout -----
    [
      {
        "check": "settings",
        "verdict": "fail",
        "text": "$HOME/.mycli/client.json is not a settings file: something else was expected at line 1 column 10",
        "next": "Remove it and log in again, or name another one with -c."
      }
    ]
    ----- stderr -----
    Error: one check failed
    "#);
}

#[tokio::test]
async fn no_controller() {
    let world = World::logged_in().await;
    let port = free_port();
    world.write_settings(&json!({"username": "admin", "controller": format!("http://127.0.0.1:{port}"), "token": "x"}));
    fs::set_permissions(world.settings(), Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(doctor(&world, "", port), @r"
    exit: 1
    ----- stdout -----
    warn  settings    $HOME/.mycli/client.json holds your token, and others can read it
                      chmod 600 $HOME/.mycli/client.json
    fail  controller  cannot reach the controller at http://127.0.0.1:2222: Connection refused (os error 111)
                      Check the address and that the controller runs. Nothing was changed.
    ----- stderr -----
    Error: one check failed
    ");
    let world = World::logged_in().await;
    fs::set_permissions(world.settings(), Permissions::from_mode(0o600)).unwrap();
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&world.server).await;
    assert_snapshot!(world.run("doctor"), @r"
    exit: 1
    ----- stdout -----
    ok    settings    $HOME/.mycli/client.json
    fail  controller  something answers at http://controller, but not as a controller does
                      Is the address right? mycli login <controller> sets another.
    ----- stderr -----
    Error: one check failed
    ");
}

#[tokio::test]
async fn a_token_that_is_none_and_another_time() {
    let world = World::logged_in().await;
    fs::set_permissions(world.settings(), Permissions::from_mode(0o600)).unwrap();
    world.answers("GET", "/v2/", 401, json!({})).await;
    let old = ResponseTemplate::new(200).append_header("DEIS_API_VERSION", "2.1");
    let old = old.append_header("date", "Tue, 02 Jan 2024 10:00:00 GMT");
    Mock::given(wiremock::matchers::path("/healthz")).respond_with(old).mount(&world.server).await;
    world.answers("GET", "/v2/auth/whoami", 401, json!({"detail": "Invalid token."})).await;
    let shown = world.run("doctor");
    let (before, rest) = shown.split_once("controller are ").unwrap();
    let (seconds, rest) = rest.split_once(' ').unwrap();
    assert!(seconds.parse::<u64>().unwrap() > 60);
    assert_snapshot!(format!("{before}controller are <N> {rest}"), @r"
    exit: 1
    ----- stdout -----
    ok    settings    $HOME/.mycli/client.json
    ok    controller  http://controller answers
    warn  version     the controller speaks API 2.1, this client 2.3
                      Some commands may fail; use a client of the controller's age.
    warn  clock       this machine and the controller are <N> s apart
                      Have both set their clocks by the network: timedatectl set-ntp true
    fail  token       Unauthorized: Missing or Invalid Token
                      Log in again: mycli login <controller>
    ----- stderr -----
    !    WARNING: Client and server API versions do not match. Please consider upgrading.
    !    Client version: 2.3
    !    Server version: 2.1
    Error: one check failed
    ");
}

#[tokio::test]
async fn no_pushes_and_a_broken_app() {
    let port = free_port();
    let mut down = pod("web", "a");
    down["state"] = json!("crashed");
    let world = with(port, ED25519, &[], &[down, pod("worker", "c")]).await;
    assert_snapshot!(doctor(&world, "-a blog", port), @r"
    exit: 1
    ----- stdout -----
    ok    settings    $HOME/.mycli/client.json
    ok    controller  http://controller answers
    ok    version     API 2.3, this client 2.3
    ok    clock       this machine and the controller agree
    ok    token       you are admin
    warn  git         no remote of this repository leads to http://controller
                      If one is to be pushed from here: mycli git:remote -a <app>
    fail  ssh         cannot reach 127.0.0.1 port 2222: Connection refused (os error 111)
                      `git push` goes there: does a firewall let this machine through? The operator sees more: slipway status
    warn  key         no SSH key of yours is registered
                      `git push` needs one: mycli keys:add
    fail  app         blog: web 0 of 2 up, worker 1 of 1 up
                      mycli ps -a blog, mycli logs -a blog
    ----- stderr -----
    Error: 2 checks failed
    ");
    assert_snapshot!(doctor(&world, "-a other", port).lines().filter(|line| line.contains("app  ")).collect::<String>(), @"fail  app         other: Not Found");
    world.git(&["remote", "add", "mycli", "ssh://git@127.0.0.1:22/blog.git"]);
    let shown = doctor(&world, "", port);
    assert_snapshot!(shown.lines().skip_while(|line| !line.contains(" git ")).take(2).collect::<Vec<_>>().join("\n"), @r"
    warn  git         remote mycli leads to ssh://git@127.0.0.1:22/blog.git, which the platform does not call itself
                      mycli git:remote -a blog -r mycli --force   makes it ssh://git@127.0.0.1:2222/blog.git
    ");
}

/// The lines about SSH and keys.
fn of_ssh(shown: &str) -> String {
    let lines =
        shown.lines().skip_while(|line| !line.contains("  ssh  ")).take_while(|line| !line.starts_with("-----"));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn another_host_answers() {
    let place = World::new().await;
    let builder = Builder::start(&place);
    let world = with(builder.port, ED25519, &[key(&builder.key)], &[]).await;
    assert_snapshot!(of_ssh(&doctor(&world, "", builder.port)), @r"
    fail  ssh         127.0.0.1 port 2222 shows other keys than the controller tells
                      Do not push: somebody may stand in between. Ask the operator.
    warn  key         none of the 1 registered keys is in ~/.ssh
                      An agent may have it. If not, `git push` needs one: mycli keys:add
    ");
    // It is the right one, and not known yet.
    world.server.reset().await;
    answer(&world, builder.port, &builder.key, &[key(ED25519)], &[]).await;
    let shown = of_ssh(&doctor(&world, "", builder.port));
    let (before, rest) = shown.split_once("SHA256:").unwrap();
    let (fingerprint, rest) = rest.split_at(43);
    let mut show = Command::new("ssh-keygen");
    fs::write(world.home.path().join("host.pub"), &builder.key).unwrap();
    let theirs = show.arg("-l").arg("-f").arg(world.home.path().join("host.pub")).output().unwrap().stdout;
    assert!(String::from_utf8(theirs).unwrap().contains(fingerprint));
    assert_snapshot!(format!("{before}<fingerprint>{rest}"), @r"
    warn  ssh         127.0.0.1 port 2222 is the host that the controller tells of; OpenSSH does not know it yet
                      The first push asks; say yes to <fingerprint>.
    ok    key         laptop is registered, and in ~/.ssh
    ");
    // It was another one before.
    trust(&world, builder.port, ED25519);
    assert_snapshot!(of_ssh(&doctor(&world, "", builder.port)), @r"
    fail  ssh         known_hosts has other keys for [127.0.0.1]:2222 than the controller tells
                      If the platform is a new one: ssh-keygen -R '[127.0.0.1]:2222'
    ok    key         laptop is registered, and in ~/.ssh
    ");
    // Something else has the port.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    thread::spawn(move || other.incoming().for_each(drop));
    world.server.reset().await;
    answer(&world, port, &builder.key, &[key(ED25519)], &[]).await;
    assert_snapshot!(of_ssh(&doctor(&world, "", port)), @r"
    fail  ssh         127.0.0.1 port 2222 answers, but not as SSH does
                      Another program may have the port; the operator sees more: slipway status
    ok    key         laptop is registered, and in ~/.ssh
    ");
    // A platform without pushes.
    world.server.reset().await;
    world.answers("GET", "/v2/info", 200, json!({"version": "0", "platform_version": "2.3.0", "domain": "a.b"})).await;
    answer(&world, port, &builder.key, &[], &[]).await;
    assert_snapshot!(of_ssh(&doctor(&world, "", port)), @"ok    ssh         this platform takes images only, no pushes");
}

#[tokio::test]
async fn what_others_wrote_moves_no_terminal() {
    let world = with(1, ED25519, &[], &[]).await;
    world.server.reset().await;
    let hostile = "\u{1b}[2J\u{202e}";
    world.answers("GET", "/v2/", 401, json!({})).await;
    let old = ResponseTemplate::new(200).append_header("DEIS_API_VERSION", "9\u{9b}");
    Mock::given(wiremock::matchers::path("/healthz")).respond_with(old).mount(&world.server).await;
    world.answers("GET", "/v2/auth/whoami", 200, user(hostile, true)).await;
    world.answers("GET", "/v2/info", 200, info(free_port(), ED25519)).await;
    let mut foreign = key(ED25519);
    foreign["id"] = json!(hostile);
    world.answers("GET", "/v2/keys", 200, page(&[foreign])).await;
    world.answers("GET", "/v2/apps/blog", 404, json!(hostile)).await;
    for line in ["-a blog", "-a blog --json"] {
        let shown = world.run(&format!("doctor {line}"));
        assert!(shown.contains("x1b[2J") || shown.contains("u001b[2J"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
    }
}
