//! `POST /v2/auth/login/`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Installation, PASSWORD};

#[sqlx::test(migrations = "../migrations")]
async fn every_login_makes_a_token_of_its_own(pool: PgPool) {
    let (installation, laptop) = Installation::with_admin(pool).await;
    let mut desktop = installation.anybody();
    assert_snapshot!(desktop.try_login("admin", PASSWORD).await, @r#"200 {"token":"<token>"}"#);
    desktop.login("admin").await;
    laptop.get("/v2/auth/whoami").await.expect(StatusCode::OK);
    let me = desktop.get("/v2/auth/whoami").await.expect(StatusCode::OK);
    assert!(me.json()["last_login"].is_string());
}

#[sqlx::test(migrations = "../migrations")]
async fn who_is_unknown_hears_what_a_wrong_password_hears(pool: PgPool) {
    let (installation, _) = Installation::with_admin(pool).await;
    let wrong = installation.anybody().try_login("admin", "guess").await;
    assert_snapshot!(wrong, @r#"400 {"non_field_errors":["Unable to log in with provided credentials."]}"#);
    let unknown = installation.anybody().try_login("nobody", "guess").await;
    assert_eq!((unknown.status, unknown.body), (wrong.status, wrong.body));
    assert_snapshot!(installation.anybody().post("/v2/auth/login/", json!({"username": ""})).await, @r#"400 {"password":["This field may not be blank."],"username":["This field may not be blank."]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_failed_tries_are_limited(pool: PgPool) {
    let (installation, _) = Installation::with_admin(pool).await;
    let office = installation.anybody().with_header("X-Forwarded-For", "192.0.2.1");
    for _ in 0..12 {
        office.try_login("admin", PASSWORD).await.expect(StatusCode::OK);
    }
    // Twenty guesses at once are ten guesses.
    let thief = installation.anybody().with_header("X-Forwarded-For", "203.0.113.9");
    let guesses = (0..20).map(|_| {
        let thief = thief.clone();
        tokio::spawn(async move { thief.try_login("admin", "guess").await.status })
    });
    let mut heard = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        heard.push(guess.await.unwrap());
    }
    assert_eq!(heard.iter().filter(|status| **status == StatusCode::BAD_REQUEST).count(), 10);
    let refused = thief.try_login("admin", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=60).contains(&refused.header("Retry-After").parse::<u32>().unwrap()));
    // From anywhere new the account is closed too; where its user has worked before it is not.
    let elsewhere = installation.anybody().with_header("X-Forwarded-For", "198.51.100.4");
    elsewhere.try_login("admin", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
    office.try_login("admin", PASSWORD).await.expect(StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_address_cannot_try_all_accounts(pool: PgPool) {
    let (installation, _) = Installation::with_admin(pool).await;
    let thief = installation.anybody().with_header("X-Forwarded-For", "203.0.113.9");
    for n in 0..50 {
        thief.try_login(&format!("user{n}"), "password").await.expect(StatusCode::BAD_REQUEST);
    }
    thief.try_login("user50", "password").await.expect(StatusCode::TOO_MANY_REQUESTS);
    let honest = installation.anybody().with_header("X-Forwarded-For", "198.51.100.4");
    honest.try_login("admin", PASSWORD).await.expect(StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn neither_password_nor_token_is_in_the_database(pool: PgPool) {
    let (installation, _) = Installation::with_admin(pool).await;
    let token = installation.anybody().try_login("admin", PASSWORD).await.json()["token"].as_str().unwrap().to_owned();
    let rows: Vec<String> = sqlx::query_scalar(
        "select users::text from users union all select tokens::text from tokens union all select audit::text from audit",
    )
    .fetch_all(&installation.pool)
    .await
    .unwrap();
    assert!(rows.len() > 3);
    let bare = token.trim_start_matches("sw_");
    assert!(rows.iter().all(|row| !row.contains(PASSWORD) && !row.contains(bare)), "{rows:?}");
}
