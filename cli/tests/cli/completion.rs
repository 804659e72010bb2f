//! Completion, as users of the shells meet it: a line is typed into the real shell, then Tab, then Enter, and what the
//! program was started with is what counts.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use insta::assert_snapshot;
use serde_json::json;
use wiremock::{Mock, ResponseTemplate, matchers::any};

use crate::{
    harness::{BINARY, World, app, config, domain, page, release},
    terminal::Terminal,
};

/// A user with apps, and a program of this name that shows its words, except where it completes.
async fn with_apps(name: &str) -> World {
    let world = World::logged_in().await;
    let home = world.home.path();
    if name != "mycli" {
        fs::rename(home.join(".mycli"), home.join(format!(".{name}"))).unwrap();
    }
    fs::create_dir(home.join("real")).unwrap();
    symlink(BINARY, home.join("real").join(name)).unwrap();
    let real = home.join("real").join(name);
    let script = format!(
        "#!/bin/sh\ncase $1 in __complete | completion) exec '{}' \"$@\" ;; esac\nprintf '<<'; printf '[%s]' \"$@\"; echo '>>'\n",
        real.display()
    );
    fs::write(home.join(name), script).unwrap();
    fs::set_permissions(home.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(home.join("fullchain.pem"), "").unwrap();
    fs::write(home.join("prod.env"), "").unwrap();
    // A folder is often named after its app.
    fs::create_dir(home.join("blog")).unwrap();
    world.answers("GET", "/v2/apps", 200, page(&[app("blog"), app("shop")])).await;
    world.answers("GET", "/v2/apps/blog", 200, app("blog")).await;
    let values = json!({"DATABASE_URL": "postgres://secret", "POWERED_BY": "x", "evil$(id)": "x"});
    world.answers("GET", "/v2/apps/blog/config", 200, config(&json!({"values": values}))).await;
    world.answers("GET", "/v2/apps/blog/domains", 200, page(&[domain("blog"), domain("www.example.com")])).await;
    world.answers("GET", "/v2/apps/blog/releases", 200, page(&[release(2, "b"), release(1, "a")])).await;
    world
}

/// Lines that are typed, a Tab in them, and the words that the program gets. Each ends in one answer.
const LINES: &[(&str, &str)] = &[
    ("NAME config:s\t", "[config:set]"),
    ("NAME whoa\t", "[whoami]"),
    ("NAME ps:sc\t -a bl\t we", "[ps:scale][-a][blog][we]"),
    ("NAME info --app=bl\t", "[info][--app=blog]"),
    ("NAME info --ap\t bl\t", "[info][--app][blog]"),
    ("NAME config:unset -a blog DATA\t", "[config:unset][-a][blog][DATABASE_URL]"),
    ("NAME config:set -a blog POW\tme", "[config:set][-a][blog][POWERED_BY=me]"),
    ("NAME ps:scale -a blog c\t3", "[ps:scale][-a][blog][cmd=3]"),
    ("NAME domains:remove -a blog ww\t", "[domains:remove][-a][blog][www.example.com]"),
    ("NAME certs:add web fu\t", "[certs:add][web][fullchain.pem]"),
    ("NAME config:push --path=pro\t", "[config:push][--path=prod.env]"),
    ("NAME -c cli\t apps:li\t", "[-c][client][apps:list]"),
    ("NAME help config:un\t", "[help][config:unset]"),
    // Nothing to go on with leaves the line as it is.
    ("NAME info -a zz\t", "[info][-a][zz]"),
    ("NAME config:unset -a nosuch A\t", "[config:unset][-a][nosuch][A]"),
];

/// Types all lines into the shell.
fn type_lines(world: &World, shell: &Command, name: &str) {
    let mut terminal = Terminal::of(shell, world);
    terminal.types("echo read''y\r", "ready");
    for (line, words) in LINES {
        let shown = terminal.types(&format!("{}\r", line.replace("NAME", name)), ">>");
        let (noise, got) = shown.rsplit_once("<<").unwrap();
        assert_eq!(got, *words, "{line:?}: {noise:?}");
        assert!(!noise.contains("rror"), "{line:?}: {noise:?}");
    }
    terminal.types("exit\r", "exit");
    terminal.raw();
}

fn bash(world: &World, name: &str) -> Command {
    fs::write(world.home.path().join(".bashrc"), format!("eval \"$({name} completion bash)\"\n")).unwrap();
    let mut shell = world.command_of("bash");
    shell.args(["--noprofile", "-i"]).env("INPUTRC", "/dev/null");
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bash() {
    let world = with_apps("mycli").await;
    type_lines(&world, &bash(&world, "mycli"), "mycli");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bash_that_keeps_colons_within_words() {
    let world = with_apps("mycli").await;
    let shell = bash(&world, "mycli");
    let settings = "COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}\neval \"$(mycli completion bash)\"\n";
    fs::write(world.home.path().join(".bashrc"), settings).unwrap();
    type_lines(&world, &shell, "mycli");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_zsh() {
    let world = with_apps("mycli").await;
    let settings = "autoload -U compinit\ncompinit -u -D\nsource <(mycli completion zsh)\n";
    fs::write(world.home.path().join(".zshrc"), settings).unwrap();
    let mut shell = world.command_of("zsh");
    shell.args(["-d", "-i"]);
    type_lines(&world, &shell, "mycli");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_zsh_from_a_folder_of_functions() {
    let world = with_apps("mycli").await;
    let home = world.home.path();
    fs::create_dir(home.join("zsh-functions")).unwrap();
    let script = world.command().args(["completion", "zsh"]).output().unwrap().stdout;
    fs::write(home.join("zsh-functions/_mycli"), script).unwrap();
    fs::write(home.join(".zshrc"), "fpath=(~/zsh-functions $fpath)\nautoload -U compinit\ncompinit -u -D\n").unwrap();
    let mut shell = world.command_of("zsh");
    shell.args(["-d", "-i"]);
    type_lines(&world, &shell, "mycli");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_fish() {
    let world = with_apps("mycli").await;
    let folder = world.home.path().join(".config/fish/completions");
    fs::create_dir_all(&folder).unwrap();
    // At its first start it would read every manual page of the machine.
    fs::create_dir_all(world.home.path().join(".local/share/fish/generated_completions")).unwrap();
    let script = world.command().args(["completion", "fish"]).output().unwrap().stdout;
    fs::write(folder.join("mycli.fish"), script).unwrap();
    let mut shell = world.command_of("fish");
    shell.arg("-i");
    type_lines(&world, &shell, "mycli");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_another_name() {
    let world = with_apps("deis").await;
    type_lines(&world, &bash(&world, "deis"), "deis");
    for shell in ["bash", "zsh", "fish"] {
        let script =
            world.command_of(world.home.path().join("deis")).args(["completion", shell]).output().unwrap().stdout;
        assert!(!String::from_utf8(script).unwrap().contains("mycli"), "{shell}");
    }
}

/// What the program answers the scripts.
fn answers(world: &World, line: &str) -> String {
    world.run(&format!("__complete -- mycli {line}"))
}

#[tokio::test]
async fn what_a_line_can_go_on_with() {
    let world = with_apps("mycli").await;
    assert_snapshot!(answers(&world, "config:"), @r"
    exit: 0
    ----- stdout -----
    config:list	Lists environment variables for an application
    config:set	Sets environment variables for an application
    config:unset	Unsets an environment variable for an application
    config:pull	Extract all environment variables from an application for local use
    config:push	Sets environment variables for an application
    ----- stderr -----
    ");
    assert_snapshot!(answers(&world, "ps:restart --"), @r"
    exit: 0
    ----- stdout -----
    --app	The application [default: from the git remotes, else the folder's name]
    --config	Settings file or profile [default: that of `profiles:use`, else `client`]
    --help	Print help
    ----- stderr -----
    ");
    assert_snapshot!(answers(&world, "help prof"), @r"
    exit: 0
    ----- stdout -----
    profiles:list	Lists the profiles: platforms that you are logged in to
    profiles:use	Makes a profile the one that commands use
    profiles:remove	Removes a profile from this machine
    profiles	manage platforms that you are logged in to
    ----- stderr -----
    ");
    assert_snapshot!(world.run_words(&["__complete", "--", "mycli", "rollback", "-a", "blog", ""]), @r"
    exit: 0
    ----- stdout -----
    v2
    v1
    ----- stderr -----
    ");
    assert_snapshot!(world.run_words(&["__complete", "--", "mycli", "completion", ""]), @r"
    exit: 0
    ----- stdout -----
    bash
    zsh
    fish
    ----- stderr -----
    ");
    // A name that would mean something to the shell is left out; a value is never told.
    assert_snapshot!(world.run_words(&["__complete", "--", "mycli", "config:unset", "-a", "blog", ""]), @r"
    exit: 0
    ----- stdout -----
    DATABASE_URL
    POWERED_BY
    ----- stderr -----
    ");
}

#[tokio::test]
async fn who_cannot_answer_keeps_silent() {
    let world = World::new().await;
    let silent = "exit: 0\n----- stdout -----\n----- stderr -----\n";
    assert_eq!(answers(&world, "info -a b"), silent);
    let world = World::logged_in().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&world.server).await;
    assert_eq!(answers(&world, "info -a b"), silent);
    world.server.reset().await;
    // Nobody waits for it: this answer would take longer than any test may.
    let slow = ResponseTemplate::new(200).set_delay(std::time::Duration::from_hours(1));
    Mock::given(any()).respond_with(slow).mount(&world.server).await;
    assert_eq!(answers(&world, "info -a b"), silent);
    assert_eq!(world.run("__complete"), silent);
    assert_eq!(world.run("__complete -- mycli nonsense --x y"), silent);
}
