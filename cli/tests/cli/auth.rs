//! `auth:*`.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::harness::{World, mode, user};

/// A controller that knows `admin` and gives out tokens.
async fn controller(world: &World) {
    world.answers("GET", "/v2/", 401, json!({"detail": "Authentication credentials were not provided."})).await;
    world.answers("POST", "/v2/auth/register", 201, user("admin", true)).await;
    world.answers("POST", "/v2/auth/login/", 200, json!({"token": "fresh"})).await;
}

fn saved(world: &World) -> Value {
    serde_json::from_str(&fs::read_to_string(world.settings()).unwrap()).unwrap()
}

#[tokio::test]
async fn register_asks_and_logs_in() {
    let world = World::new().await;
    controller(&world).await;
    let uri = world.server.uri();
    let answers = "admin\nsecret\nsecret\nadmin@example.com\n";
    assert_snapshot!(world.run_with(&format!("register {uri}"), answers), @r"
    exit: 0
    ----- stdout -----
    username: 
    password: 
    password (confirm): 
    email: 
    Registered admin
    Logged in as admin
    Configuration file written to $HOME/.mycli/client.json
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/auth/register").await["email"], "admin@example.com");
    assert_eq!(saved(&world)["token"], "fresh");
    assert_eq!(mode(&world.settings()), 0o600);
    assert_eq!(mode(world.settings().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn register_with_two_different_passwords() {
    let world = World::new().await;
    controller(&world).await;
    let uri = world.server.uri();
    assert_snapshot!(world.run_with(&format!("register {uri}"), "admin\nsecret\nsecrte\n"), @r"
    exit: 1
    ----- stdout -----
    username: 
    password: 
    password (confirm): 
    ----- stderr -----
    Error: Password mismatch, aborting registration.
    ");
}

#[tokio::test]
async fn register_where_registration_is_closed() {
    let world = World::new().await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    let text = "You do not have permission to perform this action.";
    world.answers("POST", "/v2/auth/register", 403, json!({"detail": text})).await;
    let line = format!("register {} --username a --password b --email c@example.com", world.server.uri());
    assert_snapshot!(world.run(&line), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Registration failed: Error: You do not have permission to perform this action.
      The first user registers on the platform's own machine, or with --bootstrap-token-file.
      Later ones are registered by an administrator who is logged in here.
    ");
}

#[tokio::test]
async fn register_sends_the_token_that_opens_registration() {
    let world = World::logged_in().await;
    controller(&world).await;
    let uri = world.server.uri();
    let line = format!("register {uri} --username ana --email a@example.com --login=false --password-stdin");
    assert_snapshot!(world.run_with(&line, "secret\n"), @r"
    exit: 0
    ----- stdout -----
    Registered ana
    ----- stderr -----
    ");
    fs::write(world.home.path().join("token"), "bootstrap\n").unwrap();
    world.run_with(&format!("{line} --bootstrap-token-file token"), "secret\n");
    let line = line.replace("--password-stdin", "--password x");
    world.command().args(line.split(' ')).env("MYCLI_BOOTSTRAP_TOKEN", "from-env").output().unwrap();
    // Another name is another controller, whatever address it has.
    world.run(&line.replace("127.0.0.1", "localhost"));
    let heard = world.heard().await;
    let heard = heard.iter().map(|one| (one.url.path(), one.headers.get("authorization")));
    let (register, rest): (Vec<_>, Vec<_>) = heard.partition(|(path, _)| path.ends_with("register"));
    let tokens: Vec<_> = register.iter().map(|(_, token)| token.map(|token| token.to_str().unwrap())).collect();
    assert_eq!(tokens, [Some("token s3cret"), Some("token bootstrap"), Some("token from-env"), None]);
    assert!(rest.iter().all(|(_, token)| token.is_none()));
    assert_eq!(saved(&world)["token"], "s3cret");
}

#[tokio::test]
async fn login_keeps_what_the_user_set() {
    let world = World::new().await;
    controller(&world).await;
    world.write_settings(&json!({"controller": "http://old", "response_limit": 7, "colour": "blue"}));
    let uri = world.server.uri();
    let line = format!("login {uri} --username admin --password-stdin");
    assert_snapshot!(world.run_with(&line, "secret\n"), @r"
    exit: 0
    ----- stdout -----
    Logged in as admin
    Configuration file written to $HOME/.mycli/client.json
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/auth/login/").await, json!({"username": "admin", "password": "secret"}));
    assert_snapshot!(world.neutral(&saved(&world).to_string()), @r#"
    {"colour":"blue","controller":"http://controller","response_limit":7,"ssl_verify":true,"token":"fresh","username":"admin"}
    "#);
}

#[tokio::test]
async fn login_with_a_wrong_password() {
    let world = World::new().await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    let text = "Unable to log in with provided credentials.";
    world.answers("POST", "/v2/auth/login/", 400, json!({"non_field_errors": [text]})).await;
    let line = format!("login {} --username admin --password nope", world.server.uri());
    assert_snapshot!(world.run(&line), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Unable to log in with provided credentials.
    ");
    assert!(!world.settings().exists());
}

#[tokio::test]
async fn login_where_no_controller_is() {
    let world = World::new().await;
    world.replies("GET", "/v2/", ResponseTemplate::new(200)).await;
    assert_snapshot!(world.run(&format!("login {}", world.server.uri())), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      Something answers there, but not as a controller does.
    ");
    assert_snapshot!(world.run("login ftp://example.com"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: ftp://example.com is not the URL of a controller: it begins with neither http:// nor https://
      It looks like http://slipway.example.com.
    ");
}

#[tokio::test]
async fn logout_twice() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("logout"), @r"
    exit: 0
    ----- stdout -----
    Logged out
    ----- stderr -----
    ");
    assert!(!world.settings().exists());
    assert_snapshot!(world.run("logout"), @r"
    exit: 0
    ----- stdout -----
    Logged out
    ----- stderr -----
    ");
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Client configuration file not found at: $HOME/.mycli/client.json
    Are you logged in? Use 'mycli login' or 'mycli register' to get started.
    ");
}

#[tokio::test]
async fn passwd() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/auth/passwd", 200, json!({"status": "password set"})).await;
    assert_snapshot!(world.run_with("passwd", "old\nnew\nnew\n"), @r"
    exit: 0
    ----- stdout -----
    current password: 
    new password: 
    new password (confirm): 
    Password change succeeded.
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/auth/passwd").await, json!({"password": "old", "new_password": "new"}));
    assert_snapshot!(world.run_with("passwd", "old\nnew\nwen\n"), @r"
    exit: 1
    ----- stdout -----
    current password: 
    new password: 
    new password (confirm): 
    ----- stderr -----
    Error: Password mismatch, not changing.
    ");
    assert_snapshot!(world.run_with("passwd --username ana --password-stdin", "new\n"), @r"
    exit: 0
    ----- stdout -----
    Password change succeeded.
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/auth/passwd").await, json!({"username": "ana", "new_password": "new"}));
    assert_snapshot!(world.run_with("passwd", "old\n"), @r#"
    exit: 1
    ----- stdout -----
    current password: 
    new password: ⏎
    ----- stderr -----
    Error: standard input ended where "new password" was asked for
    "#);
}

#[tokio::test]
async fn passwd_with_a_wrong_password() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/auth/passwd", 401, json!({"detail": "Current password does not match"})).await;
    assert_snapshot!(world.run("passwd --password a --new-password b"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Password change failed: Error: Current password does not match
    ");
}

#[tokio::test]
async fn whoami() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/auth/whoami", 200, user("admin", true)).await;
    assert_snapshot!(world.run("whoami"), @r"
    exit: 0
    ----- stdout -----
    You are admin at http://controller
    ----- stderr -----
    ");
    assert_snapshot!(world.run("whoami --all"), @r"
    exit: 0
    ----- stdout -----
    ID: 0
    Username: admin
    Email: admin@example.com
    First Name: 
    Last Name: 
    Last Login: 
    Is Superuser: true
    Is Staff: true
    Is Active: true
    Date Joined: 2024-05-01T10:00:00Z
    ----- stderr -----
    ");
    assert_snapshot!(world.run("whoami --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "username": "admin",
      "email": "admin@example.com",
      "first_name": "",
      "last_name": "",
      "is_superuser": true,
      "is_staff": true,
      "is_active": true,
      "groups": [],
      "user_permissions": [],
      "last_login": null,
      "date_joined": "2024-05-01T10:00:00Z"
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn cancel() {
    let world = World::logged_in().await;
    controller(&world).await;
    world.replies("DELETE", "/v2/auth/cancel", ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("auth:cancel"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: the account was not cancelled: there is nobody to confirm it
      --yes cancels it without a question.
    ");
    assert_snapshot!(world.run("auth:cancel --username ana --yes"), @r"
    exit: 0
    ----- stdout -----
    Account cancelled
    ----- stderr -----
    ");
    assert!(world.settings().exists());
    assert_snapshot!(world.run_with("auth:cancel --yes", "admin\nsecret\n"), @r"
    exit: 0
    ----- stdout -----
    Please log in again in order to cancel this account
    username: 
    password: 
    Logged in as admin
    Configuration file written to $HOME/.mycli/client.json
    Account cancelled
    ----- stderr -----
    ");
    assert!(!world.settings().exists());
}

#[tokio::test]
async fn cancel_somebody_who_still_owns_apps() {
    let world = World::logged_in().await;
    let text = "ana still has applications assigned. Delete or transfer ownership";
    world.answers("DELETE", "/v2/auth/cancel", 409, json!({"detail": text})).await;
    assert_snapshot!(world.run("auth:cancel --username ana --yes"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Failed to delete user because the user still has applications assigned. Delete or transfer ownership.
    ");
}

#[tokio::test]
async fn regenerate() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/auth/tokens/", 200, json!({"token": "next"})).await;
    assert_snapshot!(world.run("auth:regenerate --username ana"), @r"
    exit: 0
    ----- stdout -----
    Token Regenerated
    ----- stderr -----
    ");
    assert_eq!(saved(&world)["token"], "s3cret");
    assert_snapshot!(world.run("auth:regenerate"), @r"
    exit: 0
    ----- stdout -----
    Token Regenerated
    ----- stderr -----
    ");
    assert_eq!(saved(&world)["token"], "next");
    assert_snapshot!(world.run("auth:regenerate --all"), @r"
    exit: 0
    ----- stdout -----
    Token Regenerated
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/auth/tokens/").await, json!({"all": true}));
}
