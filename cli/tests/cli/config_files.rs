//! `config:pull` and `config:push`: config as files and pipes.

use std::{fs, process::Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{World, config, mode};

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
