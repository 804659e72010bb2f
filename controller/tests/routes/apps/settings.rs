//! `/v2/apps/{id}/settings`, `/v2/apps/{id}/tls`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn settings_change(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let set = async |body| admin.post("/v2/apps/blog/settings/", body).await;
    assert_snapshot!(set(json!({"maintenance": true})).await, @r#"201 {"app":"blog","autoscale":{},"created":"<time>","label":{},"maintenance":true,"owner":"admin","routable":true,"updated":"<time>","uuid":"<uuid>","whitelist":[]}"#);
    assert_snapshot!(set(json!({"maintenance": true})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(set(json!({"maintenance": false, "routable": false})).await.json()["routable"], @"false");
    assert_snapshot!(set(json!({"label": {"team": "frontend", "tier": 2}})).await.json()["label"], @r#"{"team":"frontend","tier":2}"#);
    assert_snapshot!(set(json!({"label": {"team": null}})).await.json()["label"], @r#"{"tier":2}"#);
    assert_snapshot!(set(json!({"label": {"team": null}})).await, @r#"422 {"detail":"team does not exist under label"}"#);
    assert_snapshot!(set(json!({})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(set(json!({"maintenance": "yes"})).await, @r#"400 {"maintenance":["invalid type: string \"yes\", expected a boolean"]}"#);
    assert_snapshot!(set(json!({"colour": "red"})).await, @r#"400 {"colour":["This field is not known here."]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn rules_of_scaling_change(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let set = async |rules| admin.post("/v2/apps/blog/settings/", json!({"autoscale": rules})).await;
    let rule = |min: i64, max: i64, cpu_percent: i64| json!({"min": min, "max": max, "cpu_percent": cpu_percent});
    assert_snapshot!(set(json!({"web": rule(1, 4, 70), "cmd": rule(2, 3, 50)})).await.json()["autoscale"], @r#"{"cmd":{"cpu_percent":50,"max":3,"min":2},"web":{"cpu_percent":70,"max":4,"min":1}}"#);
    assert_snapshot!(set(json!({"web": rule(1, 4, 70)})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(set(json!({"web": rule(1, 5, 70), "cmd": null})).await.json()["autoscale"], @r#"{"web":{"cpu_percent":70,"max":5,"min":1}}"#);
    assert_snapshot!(set(json!({"cmd": null})).await, @r#"422 {"detail":"cmd does not exist under autoscale"}"#);
    assert_snapshot!(set(json!({"web": rule(0, 4, 70)})).await, @r#"400 {"detail":"min replicas needs to be 1 or higher"}"#);
    assert_snapshot!(set(json!({"web": rule(-1, 4, 70)})).await, @r#"400 {"detail":"min replicas needs to be 1 or higher"}"#);
    assert_snapshot!(set(json!({"web": rule(4, 1, 70)})).await, @r#"400 {"detail":"max replicas can not be smaller than min replicas"}"#);
    assert_snapshot!(set(json!({"web": rule(1, 4, 0)})).await, @r#"400 {"detail":"cpu percent needs to be 1 or higher"}"#);
    assert_snapshot!(set(json!({"web": {"min": 1, "max": 4}})).await, @r#"400 {"autoscale":["could not validate {\"max\":4,\"min\":1}: 'cpu_percent' is a required property"]}"#);
    assert_snapshot!(set(json!({"web": {"min": "one", "max": 4, "cpu_percent": 70}})).await, @r#"400 {"autoscale":["could not validate {\"cpu_percent\":70,\"max\":4,\"min\":\"one\"}: \"one\" is not of type 'integer'"]}"#);
    assert_snapshot!(set(json!({"web": {"min": 1, "max": 4, "cpu_percent": 70, "memory": 1}})).await, @r#"400 {"autoscale":["could not validate {\"cpu_percent\":70,\"max\":4,\"memory\":1,\"min\":1}: 'memory' is not known; a rule has min, max and cpu_percent"]}"#);
    assert_snapshot!(set(json!({"web": 7})).await, @r#"400 {"autoscale":["could not validate 7: it is not of type 'object'"]}"#);
    assert_snapshot!(set(json!({"Web!": rule(1, 4, 70)})).await, @r#"400 {"autoscale":["Process types can only contain lowercase alphanumeric characters"]}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/settings").await.json()["autoscale"], @r#"{"web":{"cpu_percent":70,"max":5,"min":1}}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_router_does_changes(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let set = async |router| admin.post("/v2/apps/blog/settings/", json!({"router": router})).await;
    let all = json!({"connectTimeout": "500ms", "tcpTimeout": 60, "disableRequestStartHeader": true, "referrerPolicy": "none"});
    assert_snapshot!(set(all).await.json()["router"], @r#"
    {"connectTimeout":"500ms","disableRequestStartHeader":"true","referrerPolicy":"none","tcpTimeout":"60"}
    "#);
    assert_snapshot!(set(json!({"tcpTimeout": "60"})).await, @r#"
    409 {"detail":"admin changed nothing"}
    "#);
    assert_snapshot!(set(json!({"tcpTimeout": "1h", "referrerPolicy": null})).await.json()["router"], @r#"
    {"connectTimeout":"500ms","disableRequestStartHeader":"true","tcpTimeout":"1h"}
    "#);
    assert_snapshot!(set(json!({"referrerPolicy": null})).await, @r#"
    422 {"detail":"referrerPolicy does not exist under router"}
    "#);
    assert_snapshot!(set(json!({"tcpTimeout": "0s"})).await, @r#"
    400 {"router":["tcpTimeout cannot be \"0s\": it takes a time of up to a day, such as 30s, 20m or 1h"]}
    "#);
    assert_snapshot!(set(json!({"tcpTimeout": {"a": 1}})).await, @r#"
    400 {"router":["tcpTimeout cannot be \"{\\\"a\\\":1}\": it takes a time of up to a day, such as 30s, 20m or 1h"]}
    "#);
    assert_snapshot!(set(json!({"proxyBuffers": "1"})).await, @r#"
    400 {"router":["proxyBuffers is not known; there are connectTimeout, disableRequestStartHeader, referrerPolicy, tcpTimeout"]}
    "#);
    assert_snapshot!(admin.get("/v2/apps/blog/settings").await.json()["router"], @r#"
    {"connectTimeout":"500ms","disableRequestStartHeader":"true","tcpTimeout":"1h"}
    "#);
}

#[sqlx::test(migrations = "../migrations")]
async fn two_changes_at_once_lose_nothing(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let changes = (0..8).map(|n| {
        let admin = admin.clone();
        let body = json!({"label": {format!("key{n}"): n}});
        tokio::spawn(async move { admin.post("/v2/apps/blog/settings", body).await.expect(StatusCode::CREATED) })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    let settings = admin.get("/v2/apps/blog/settings").await.json();
    assert_eq!(settings["label"].as_object().unwrap().len(), 8);
}

#[sqlx::test(migrations = "../migrations")]
async fn https_is_enforced(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.get("/v2/apps/blog/tls").await, @r#"200 {"app":"blog","created":"<time>","https_enforced":null,"owner":"admin","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/tls", json!({"https_enforced": true})).await, @r#"201 {"app":"blog","created":"<time>","https_enforced":true,"owner":"admin","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/tls/", json!({"https_enforced": true})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/tls", json!({"https_enforced": "x"})).await, @r#"400 {"https_enforced":["invalid type: string \"x\", expected a boolean"]}"#);
}
