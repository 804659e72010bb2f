//! `/v2/apps/{id}/domains`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Client, Installation};

async fn add(client: &Client, app: &str, domain: &str) -> crate::harness::Answer {
    client.post(&format!("/v2/apps/{app}/domains"), json!({"domain": domain})).await
}

#[sqlx::test(migrations = "../migrations")]
async fn domains_come_and_go(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(add(&admin, "blog", "www.example.com").await, @r#"201 {"app":"blog","created":"<time>","domain":"www.example.com","owner":"admin","updated":"<time>"}"#);
    assert_snapshot!(add(&admin, "blog", "bücher.example.").await, @r#"201 {"app":"blog","created":"<time>","domain":"xn--bcher-kva.example","owner":"admin","updated":"<time>"}"#);
    let page = admin.get("/v2/apps/blog/domains/?limit=2").await.json();
    assert_eq!((&page["count"], page["results"][1]["domain"].as_str()), (&json!(3), Some("www.example.com")));
    admin.delete("/v2/apps/blog/domains/b%C3%BCcher.example/").await.expect(StatusCode::NO_CONTENT);
    admin.delete("/v2/apps/blog/domains/blog").await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(admin.delete("/v2/apps/blog/domains/blog").await, @r#"404 "No Domain matches the given query.""#);
    assert_snapshot!(admin.delete("/v2/apps/blog/domains/a_b").await, @r#"404 "No Domain matches the given query.""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_domains(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    for app in ["blog", "shop"] {
        admin.post("/v2/apps", json!({"id": app})).await.expect(StatusCode::CREATED);
    }
    add(&admin, "shop", "shop.example").await.expect(StatusCode::CREATED);
    assert_snapshot!(add(&admin, "blog", "*").await, @r#"400 {"domain":["Hostname can't only be a wildcard"]}"#);
    assert_snapshot!(add(&admin, "blog", "1.2.3.4").await, @r#"400 {"domain":["Hostname does not look valid."]}"#);
    assert_snapshot!(add(&admin, "blog", "-a.com").await, @r#"400 {"domain":["Hostname does not look valid, could not convert to ACE -a.com: not an IDNA name"]}"#);
    assert_snapshot!(add(&admin, "blog", "shop.example").await, @r#"400 {"domain":["Domain is already in use by another application"]}"#);
    assert_snapshot!(add(&admin, "blog", "Shop.Example.").await, @r#"400 {"domain":["The domain shop.example is already in use by another app"]}"#);
    assert_snapshot!(add(&admin, "blog", "slipway").await, @r#"400 {"domain":["slipway is a reserved name."]}"#);
    assert_snapshot!(add(&admin, "blog", "slipway.localhost").await, @r#"400 {"domain":["slipway.localhost is a reserved name."]}"#);
    assert_snapshot!(add(&admin, "blog", "localhost").await, @r#"400 {"domain":["localhost is a reserved name."]}"#);
    assert_snapshot!(add(&admin, "blog", "*.localhost").await, @r#"400 {"domain":["*.localhost is below the platform's own domain, where apps have single names."]}"#);
    assert_snapshot!(add(&admin, "blog", "www.shop.localhost").await, @r#"400 {"domain":["www.shop.localhost is below the platform's own domain, where apps have single names."]}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/domains", json!({})).await, @r#"400 {"domain":["This field may not be blank."]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_takes_requests_from_the_app_of_another(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let eve = installation.user(&admin, "eve").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps", json!({"id": "wiki"})).await.expect(StatusCode::CREATED);
    eve.post("/v2/apps", json!({"id": "evil"})).await.expect(StatusCode::CREATED);
    for domain in ["*.ana.example", "www.ana.com"] {
        add(&ana, "blog", domain).await.expect(StatusCode::CREATED);
    }
    ana.delete("/v2/apps/wiki/domains/wiki").await.expect(StatusCode::NO_CONTENT);
    for taken in
        ["blog", "blog.localhost", "wiki", "www.ana.com", "mail.ana.example", "a.b.ana.example", "*.ana.com", "*.com"]
    {
        add(&eve, "evil", taken).await.expect(StatusCode::BAD_REQUEST);
    }
    // To her own apps she may spread them as she likes.
    for own in ["wiki", "mail.ana.example", "*.ana.com"] {
        add(&ana, "wiki", own).await.expect(StatusCode::CREATED);
    }
    add(&eve, "evil", "notana.com").await.expect(StatusCode::CREATED);
}
