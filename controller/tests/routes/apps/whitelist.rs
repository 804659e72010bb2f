//! `/v2/apps/{id}/whitelist`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

const PATH: &str = "/v2/apps/blog/whitelist";

fn addresses(list: &[&str]) -> Value {
    json!({ "addresses": list })
}

#[sqlx::test(migrations = "../migrations")]
async fn addresses_come_and_go(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let add = async |list| admin.post(PATH, addresses(list)).await;
    let remove = async |list| admin.delete_with(PATH, addresses(list)).await;
    assert_snapshot!(admin.get(PATH).await, @r#"200 {"addresses":[]}"#);
    assert_snapshot!(add(&["1.2.3.4", "10.1.2.3/8", "1.2.3.4"]).await, @r#"201 {"addresses":["1.2.3.4","10.1.2.3/8"]}"#);
    assert_snapshot!(add(&["2001:db8::1", "1.2.3.4"]).await, @r#"201 {"addresses":["1.2.3.4","10.1.2.3/8","2001:db8::1"]}"#);
    // However it is written, it is there already.
    assert_snapshot!(add(&["1.2.3.4/32", "10.0.0.0/8"]).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(add(&[]).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/settings").await.json()["whitelist"], @r#"["1.2.3.4","10.1.2.3/8","2001:db8::1"]"#);
    assert_snapshot!(remove(&["1.2.3.4", "9.9.9.9"]).await, @r#"422 {"detail":"addresses {'9.9.9.9'} does not exist in whitelist"}"#);
    assert_snapshot!(remove(&["9.9.9.9", "8.8.8.8"]).await, @r#"422 {"detail":"addresses {'9.9.9.9', '8.8.8.8'} does not exist in whitelist"}"#);
    assert_snapshot!(remove(&["10.0.0.0/8", "1.2.3.4"]).await, @"204");
    assert_snapshot!(admin.get("/v2/apps/blog/whitelist/").await, @r#"200 {"addresses":["2001:db8::1"]}"#);
    assert_snapshot!(remove(&["2001:DB8:0::1"]).await, @"204");
    assert_snapshot!(admin.get(PATH).await, @r#"200 {"addresses":[]}"#);
    let told: Vec<String> = sqlx::query_scalar("select text from events where text like '%whitelist%' order by id")
        .fetch_all(&installation.pool)
        .await
        .unwrap();
    assert_snapshot!(told.join("\n"), @r"
    admin added 1.2.3.4, 10.1.2.3/8 to the whitelist
    admin added 2001:db8::1 to the whitelist
    admin removed 1.2.3.4, 10.1.2.3/8 from the whitelist
    admin removed 2001:db8::1 from the whitelist
    ");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_address(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let add = async |body| admin.post(PATH, body).await;
    assert_snapshot!(add(addresses(&["1.2.3.4", "1.2.3.4.5"])).await, @r#"400 {"addresses":["The address 1.2.3.4.5 is not valid"]}"#);
    assert_snapshot!(add(addresses(&[""])).await, @r#"400 {"addresses":["The address  is not valid"]}"#);
    assert_snapshot!(add(addresses(&["1".repeat(51).as_str()])).await, @r#"400 {"addresses":["Ensure this field has no more than 50 characters."]}"#);
    assert_snapshot!(add(json!({})).await, @r#"400 {"addresses":["This field is required."]}"#);
    assert_snapshot!(add(json!({"addresses": null})).await, @r#"400 {"addresses":["This field may not be null."]}"#);
    assert_snapshot!(add(json!({"addresses": "1.2.3.4"})).await, @r#"400 {"addresses":["invalid type: string \"1.2.3.4\", expected a sequence"]}"#);
    assert_snapshot!(add(json!({"addresses": [7]})).await, @r#"400 {"addresses":["invalid type: integer `7`, expected a string"]}"#);
    assert_snapshot!(admin.delete_with(PATH, addresses(&["x"])).await, @r#"400 {"addresses":["The address x is not valid"]}"#);
    assert_snapshot!(admin.delete(PATH).await, @r#"400 {"addresses":["This field is required."]}"#);
    let many: Vec<_> = (0..1001).map(|n| format!("10.0.{}.{}", n / 250, n % 250)).collect();
    assert_snapshot!(add(json!({"addresses": many})).await, @r#"400 {"detail":"A whitelist has at most 1000 entries; a network takes the place of many addresses."}"#);
    assert_snapshot!(add(json!({"addresses": many[1..]})).await.status, @"201 Created");
}

#[sqlx::test(migrations = "../migrations")]
async fn settings_replace_it_as_a_whole(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let set = async |list: &[&str]| admin.post("/v2/apps/blog/settings", json!({ "whitelist": list })).await;
    admin.post(PATH, addresses(&["1.2.3.4", "5.6.7.8"])).await.expect(StatusCode::CREATED);
    assert_snapshot!(set(&["5.6.7.8", "::1"]).await.json()["whitelist"], @r#"["5.6.7.8","::1"]"#);
    assert_snapshot!(set(&["::1", "5.6.7.8"]).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(set(&["x"]).await, @r#"400 {"whitelist":["The address x is not valid"]}"#);
    assert_snapshot!(set(&[]).await.json()["whitelist"], @"[]");
    admin.post("/v2/apps/blog/settings", json!({"maintenance": true})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.get(PATH).await, @r#"200 {"addresses":[]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_removal_sent_again_is_answered_again(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post(PATH, addresses(&["1.2.3.4"])).await.expect(StatusCode::CREATED);
    let once = admin.with_key("k1");
    once.delete_with(PATH, addresses(&["1.2.3.4"])).await.expect(StatusCode::NO_CONTENT);
    once.delete_with(PATH, addresses(&["1.2.3.4"])).await.expect(StatusCode::NO_CONTENT);
    let another = once.delete_with(PATH, addresses(&["5.6.7.8"])).await;
    assert_snapshot!(another, @r#"422 {"detail":"This Idempotency-Key was used for another request. Use a new one."}"#);
}
