//! `config:pull`, `config:push` and `config:set` with `-` and `--file`: config as files and pipes.

use std::{fs, process::Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    harness::{World, config, mode},
    terminal::Terminal,
};

const CONFIG: &str = "/v2/apps/blog/config";

async fn with_values(values: Value) -> World {
    let world = World::logged_in().await;
    world.answers("GET", CONFIG, 200, config(&json!({"values": values}))).await;
    world.answers("POST", CONFIG, 201, config(&json!({"values": values}))).await;
    world
}

/// Runs a command as automation does: nothing to read, nobody to write to.
fn detached(world: &World, line: &str) -> String {
    let mut command = world.command();
    let output = command.args(line.split(' ')).stdin(Stdio::null()).stdout(Stdio::null()).output();
    world.shown(&output.unwrap())
}

#[tokio::test]
async fn pull_into_a_pipe() {
    let world = with_values(json!({"B": "two words", "A": "1", "KEY": "-----BEGIN\nline\n"})).await;
    assert_snapshot!(world.run("config:pull -a blog"), @r#"
    exit: 0
    ----- stdout -----
    A=1
    B=two words
    KEY="-----BEGIN\nline\n"
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn pull_into_the_file() {
    let world = with_values(json!({"A": "1"})).await;
    let file = world.home.path().join(".env");
    assert_snapshot!(detached(&world, "config:pull -a blog"), @r"
    exit: 0
    ----- stdout -----
    ----- stderr -----
    ");
    assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\n");
    assert_eq!(mode(&file), 0o600);

    fs::write(&file, "A=0\nMINE=1\n").unwrap();
    assert_snapshot!(detached(&world, "config:pull -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: .env already exists, pass -o to overwrite
    ");
    detached(&world, "config:pull -a blog --overwrite");
    assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\n");
}

#[tokio::test]
async fn push_from_a_pipe() {
    let world = with_values(json!({"A": "1"})).await;
    assert_snapshot!(world.run_with("config:push -a blog", "# ours\r\nA=1\r\n\nKEY=\"two\\nlines\"\n"), @r"
    exit: 0
    ----- stdout -----
    Creating config... done

    === blog Config
    A      1
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"A": "1", "KEY": "two\nlines"}}));
}

#[tokio::test]
async fn push_from_a_file() {
    let world = with_values(json!({"A": "1"})).await;
    assert_snapshot!(world.run("config:push -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: cannot read .env: No such file or directory (os error 2)
    ");
    fs::write(world.home.path().join("prod.env"), "A=1\n").unwrap();
    assert_snapshot!(world.run("config:push -a blog --path prod.env"), @r"
    exit: 0
    ----- stdout -----
    Creating config... done

    === blog Config
    A      1
    ----- stderr -----
    ");
}

#[tokio::test]
async fn what_is_pulled_can_be_pushed() {
    let values = json!({"A": "", "B": "\"quoted\"", "C": "back\\slash", "D": "a\r\nb\n\n", "E": " x=y "});
    let world = with_values(values.clone()).await;
    let output = world.command().args(["config:pull", "-a", "blog"]).output().unwrap();
    world.run_with("config:push -a blog", &String::from_utf8(output.stdout).unwrap());
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": values}));
}

#[tokio::test]
async fn a_value_from_standard_input() {
    let world = with_values(json!({"A": "1"})).await;
    assert_snapshot!(world.run_with("config:set -a blog KEY=- MODE=test", "-----BEGIN\nline = \"x\"\n-----END\n"), @r"
    exit: 0
    ----- stdout -----
    Creating config... done
    ----- stderr -----
    ");
    let values = json!({"KEY": "-----BEGIN\nline = \"x\"\n-----END", "MODE": "test"});
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": values}));
    // One line end goes, and nothing else.
    for (input, value) in [("  a\tb\\n ", "  a\tb\\n "), ("a\r\n", "a"), ("a\n\n", "a\n"), ("-", "-"), ("\n", "")] {
        world.run_with("config:set -a blog KEY=-", input);
        assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"KEY": value}}), "{input:?}");
    }
}

#[tokio::test]
async fn standard_input_that_is_no_value() {
    let world = with_values(json!({})).await;
    assert_snapshot!(world.run_with("config:set -a blog KEY=-", ""), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: standard input is empty, so KEY was not set
      `KEY=` sets an empty value.
    ");
    assert_snapshot!(world.run_with("config:set -a blog A=- B=-", "x"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: standard input can be the value of one variable only
      Several are set at once with --file, each on a line of its own.
    ");
    assert_snapshot!(world.run_with("config:set -a blog --file - B=-", "A=1"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: standard input cannot be both --file and the value of a variable
    ");
    fs::write(world.home.path().join("binary"), [0xff, 0xfe]).unwrap();
    let binary = fs::File::open(world.home.path().join("binary")).unwrap();
    let output = world.command().args(["config:set", "-a", "blog", "KEY=-"]).stdin(binary).output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: standard input is not text in UTF-8, so it cannot be the value of KEY
      Encode it, with base64 for example, and have the application decode it.
    ");
    assert_eq!(world.heard().await.len(), 0);
}

#[tokio::test]
async fn a_value_that_is_typed() {
    let world = with_values(json!({})).await;
    let words = ["config:set", "KEY=-", "-a", "blog"].map(str::to_owned);
    let mut terminal = Terminal::start(&world, &words);
    terminal.expect_hidden("value of KEY: ", "s3cret value\n");
    let screen = terminal.raw();
    assert!(!screen.contains("s3cret"), "{screen}");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"KEY": "s3cret value"}}));
    let mut terminal = Terminal::start(&world, &words);
    terminal.expect_hidden("value of KEY: ", "\n");
    assert!(terminal.raw().contains("KEY was not set"));
}

#[tokio::test]
async fn set_from_a_file() {
    let world = with_values(json!({"A": "1"})).await;
    fs::write(world.home.path().join("prod.env"), "# ours\nA=1\nB=-\n").unwrap();
    assert_snapshot!(world.run("config:set -a blog --file prod.env"), @r"
    exit: 0
    ----- stdout -----
    Creating config... done
    ----- stderr -----
    ");
    // A dash in a file is a dash.
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"A": "1", "B": "-"}}));
    world.run("config:set -a blog --file prod.env A=2 C=3");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"A": "2", "B": "-", "C": "3"}}));
    world.run_with("config:set -a blog --file -", "KEY=\"two\\nlines\"\n");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"KEY": "two\nlines"}}));
    assert_snapshot!(world.run("config:set -a blog --file none.env"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: cannot read none.env: No such file or directory (os error 2)
    ");
    assert_snapshot!(world.run_with("config:set -a blog --file -", "A=1\nnonsense\n"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: line 2 does not match the pattern 'key=var', ex: MODE=test
    ");
}

#[tokio::test]
async fn to_deis_a_dash_is_a_value() {
    let world = World::under_name("deis").await;
    world.answers("POST", CONFIG, 201, config(&json!({}))).await;
    world.run_with("config:set -a blog KEY=-", "input");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"KEY": "-"}}));
}
