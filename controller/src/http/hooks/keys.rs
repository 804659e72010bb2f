//! `/v2/hooks/keys` and `/v2/hooks/key`: whose keys these are, and whose key this is.

use std::collections::BTreeMap;

use api::types::{HookKey, HookPush, HookUser};
use axum::Json;

use super::{super::extract::Path, Builder, app, pushed};
use crate::{
    db::{self, key},
    error::Error,
    state::State,
};

/// Keys by the name of their owner.
type Keys = BTreeMap<String, Vec<HookKey>>;

/// The keys of the app's collaborators.
pub(super) async fn of_app(state: State, _: Builder, Path(name): Path<String>) -> Result<Json<Keys>, Error> {
    let app = app(&state, &name).await?;
    let mut keys = Keys::new();
    for key in key::list_of_collaborators(&state.pool, app.id).await? {
        keys.entry(key.owner.clone()).or_default().push(shown(key));
    }
    Ok(Json(keys))
}

/// The keys of a user who may push to the app.
pub(super) async fn of_user(
    state: State,
    _: Builder,
    Path((receive_repo, receive_user)): Path<(String, String)>,
) -> Result<Json<Keys>, Error> {
    let (user, _) = pushed(&state, &HookPush { receive_user, receive_repo }).await?;
    let keys = key::list(&state.pool, user.id, i64::MAX, 0).await?;
    if keys.is_empty() {
        return Err(Error::Missing("Key"));
    }
    Ok(Json(Keys::from([(user.username, keys.into_iter().map(shown).collect())])))
}

/// Who has the key with that fingerprint, and the apps that this user may push to. Deis listed all apps there are.
pub(super) async fn owner(state: State, _: Builder, Path(fingerprint): Path<String>) -> Result<Json<HookUser>, Error> {
    let user = key::find_owner_by_fingerprint(&state.pool, &fingerprint).await?.ok_or(Error::Missing("Key"))?;
    let (_, apps) = db::app::page(&state.pool, user.id, user.is_superuser, i64::MAX, 0).await?;
    let apps = apps.into_iter().map(|app| app.name.to_string()).collect();
    Ok(Json(HookUser { username: user.username, apps }))
}

fn shown(key: key::Key) -> HookKey {
    HookKey { key: key.public, fingerprint: key.fingerprint }
}
