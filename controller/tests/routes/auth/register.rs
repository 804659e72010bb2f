//! `POST /v2/auth/register`

use axum::http::StatusCode;
use controller::state::Registration;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{BOOTSTRAP, Installation};

#[sqlx::test(migrations = "../migrations")]
async fn the_first_administrator_registers_from_the_machine_itself(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let here = installation.anybody().with_header("X-Slipway-Local", "1");
    assert_snapshot!(here.register("admin").await, @r#"201 {"date_joined":"<time>","email":"admin@example.com","first_name":"","groups":[],"is_active":true,"is_staff":true,"is_superuser":true,"last_login":null,"last_name":"","user_permissions":[],"username":"admin"}"#);
    // The second one is not the first.
    assert_snapshot!(here.register("eve").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn from_elsewhere_the_first_administrator_needs_the_token(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    assert_snapshot!(installation.anybody().register("eve").await, @r#"403 {"detail":"There is no administrator yet. Register from the machine that Slipway runs on, or with the one-time token that the installation printed."}"#);
    installation.anybody().with_token("guess").register("eve").await.expect(StatusCode::FORBIDDEN);
    let first = installation.anybody().with_token(BOOTSTRAP);
    let admin = first.register("admin").await.expect(StatusCode::CREATED).json();
    assert_eq!(admin["is_superuser"], true);
    first.register("eve").await.expect(StatusCode::FORBIDDEN);
    // It is no token of a user, before or after.
    first.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_first_administrators_at_once_one_is_made(pool: PgPool) {
    let installation = Installation::with_registration(pool, Registration::Enabled).await;
    let here = installation.anybody().with_header("X-Slipway-Local", "1");
    let everybody = (0..8).map(|n| {
        let here = here.clone();
        tokio::spawn(async move { here.register(&format!("user{n}")).await.expect(StatusCode::CREATED).json() })
    });
    let mut admins = 0;
    for one in everybody.collect::<Vec<_>>() {
        admins += i32::from(one.await.unwrap()["is_superuser"] == true);
    }
    assert_eq!(admins, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn administrators_register_others(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    assert_snapshot!(ana.get("/v2/auth/whoami").await, @r#"200 {"date_joined":"<time>","email":"ana@example.com","first_name":"","groups":[],"is_active":true,"is_staff":false,"is_superuser":false,"last_login":"<time>","last_name":"","user_permissions":[],"username":"ana"}"#);
    assert_snapshot!(ana.register("ben").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    installation.anybody().register("ben").await.expect(StatusCode::FORBIDDEN);
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_registers_where_registration_is_disabled(pool: PgPool) {
    let installation = Installation::with_registration(pool, Registration::Disabled).await;
    let first = installation.anybody().with_token(BOOTSTRAP).register("admin").await;
    assert_snapshot!(first, @r#"403 {"detail":"Registration is disabled"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_forms(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let register = async |form| admin.post("/v2/auth/register/", form).await;
    assert_snapshot!(register(json!({})).await, @r#"400 {"password":["This field may not be blank."],"username":["This field may not be blank."]}"#);
    let bad = register(json!({"username": "a b", "password": "x", "email": "nowhere"})).await;
    assert_snapshot!(bad, @r#"400 {"email":["Enter a valid email address."],"username":["Enter a valid username. This value may contain only letters, numbers and @/./+/-/_ characters."]}"#);
    assert_snapshot!(register(json!({"username": "admin", "password": "x"})).await, @r#"400 {"username":["A user with that username already exists."]}"#);
}
