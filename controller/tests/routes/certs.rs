//! `/v2/certs`

use axum::http::StatusCode;
use insta::{allow_duplicates, assert_snapshot};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Answer, Client, Installation};

/// A certificate for the host, and its key.
fn made(host: &str) -> (String, String) {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, host);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

pub async fn add(client: &Client, name: &str) -> Answer {
    let (certificate, key) = made("www.example.com");
    client.post("/v2/certs", json!({"name": name, "certificate": certificate, "key": key})).await
}

/// Without what differs from run to run.
fn steady(mut certificate: Value) -> Value {
    let fingerprint = certificate["fingerprint"].as_str().unwrap();
    assert_eq!((fingerprint.len(), fingerprint.matches(':').count()), (95, 31), "{fingerprint}");
    for field in ["fingerprint", "created", "updated", "id"] {
        certificate.as_object_mut().unwrap().remove(field).unwrap();
    }
    certificate
}

/// Somebody with an app of a domain.
async fn owner(installation: &Installation, admin: &Client, name: &str, domain: &str) -> Client {
    let user = installation.user(admin, name).await;
    user.post("/v2/apps", json!({"id": format!("{name}-app")})).await.expect(StatusCode::CREATED);
    let path = format!("/v2/apps/{name}-app/domains");
    user.post(&path, json!({"domain": domain})).await.expect(StatusCode::CREATED);
    user
}

