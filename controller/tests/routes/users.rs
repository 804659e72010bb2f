//! `/v2/users`

use insta::assert_snapshot;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn administrators_see_everybody(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.user(&admin, "ana").await;
    let page = admin.get("/v2/users").await.json();
    let names: Vec<_> = page["results"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["admin", "ana"]);
    assert_snapshot!(admin.get("/v2/users?limit=1&offset=1").await, @r#"200 {"count":2,"next":null,"previous":"http://slipway.localhost/v2/users?limit=1","results":[{"date_joined":"<time>","email":"ana@example.com","first_name":"","groups":[],"is_active":true,"is_staff":false,"is_superuser":false,"last_login":"<time>","last_name":"","user_permissions":[],"username":"ana"}]}"#);
}
