//! Who looked at an app before it was destroyed comes too late.

use super::*;
use crate::{lease::Held, reconcile};

#[sqlx::test(migrations = "../migrations")]
async fn routes_of_a_destroyed_app_do_not_come_back(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    story.stop.cancel();
    let held = loop {
        match Held::acquire(&story.state, app.id).await.unwrap() {
            Some(held) => break held,
            None => tokio::task::yield_now().await,
        }
    };
    let destroy = async {
        let mut tx = db::begin(&story.state.pool).await.unwrap();
        operation::destroy(&mut tx, &app, &story.ana).await.unwrap();
        db::commit(tx).await.unwrap();
    };
    assert!(!reconcile::write_routes_late(&story.state, &held, destroy).await.unwrap());
    let route = db::route::find(&story.state.pool, app.uuid).await.unwrap().unwrap();
    assert_eq!(route.routes, None);
}
