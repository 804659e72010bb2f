//! `/v2/apps/{id}/drains`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Client, Installation};

const DRAINS: &str = "/v2/apps/blog/drains";
const SECRET: &str = "https://ana:hunter2@logs.example.com/hunter2?key=hunter2";

fn to(url: &str) -> Value {
    json!({ "url": url })
}

async fn urls(client: &Client) -> Vec<String> {
    let list: Value = serde_json::from_str(&client.get(DRAINS).await.body).unwrap();
    list["results"].as_array().unwrap().iter().map(|drain| drain["url"].as_str().unwrap().to_owned()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn drains_come_and_go(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let added = admin.post(DRAINS, to("syslog+tls://logs.example.com:6514")).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let added: Value = serde_json::from_str(&added.body).unwrap();
    assert_eq!(
        (&added["url"], &added["sent"], &added["dropped"]),
        (&json!("syslog+tls://logs.example.com:6514"), &json!(0), &json!(0))
    );
    assert_snapshot!(admin.post(DRAINS, to("syslog+tls://logs.example.com:6514")).await, @r#"
    409 {"detail":"The app's log is sent there already."}
    "#);
    for n in 1..5 {
        admin.post(DRAINS, to(&format!("syslog://logs.example.com:{n}"))).await.expect(StatusCode::CREATED);
    }
    assert_snapshot!(admin.post(DRAINS, to("syslog://logs.example.com:5")).await, @r#"
    422 {"detail":"An app has at most 5 drains. Remove one first."}
    "#);
    let one = format!("{DRAINS}/{}", added["uuid"].as_str().unwrap());
    assert_snapshot!(admin.delete(&one).await, @"204");
    assert_snapshot!(admin.delete(&one).await, @r#"
    404 "No Drain matches the given query."
    "#);
    assert_snapshot!(admin.delete("/v2/apps/blog/drains/nonsense").await, @r#"
    404 "No Drain matches the given query."
    "#);
    assert_eq!(urls(&admin).await.len(), 4);
    assert_snapshot!(admin.get("/v2/drains").await, @r#"
    200 {"count":0,"next":null,"previous":null,"results":[]}
    "#);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_drain_is_refused_in_words(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let mut refused = Vec::new();
    for url in [
        "",
        "logs.example.com:514",
        "udp://logs.example.com",
        "syslog://ana:hunter2@logs.example.com",
        "http://logs.example.com/v1",
        "syslog://127.0.0.1:514",
        "syslog://0x7f000001:514",
        "https://[::1]/v1",
        "https://169.254.169.254/latest/meta-data",
        "syslog://10.214.1.2:514",
        "syslog+tls://192.168.1.1",
    ] {
        refused.push(admin.post(DRAINS, to(url)).await.to_string());
    }
    refused.push(admin.post(DRAINS, json!({"url": 514})).await.to_string());
    refused.push(admin.post(DRAINS, json!({})).await.to_string());
    assert_snapshot!(refused.join("\n"), @r#"
    400 {"url":["This field may not be blank."]}
    400 {"url":["A drain is syslog://HOST:PORT, syslog+tls://HOST:PORT or https://HOST/PATH."]}
    400 {"url":["A drain is syslog://HOST:PORT, syslog+tls://HOST:PORT or https://HOST/PATH."]}
    400 {"url":["Syslog knows a host and a port, and neither users, paths nor queries."]}
    400 {"url":["Lines are posted over https:// only."]}
    400 {"url":["A drain leads to the Internet; 127.0.0.1 is this platform's own machine."]}
    400 {"url":["A drain leads to the Internet; 127.0.0.1 is this platform's own machine."]}
    400 {"url":["A drain leads to the Internet; ::1 is this platform's own machine."]}
    400 {"url":["A drain leads to the Internet; 169.254.169.254 is no address of the Internet."]}
    400 {"url":["A drain leads to the Internet; 10.214.1.2 is in a network of the platform's apps."]}
    400 {"url":["A drain leads to the Internet; 192.168.1.1 is no address of the Internet."]}
    400 {"url":["invalid type: integer `514`, expected a string"]}
    400 {"url":["This field is required."]}
    "#);
}

/// What is secret in a URL is seen by who may see config, and stands in no row of the database in the clear.
#[sqlx::test(migrations = "../migrations")]
async fn secrets_of_urls_stay_secret(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let added = admin.with_key("once").post(DRAINS, to(SECRET)).await;
    assert!(added.status == StatusCode::CREATED && !added.body.contains("hunter2"), "{added}");
    assert_eq!(urls(&admin).await, [SECRET]);
    let token = json!({"name": "watch", "scopes": ["read"]});
    let made: Value = serde_json::from_str(&admin.post("/v2/auth/api-tokens", token).await.body).unwrap();
    let watch = admin.with_token(made["token"].as_str().unwrap());
    assert_eq!(urls(&watch).await, ["https://***@logs.example.com/***"]);
    let audit = admin.get("/v2/apps/blog/audit").await.body;
    assert!(audit.contains("drains:add") && !audit.contains("hunter2"), "{audit}");
    let logs = admin.get("/v2/apps/blog/logs").await.body;
    assert!(logs.contains("added the log drain https://***@logs.example.com/***"), "{logs}");
    for table in ["drains", "audit", "events", "idempotency_keys"] {
        let query = sqlx::AssertSqlSafe(format!("select coalesce(string_agg(t::text, ' '), '') from {table} t"));
        let text: String = sqlx::query_scalar(query).fetch_one(&installation.pool).await.unwrap();
        let found =
            [String::from("hunter2"), hex::encode("hunter2")].iter().any(|secret| text.contains(secret.as_str()));
        assert!(!found, "{table}: {text}");
    }
}
