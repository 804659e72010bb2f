//! `/v2/apps/{id}/services`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

const SERVICES: &str = "/v2/apps/blog/services";

fn service(process_type: &str, paths: &str) -> Value {
    json!({"procfile_type": process_type, "path_pattern": paths})
}

#[sqlx::test(migrations = "../migrations")]
async fn services_come_and_go(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.get(SERVICES).await, @r#"200 {"services":[]}"#);
    assert_snapshot!(admin.post(SERVICES, service("test", "/testep/notify")).await, @"201");
    assert_snapshot!(admin.post(SERVICES, service("test", "/testep/notify")).await, @"204");
    assert_snapshot!(admin.post(SERVICES, service("test", "/testep/notify_new")).await, @"201");
    assert_snapshot!(admin.post("/v2/apps/blog/services/", service("test2", "~ ^/v[0-9]/")).await, @"201");
    assert_snapshot!(admin.get(SERVICES).await, @r#"200 {"services":[{"path_pattern":"~ ^/v[0-9]/","procfile_type":"test2"},{"path_pattern":"/testep/notify_new","procfile_type":"test"}]}"#);
    assert_snapshot!(admin.delete_with(SERVICES, json!({"procfile_type": "test"})).await, @"204");
    assert_snapshot!(admin.delete_with(SERVICES, json!({"procfile_type": "test"})).await, @r#"404 "No Service matches the given query.""#);
    assert_snapshot!(admin.get(SERVICES).await, @r#"200 {"services":[{"path_pattern":"~ ^/v[0-9]/","procfile_type":"test2"}]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_ones_are_refused(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.post(SERVICES, service("Web!", "/a")).await, @r#"400 {"procfile_type":["Process types can only contain lowercase alphanumeric characters"]}"#);
    assert_snapshot!(admin.post(SERVICES, service("web", "~ (")).await, @r#"400 {"path_pattern":["Service value should be valid regex (or set of regex split by comma): \"(\" cannot be read"]}"#);
    assert_snapshot!(admin.post(SERVICES, service("web", "")).await, @r#"400 {"path_pattern":["Service value should be valid regex (or set of regex split by comma): a location is empty"]}"#);
    assert_snapshot!(admin.post(SERVICES, json!({"procfile_type": "web"})).await, @r#"400 {"path_pattern":["This field is required."]}"#);
    assert_snapshot!(admin.post(SERVICES, json!({"procfile_type": null, "path_pattern": "/a"})).await, @r#"400 {"procfile_type":["This field may not be null."]}"#);
}
