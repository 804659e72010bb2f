//! Process types that answer some paths.

use api::names::{PathPattern, ProcessType};
use sqlx::PgPool;

use super::{Story, pull};
use crate::{
    db::{
        self,
        app::App,
        signal::{Signal, notify},
    },
    operation::Patch,
};

fn api() -> ProcessType {
    ProcessType::parse("api").unwrap()
}

impl Story {
    /// An app with one `web` and two `api`.
    async fn app_with_api(&self) -> App {
        let app = self.app().await;
        let Patch::Build(mut build) = pull("web:1") else { unreachable!() };
        build.procfile = [ProcessType::web(), api()].map(|name| (name, "serve".to_owned())).into();
        self.change(&app, Patch::Build(build)).await.unwrap();
        self.scale(&app, "api", 2).await;
        app
    }

    async fn serve(&self, app: &App, paths: &str) {
        let paths = PathPattern::parse(paths).unwrap();
        assert!(db::service::set(&self.state.pool, app.id, self.ana.user_id, &api(), &paths).await.unwrap());
        notify(&self.state.pool, Signal::App(app.id)).await.unwrap();
    }

    /// The instances that are routed to: of the app, and of each pattern.
    async fn routed(&self, app: &App) -> (Vec<String>, Vec<(String, Vec<String>)>) {
        let routes = db::route::find(&self.state.pool, app.uuid).await.unwrap().unwrap().routes.unwrap();
        let names = |endpoints: Vec<api::routes::Endpoint>| endpoints.into_iter().map(|one| one.instance).collect();
        let paths = routes.paths.into_iter().map(|route| (route.pattern.to_string(), names(route.endpoints)));
        (names(routes.endpoints), paths.collect())
    }

    async fn instances(&self, app: &App, process_type: &ProcessType) -> Vec<String> {
        let rows = db::instance::list(&self.state.pool, app.id).await.unwrap();
        let mut names: Vec<_> =
            rows.into_iter().filter(|row| row.process_type == *process_type).map(|row| row.name).collect();
        names.sort();
        names
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_type_gets_paths_and_loses_them(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_with_api().await;
    let (web, silent) = (story.instances(&app, &ProcessType::web()).await, story.instances(&app, &api()).await);
    assert_eq!(story.routed(&app).await, (web.clone(), vec![]));

    story.serve(&app, "/api").await;
    // Those that ran before never proved that they answer: others take their place.
    let served = async || {
        let (all, paths) = story.routed(&app).await;
        assert_eq!(all, web, "the others go on");
        assert!(paths.iter().flat_map(|(_, names)| names).all(|name| !silent.contains(name)), "{paths:?}");
        assert!(paths.iter().all(|(_, names)| !names.is_empty()), "nobody answers: {paths:?}");
        paths.iter().any(|(paths, names)| paths == "/api" && names.len() == 2)
    };
    story.eventually("both are routed to", served).await;
    let gone = async || story.instances(&app, &api()).await.iter().all(|name| !silent.contains(name));
    story.eventually("those that ran before are gone", gone).await;

    let serving = story.instances(&app, &api()).await;
    story.serve(&app, "= /api").await;
    let moved = async || story.routed(&app).await.1.iter().any(|(paths, names)| paths == "= /api" && *names == serving);
    story.eventually("the same ones answer other paths", moved).await;
    story.set(&app, "A", "1").await.unwrap();
    assert_eq!(story.routed(&app).await.1[0].1.len(), 2, "a release changes nothing");

    assert!(db::service::remove(&story.state.pool, app.id, &api()).await.unwrap());
    notify(&story.state.pool, Signal::App(app.id)).await.unwrap();
    story.eventually("nobody has paths", async || story.routed(&app).await.1.is_empty()).await;
}
