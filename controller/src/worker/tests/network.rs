//! Subnets that are taken by somebody whom the database does not know.

use super::*;
use crate::platform::{Action, AppRef, NetworkSpec};

#[sqlx::test(migrations = "../migrations")]
async fn the_first_subnet_that_is_nobody_elses_is_used(pool: PgPool) {
    let story = Story::begin(pool).await;
    let stranger = AppRef { uuid: Uuid::now_v7(), ..workload::app_ref(&story.app().await) };
    let spec = NetworkSpec { subnet: "10.214.0.0/23".parse().unwrap(), bridge: "br-theirs".to_owned() };
    story.memory.apply(&stranger, &Action::EnsureNetwork(spec)).await.unwrap();
    let app = db::app::find(&story.state.pool, &AppName::parse("blog").unwrap()).await.unwrap().unwrap();
    assert_eq!(story.deploy(&app, "web:1").await.unwrap(), "v2 ana deployed web:1");
    let network = db::network::find(&story.state.pool, app.id).await.unwrap().unwrap();
    assert_eq!(network.subnet.to_string(), "10.214.2.0/24");
}
