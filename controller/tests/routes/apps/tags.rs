//! `tags` of `/v2/apps/{id}/config`: labels that a machine must bear.

use axum::http::StatusCode;
use controller::state::Settings;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Client, Installation};

/// An administrator of a platform whose machine is labelled, and an app.
async fn labelled(pool: PgPool) -> Client {
    let labels = [("disk", "ssd"), ("rack", "1"), ("example.com/zone", "a")];
    let machine_labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let settings = Settings { machine_labels, ..Settings::default() };
    let (_, admin) = Installation::with_settings(pool, settings).await.administered().await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin
}

#[sqlx::test(migrations = "../migrations")]
async fn the_machine_must_bear_all_of_them(pool: PgPool) {
    let admin = labelled(pool).await;
    let set = async |tags: Value| admin.post("/v2/apps/blog/config", json!({ "tags": tags })).await;
    assert_snapshot!(set(json!({"disk": "hdd"})).await, @r#"400 {"detail":"No nodes matched the provided labels: disk=hdd"}"#);
    assert_snapshot!(set(json!({"disk": "ssd", "example.com/zone": "a"})).await.json()["tags"], @r#"{"disk":"ssd","example.com/zone":"a"}"#);
    assert_snapshot!(set(json!({"rack": 2})).await, @r#"400 {"detail":"No nodes matched the provided labels: disk=ssd, example.com/zone=a, rack=2 - Addition of rack=2 is the cause"}"#);
    assert_snapshot!(set(json!({"rack": 1, "disk": null})).await.json()["tags"], @r#"{"example.com/zone":"a","rack":"1"}"#);
    assert_snapshot!(set(json!({"disk": null})).await, @r#"422 {"detail":"disk does not exist under tags"}"#);
    assert_snapshot!(set(json!({"rack": "1"})).await, @r#"409 {"detail":"admin changed nothing - release stopped"}"#);
    let releases = admin.get("/v2/apps/blog/releases").await.json();
    let summaries: Vec<_> = releases["results"].as_array().unwrap().iter().map(|release| &release["summary"]).collect();
    assert_snapshot!(json!(summaries), @r#"["admin added tag rack, deleted tag disk","admin added tag disk, added tag example.com/zone","admin created initial release"]"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_label(pool: PgPool) {
    let admin = labelled(pool).await;
    let set = async |tags: Value| admin.post("/v2/apps/blog/config", json!({ "tags": tags })).await;
    assert_snapshot!(set(json!({"disk": "a b"})).await, @r#"400 {"tags":["Tag values must be alphanumeric or \"-_.\", and 1-63 characters."]}"#);
    assert_snapshot!(set(json!({"-disk": "ssd"})).await, @r#"400 {"tags":["Tag keys must be alphanumeric or \"-_.\", and 1-63 characters."]}"#);
    assert_snapshot!(set(json!({"": "ssd"})).await, @r#"400 {"tags":["Tag keys must be alphanumeric or \"-_.\", and 1-63 characters."]}"#);
    assert_snapshot!(set(json!({"a/b/c": "d"})).await, @r#"400 {"tags":["Tag key prefixes must be DNS subdomains."]}"#);
    assert_snapshot!(set(json!({"/b": "d"})).await, @r#"400 {"tags":["Tag key prefixes must be DNS subdomains."]}"#);
    let long = format!("{}/b", "a.".repeat(127));
    assert_snapshot!(set(json!({long: "d"})).await, @r#"400 {"tags":["Tag key prefixes must 253 characters or less."]}"#);
}

/// As at Deis: whoever sets none has the operator's, whoever sets some has those alone.
#[sqlx::test(migrations = "../migrations")]
async fn an_app_without_any_has_the_operators(pool: PgPool) {
    let tags =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let machine_labels = tags(&[("disk", "ssd"), ("rack", "1")]);
    let settings = Settings { machine_labels, default_tags: tags(&[("disk", "ssd")]), ..Settings::default() };
    let (_, admin) = Installation::with_settings(pool, settings).await.administered().await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.get("/v2/apps/blog/config").await.json()["tags"], @r#"
    {"disk":"ssd"}
    "#);
    let set = async |tags: Value| admin.post("/v2/apps/blog/config", json!({ "tags": tags })).await;
    assert_snapshot!(set(json!({"rack": 1, "disk": null})).await.json()["tags"], @r#"
    {"rack":"1"}
    "#);
    assert_snapshot!(set(json!({"rack": null})).await.json()["tags"], @r#"
    {"disk":"ssd"}
    "#);
    assert_snapshot!(set(json!({"disk": null})).await, @r#"
    409 {"detail":"admin changed nothing - release stopped"}
    "#);
}