#[sqlx::test(migrations = "../migrations")]
async fn certificates_come_and_go(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    assert_snapshot!(admin.get("/v2/certs").await, @r#"200 {"count":0,"next":null,"previous":null,"results":[]}"#);
    let added = add(&admin, "web-2024").await.expect(StatusCode::CREATED).json();
    assert_snapshot!(steady(added.clone()), @r#"{"common_name":"www.example.com","domains":[],"expires":"4096-01-01T00:00:00Z","issuer":"/CN=www.example.com","name":"web-2024","owner":"admin","san":["www.example.com"],"starts":"1975-01-01T00:00:00Z","subject":"/CN=www.example.com"}"#);
    assert_eq!(admin.get("/v2/certs/web-2024/").await.expect(StatusCode::OK).json(), added);
    add(&admin, "blog").await.expect(StatusCode::CREATED);
    let page = admin.get("/v2/certs/?limit=1").await.json();
    assert_eq!((&page["count"], &page["results"][0]["name"]), (&json!(2), &json!("blog")));
    assert_snapshot!(admin.delete("/v2/certs/web-2024").await, @"204");
    assert_snapshot!(admin.delete("/v2/certs/web-2024").await, @r#"404 "No Certificate matches the given query.""#);
    assert_snapshot!(admin.get("/v2/certs/Web").await, @r#"404 "No Certificate matches the given query.""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_certificates(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let (certificate, key) = made("www.example.com");
    let post = async |body: Value| admin.post("/v2/certs", body).await;
    assert_snapshot!(post(json!({})).await, @r#"400 {"certificate":["This field may not be blank."],"key":["This field may not be blank."],"name":["This field may not be blank."]}"#);
    assert_snapshot!(post(json!({"name": "Web_1", "certificate": certificate, "key": key})).await, @r#"400 {"name":["Can only contain a-z (lowercase), 0-9 and hyphens"]}"#);
    assert_snapshot!(post(json!({"name": "web", "certificate": certificate, "key": made("x").1})).await, @r#"400 {"key":["Certificate and private key do not match!"]}"#);
    assert_snapshot!(post(json!({"name": "web", "certificate": "x", "key": key})).await, @r#"400 {"certificate":["Could not load certificate: there is no \"BEGIN CERTIFICATE\" in it."]}"#);
    add(&admin, "web").await.expect(StatusCode::CREATED);
    assert_snapshot!(add(&admin, "web").await, @r#"400 {"name":["certificate with this name already exists."]}"#);
    assert_eq!(admin.get("/v2/certs").await.json()["count"], 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn certificates_are_attached_and_detached(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = owner(&installation, &admin, "ana", "www.example.com").await;
    add(&ana, "old").await.expect(StatusCode::CREATED);
    add(&ana, "new").await.expect(StatusCode::CREATED);
    let www = json!({"domain": "WWW.example.com"});
    assert_snapshot!(ana.post("/v2/certs/old/domain/", www.clone()).await, @"201");
    // Everything of it is read again, its own attachment too.
    assert_snapshot!(ana.get("/v2/certs/old").await.json()["domains"], @r#"["www.example.com"]"#);
    assert_snapshot!(ana.post("/v2/certs/new/domain", www.clone()).await, @r#"409 {"detail":"Domain already has a certificate attached to it"}"#);
    assert_snapshot!(ana.post("/v2/certs/new/domain/", json!({})).await, @r#"400 {"detail":"domain is a required field"}"#);
    assert_snapshot!(ana.post("/v2/certs/none/domain/", www.clone()).await, @r#"404 "No Certificate matches the given query.""#);
    assert_snapshot!(ana.post("/v2/certs/new/domain/none.example", json!({})).await, @r#"404 "No Domain matches the given query.""#);
    assert_snapshot!(ana.delete("/v2/certs/new/domain/www.example.com").await, @r#"404 "No Domain matches the given query.""#);
    assert_snapshot!(ana.delete("/v2/certs/old/domain/www.example.com").await, @"204");
    // In the URL as well; the one in the body wins.
    assert_snapshot!(ana.post("/v2/certs/new/domain/ana-app.localhost", json!({})).await, @"201");
    assert_snapshot!(ana.post("/v2/certs/new/domain/ana-app", www).await, @"201");
    assert_snapshot!(ana.get("/v2/certs/new").await.json()["domains"], @r#"["ana-app","www.example.com"]"#);
    // A domain that goes is attached no more, and neither is one whose certificate goes.
    ana.delete("/v2/apps/ana-app/domains/ana-app").await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(ana.get("/v2/certs/new").await.json()["domains"], @r#"["www.example.com"]"#);
    ana.delete("/v2/certs/new").await.expect(StatusCode::NO_CONTENT);
    ana.post("/v2/certs/old/domain/www.example.com", json!({})).await.expect(StatusCode::CREATED);
    let log = ana.get("/v2/apps/ana-app/logs").await.body;
    let told: Vec<_> =
        log.lines().filter_map(|line| line.split_once("INFO certificate ")).map(|(_, text)| text).collect();
    assert_snapshot!(told.join("\n"), @"
    old attached to domain www.example.com
    old detached from domain www.example.com
    new attached to domain ana-app
    new attached to domain www.example.com
    new detached from domain www.example.com
    old attached to domain www.example.com
    ");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_certificate_is_its_owners(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = owner(&installation, &admin, "ana", "www.ana.com").await;
    let eve = owner(&installation, &admin, "eve", "www.eve.com").await;
    add(&ana, "web").await.expect(StatusCode::CREATED);
    for stranger in [&eve, &admin] {
        assert_eq!(stranger.get("/v2/certs").await.json()["count"], 0);
        for answer in [
            stranger.get("/v2/certs/web").await,
            stranger.delete("/v2/certs/web").await,
            stranger.post("/v2/certs/web/domain/", json!({"domain": "www.eve.com"})).await,
            stranger.delete("/v2/certs/web/domain/www.ana.com").await,
        ] {
            allow_duplicates!(assert_snapshot!(answer, @r#"404 "No Certificate matches the given query.""#));
        }
    }
    // Nor does a certificate of one's own tell of the domains of others, or serve them.
    add(&eve, "mine").await.expect(StatusCode::CREATED);
    let others = eve.post("/v2/certs/mine/domain/", json!({"domain": "www.ana.com"})).await;
    assert_snapshot!(others, @r#"404 "No Domain matches the given query.""#);
    // Who may use the app may attach to its domains, until then.
    ana.post("/v2/apps/ana-app/perms", json!({"username": "eve"})).await.expect(StatusCode::CREATED);
    eve.post("/v2/certs/mine/domain/", json!({"domain": "www.ana.com"})).await.expect(StatusCode::CREATED);
    eve.delete("/v2/certs/mine/domain/www.ana.com").await.expect(StatusCode::NO_CONTENT);
    ana.delete("/v2/apps/ana-app/perms/eve").await.expect(StatusCode::NO_CONTENT);
    let former = eve.post("/v2/certs/mine/domain/", json!({"domain": "www.ana.com"})).await;
    assert_snapshot!(former, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn certificates_go_with_the_account(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = owner(&installation, &admin, "ana", "www.ana.com").await;
    let eve = installation.user(&admin, "eve").await;
    add(&eve, "web").await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/ana-app/perms", json!({"username": "eve"})).await.expect(StatusCode::CREATED);
    eve.post("/v2/certs/web/domain/", json!({"domain": "www.ana.com"})).await.expect(StatusCode::CREATED);
    eve.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    assert!(ana.get("/v2/apps/ana-app/logs").await.body.contains("certificate web detached from domain www.ana.com"));
    add(&ana, "web").await.expect(StatusCode::CREATED);
    ana.post("/v2/certs/web/domain/", json!({"domain": "www.ana.com"})).await.expect(StatusCode::CREATED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_that_is_sent_twice_is_made_once(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = owner(&installation, &admin, "ana", "www.ana.com").await;
    let (certificate, key) = made("www.ana.com");
    let body = json!({"name": "web", "certificate": certificate, "key": key});
    let first = ana.with_key("k1").post("/v2/certs", body.clone()).await.expect(StatusCode::CREATED).json();
    assert_eq!(ana.with_key("k1").post("/v2/certs", body).await.expect(StatusCode::CREATED).json(), first);
    for _ in 0..2 {
        let again = ana.with_key("k2").post("/v2/certs/web/domain/", json!({"domain": "www.ana.com"})).await;
        allow_duplicates!(assert_snapshot!(again, @"201"));
    }
    for (key, path) in [("k3", "/v2/certs/web/domain/www.ana.com"), ("k4", "/v2/certs/web")] {
        ana.with_key(key).delete(path).await.expect(StatusCode::NO_CONTENT);
        ana.with_key(key).delete(path).await.expect(StatusCode::NO_CONTENT);
    }
}
