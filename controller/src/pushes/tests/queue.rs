//! Stories of many pushes at once.

use sqlx::PgPool;

use super::*;

impl Story {
    async fn apps(&self, count: usize) -> Vec<App> {
        let mut apps = Vec::new();
        for number in 0..count {
            apps.push(self.app_named(&format!("app-{number}")).await);
        }
        apps
    }

    async fn ahead(&self, build: Uuid) -> Option<i64> {
        let push = self.look(build).await;
        db::push_queue::ahead(&self.state.pool, push.id).await.unwrap()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn twenty_apps_two_at_a_time(pool: PgPool) {
    let story = Story::building(pool).await;
    let takes = Duration::from_millis(100);
    story.memory.build(&sha('a'), BuildScript { takes, ..BuildScript::serves(5000) });
    let mut builds = Vec::new();
    for app in story.apps(20).await {
        builds.push(story.push(&app, &sha('a')).await);
    }
    for build in builds {
        assert_eq!(story.outcome(build).await, "done v2 ");
    }
    assert_eq!(story.memory.build_counts(), (20, 2));
}

#[sqlx::test(migrations = "../migrations")]
async fn two_controllers_share_the_places(pool: PgPool) {
    let story = Story::building(pool).await;
    let other = story.another().await;
    tokio::spawn(crate::pushes::run(other, story.stop.clone()));
    let takes = Duration::from_millis(100);
    story.memory.build(&sha('a'), BuildScript { takes, ..BuildScript::serves(5000) });
    let apps = story.apps(8).await;
    let mut builds = Vec::new();
    for app in &apps {
        builds.push(story.push(app, &sha('a')).await);
    }
    for (app, build) in apps.iter().zip(builds) {
        assert_eq!(story.outcome(build).await, "done v2 ");
        assert_eq!(story.releases(app).await, 2);
    }
    assert_eq!(story.memory.build_counts(), (8, 2));
}

#[sqlx::test(migrations = "../migrations")]
async fn who_was_built_lately_waits(pool: PgPool) {
    // Nobody builds: places are looked at, not taken.
    let story = Story::begin(pool).await;
    let apps = story.apps(3).await;
    for (app, minutes) in [(&apps[0], 1), (&apps[1], 5)] {
        let build = story.push(app, &sha('a')).await;
        sqlx::query("update pushes set state = 'done', started_at = now() - make_interval(mins => $2) where uuid = $1")
            .bind(build)
            .bind(minutes)
            .execute(&story.state.pool)
            .await
            .unwrap();
    }
    let mut builds = Vec::new();
    for app in &apps {
        builds.push(story.push(app, &sha('b')).await);
    }
    let mut places = Vec::new();
    for build in &builds {
        places.push(story.ahead(*build).await.unwrap());
    }
    assert_eq!(places, [2, 1, 0]);
    let process = story.state.process;
    for expected in [2, 1] {
        let (lease, _) = db::push_queue::start_next(&story.state.pool, process, 2).await.unwrap().unwrap();
        assert_eq!(lease.uuid, builds[expected]);
    }
    assert!(db::push_queue::start_next(&story.state.pool, process, 2).await.unwrap().is_none());
    assert_eq!(story.ahead(builds[0]).await, Some(2));
    assert_eq!(story.ahead(builds[1]).await, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_push_an_app(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    story.push(&app, &sha('a')).await;
    let new = NewPush {
        uuid: Uuid::now_v7(),
        app_id: app.id,
        user_id: story.ana.user_id,
        holder: Uuid::now_v7(),
        sha: &sha('b'),
        kind: BuildKind::Dockerfile,
    };
    let error = db::push::insert(&story.state.pool, new).await.unwrap_err();
    assert_eq!((error.status(), error.to_string().as_str()), (409, "Another git push is ongoing"));
}
