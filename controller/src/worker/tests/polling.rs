//! A database behind a pooler without session state: no signal ever comes.

use super::*;
use crate::db::audit;

#[sqlx::test(migrations = "../migrations")]
async fn without_signals_the_work_is_found_within_a_second_or_two(pool: PgPool) {
    let story = Story::listening(pool, None, Settings::default()).await;
    let app = story.app().await;
    // Both take longer than a sweep's time if nothing but sweeps finds them.
    assert_eq!(story.deploy(&app, "web:1").await.unwrap(), "v2 ana deployed web:1");
    let entry = audit::Entry {
        username: "ana",
        via: audit::Via::default(),
        app: Some(app.uuid),
        action: "scale",
        target: "cmd=3",
        request_id: "",
    };
    audit::insert(&story.state.pool, entry).await.unwrap();
    story.scale(&app, "cmd", 3).await;
    assert_eq!(story.ps(&app).await, ["cmd up v2", "cmd up v2", "cmd up v2"]);
}
