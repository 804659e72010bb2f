//! A commit's source is taken in, and its build put into the queue: both or neither.

use api::{
    push::{PushRight, StartBuild, Started},
    sandbox::BuildKind,
};
use axum::{
    Json,
    body::Body,
    extract::{Query, State as Extract},
    http::{HeaderMap, StatusCode, header},
};
use uuid::Uuid;

use super::{
    access,
    source::{self, Source},
};
use crate::{
    db::{
        self,
        app::App,
        audit::{self, Entry, Via},
        push::NewPush,
        signal::{Signal, notify},
        user::User,
    },
    error::Error,
    outage,
    state::State,
};

/// The config value that decides when both files are there.
const CHOICE: &str = "HEPHY_BUILDER";

pub(super) async fn receive(
    Extract(state): Extract<State>,
    Query(start): Query<StartBuild>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Started>), Error> {
    let (user, app) = pusher(&state, &start).await?;
    // What a lost connection hid: it was taken in already.
    if let Some(build) = db::push::of_holder(&state.pool, app.id, start.holder).await? {
        return Ok((StatusCode::CREATED, Json(Started { build })));
    }
    let folder = state.settings.sources_dir.as_ref().ok_or_else(outage::builds_nothing)?;
    outage::require_platform(&state).await?;
    outage::require_builds(&state).await?;
    if declared(&headers).is_some_and(|length| length > source::LIMIT) {
        return Err(source::too_large(source::LIMIT));
    }
    let kind = kind(&start, choice(&state, &app).await?.as_deref());
    let build = Uuid::now_v7();
    let source = Source::receive(folder, build, body, source::LIMIT).await?;
    enqueue(&state, &user, &app, &start, (build, kind)).await?;
    source.keep();
    Ok((StatusCode::CREATED, Json(Started { build })))
}

/// Who pushes to what: the right is looked at once more, by the name that the app has now.
async fn pusher(state: &State, start: &StartBuild) -> Result<(User, App), Error> {
    let is_sha = matches!(start.sha.len(), 40 | 64) && start.sha.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_sha {
        return Err(Error::field("sha", "A commit has 40 or 64 hexadecimal digits."));
    }
    let id = db::app::id_of(&state.pool, start.app).await?;
    let app = match id {
        Some(id) => db::app::get(&state.pool, id).await?.filter(|app| !app.destroyed),
        None => None,
    };
    let app = app.ok_or_else(|| Error::NotFound("The app was destroyed.".to_owned()))?;
    let (user, found) = access::allowed(state, &start.public, app.name.as_str(), PushRight::Push).await?;
    if found.uuid == start.app { Ok((user, found)) } else { Err(db::push::ongoing()) }
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn choice(state: &State, app: &App) -> Result<Option<String>, Error> {
    let Some(release) = db::release::latest_good(&state.pool, app.id).await? else { return Ok(None) };
    let document = db::config::get(&state.pool, release.config_id).await?.open(&state.vault, app.uuid)?;
    Ok(document.value(CHOICE).map(str::to_owned))
}

/// The rules of reference 5.3; where neither file is there, a buildpack may know better.
fn kind(start: &StartBuild, choice: Option<&str>) -> BuildKind {
    match (start.dockerfile, start.procfile, choice) {
        (true, true, Some("procfile")) | (false, _, _) => BuildKind::Buildpack,
        (true, _, _) => BuildKind::Dockerfile,
    }
}

async fn enqueue(
    state: &State,
    user: &User,
    app: &App,
    start: &StartBuild,
    (build, kind): (Uuid, BuildKind),
) -> Result<(), Error> {
    let mut tx = db::begin(&state.pool).await?;
    if !db::push_lock::hold(&mut *tx, app.id, start.holder).await? {
        return Err(db::push::ongoing());
    }
    let (holder, sha) = (start.holder, start.sha.as_str());
    let push = NewPush { uuid: build, app_id: app.id, user_id: user.id, holder, sha, kind };
    let id = db::push::insert(&mut *tx, push).await?;
    let request_id = build.to_string();
    let (username, app) = (user.username.as_str(), Some(app.uuid));
    let via = Via { kind: "key", ..Via::default() };
    audit::insert(&mut *tx, Entry { username, via, app, action: "git:push", target: sha, request_id: &request_id })
        .await?;
    notify(&mut *tx, Signal::Push(id)).await?;
    Ok(db::commit(tx).await?)
}

#[cfg(test)]
mod tests {
    use api::sandbox::BuildKind::{Buildpack, Dockerfile};

    use super::*;

    #[test]
    fn which_file_decides() {
        let start = |dockerfile, procfile| StartBuild {
            app: Uuid::nil(),
            holder: Uuid::nil(),
            public: String::new(),
            sha: String::new(),
            dockerfile,
            procfile,
        };
        for (dockerfile, procfile, choice, expected) in [
            (true, true, None, Dockerfile),
            (true, false, None, Dockerfile),
            (false, true, None, Buildpack),
            (false, false, None, Buildpack),
            (true, true, Some("procfile"), Buildpack),
            (true, false, Some("procfile"), Dockerfile),
            (false, true, Some("dockerfile"), Buildpack),
        ] {
            assert_eq!(kind(&start(dockerfile, procfile), choice), expected, "{dockerfile} {procfile} {choice:?}");
        }
    }
}
