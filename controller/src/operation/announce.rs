//! What the operator's deploy hooks are to be told of a new release, written down in its transaction.

use sqlx::PgConnection;

use crate::{
    db,
    hook::{Announcement, Hooks},
};

/// Writes it down for each hook.
pub(super) async fn announce(
    tx: &mut PgConnection,
    hooks: &Hooks,
    app_id: i64,
    announcement: Announcement<'_>,
) -> Result<(), sqlx::Error> {
    for hook in hooks.urls() {
        db::deploy_hook::add(&mut *tx, app_id, hook.sha256(), &announcement.query()).await?;
    }
    Ok(())
}
