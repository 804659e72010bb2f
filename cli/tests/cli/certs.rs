//! `certs:*`.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::{World, certificate, page};

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/certs", 200, page(&[certificate("web-2016")])).await;
    assert_snapshot!(world.run("certs"), @r"
    exit: 0
    ----- stdout -----
        Name   |   Common Name   |        SubjectAltName       |        Expires        |   Fingerprint   |     Domains     |   Updated  |   Created
    +----------+-----------------+-----------------------------+-----------------------+-----------------+-----------------+------------+------------+
      web-2016 | www.example.com | www.example.com,example.com | 31 Dec 2017 (expired) | 8F:8E[...]CD:EB | www.example.com | 1 May 2024 | 1 May 2024
    ----- stderr -----
    ");
    assert_snapshot!(world.run("certs:list --json -l 2"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "id": 1,
        "owner": "admin",
        "name": "web-2016",
        "common_name": "www.example.com",
        "san": [
          "www.example.com",
          "example.com"
        ],
        "domains": [
          "www.example.com"
        ],
        "fingerprint": "8F:8E:8E:8E:CD:EB",
        "expires": "2017-12-31T00:00:00Z",
        "starts": "2016-01-15T00:00:00Z",
        "issuer": "/C=US/CN=ca",
        "subject": "/C=US/CN=www.example.com",
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn none() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/certs", 200, page(&[])).await;
    assert_snapshot!(world.run("certs:list"), @r"
    exit: 0
    ----- stdout -----
    No certs
    ----- stderr -----
    ");
}

#[tokio::test]
async fn info() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/certs/web-2016", 200, certificate("web-2016")).await;
    assert_snapshot!(world.run("certs:info web-2016"), @r"
    exit: 0
    ----- stdout -----
    === web-2016 Certificate
    Common Name(s):     www.example.com
    Expires At:         31 Dec 2017 (expired)
    Starts At:          15 Jan 2016
    Fingerprint:        8F:8E:8E:8E:CD:EB
    Subject Alt Name:   www.example.com,example.com
    Issuer:             /C=US/CN=ca
    Subject:            /C=US/CN=www.example.com

    Connected Domains:  www.example.com
    Owner:              admin
    Created:            1 May 2024
    Updated:            1 May 2024
    ----- stderr -----
    ");
    let mut bare = certificate("bare");
    for (field, value) in [("common_name", json!(null)), ("san", json!([])), ("domains", json!([]))] {
        bare[field] = value;
    }
    world.answers("GET", "/v2/certs/bare", 200, bare).await;
    assert_snapshot!(world.run("certs:info bare"), @r"
    exit: 0
    ----- stdout -----
    === bare Certificate
    Common Name(s):     N/A
    Expires At:         31 Dec 2017 (expired)
    Starts At:          15 Jan 2016
    Fingerprint:        8F:8E:8E:8E:CD:EB
    Subject Alt Name:   N/A
    Issuer:             /C=US/CN=ca
    Subject:            /C=US/CN=www.example.com

    Connected Domains:  No connected domains
    Owner:              admin
    Created:            1 May 2024
    Updated:            1 May 2024
    ----- stderr -----
    ");
}

#[tokio::test]
async fn add() {
    let world = World::logged_in().await;
    fs::write(world.home.path().join("a.crt"), "the certificate\n").unwrap();
    fs::write(world.home.path().join("a.key"), "its key\n").unwrap();
    world.answers("POST", "/v2/certs", 201, certificate("web")).await;
    assert_snapshot!(world.run("certs:add web a.crt a.key"), @r"
    exit: 0
    ----- stdout -----
    Adding SSL endpoint... done
    ----- stderr -----
    ");
    let sent = json!({"name": "web", "certificate": "the certificate\n", "key": "its key\n"});
    assert_eq!(world.body("POST", "/v2/certs").await, sent);
    assert_snapshot!(world.run("certs:add web a.crt b.key"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: open b.key: no such file or directory
    ");
    fs::write(world.home.path().join("a.key"), b"\x30\xff hush-hush").unwrap();
    assert_snapshot!(world.run("certs:add web a.crt a.key"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: a.key is no PEM file; `openssl x509` and `openssl pkey` with -inform der make one of it
    ");
}

#[tokio::test]
async fn refused() {
    let world = World::logged_in().await;
    fs::write(world.home.path().join("a.pem"), "hush-hush\n").unwrap();
    let text = "Certificate and private key do not match!";
    world.answers("POST", "/v2/certs", 400, json!({"key": [text]})).await;
    assert_snapshot!(world.run("certs:add web a.pem a.pem"), @r"
    exit: 1
    ----- stdout -----
    Adding SSL endpoint... ⏎
    ----- stderr -----
    Error: Certificate and private key do not match!
    ");
    world.answers("DELETE", "/v2/certs/web", 404, json!("No Certificate matches the given query.")).await;
    assert_snapshot!(world.run("certs:remove web"), @r#"
    exit: 1
    ----- stdout -----
    Removing web... ⏎
    ----- stderr -----
    Error: "No Certificate matches the given query."
      `mycli certs` lists the certificates you have.
    "#);
}

#[tokio::test]
async fn remove_attach_and_detach() {
    let world = World::logged_in().await;
    world.replies("DELETE", "/v2/certs/web", ResponseTemplate::new(204)).await;
    world.replies("POST", "/v2/certs/web/domain/", ResponseTemplate::new(201)).await;
    world.replies("DELETE", "/v2/certs/web/domain/*.example.com", ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("certs:attach web *.example.com"), @r"
    exit: 0
    ----- stdout -----
    Attaching certificate web to domain *.example.com... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/certs/web/domain/").await, json!({"domain": "*.example.com"}));
    assert_snapshot!(world.run("certs:detach web *.example.com"), @r"
    exit: 0
    ----- stdout -----
    Detaching certificate web from domain *.example.com... done
    ----- stderr -----
    ");
    assert_snapshot!(world.run("certs:remove web"), @r"
    exit: 0
    ----- stdout -----
    Removing web... done
    ----- stderr -----
    ");
}
