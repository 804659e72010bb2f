//! What routers are told of certificates.

use std::pin::pin;

use api::{
    names::{CertName, DomainName},
    routes::RouteEvent,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::StreamExt;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use sqlx::PgPool;
use tokio::time::timeout;

use super::{PATIENCE, Story};
use crate::{
    certificate,
    db::{
        self,
        signal::{Signal, notify},
    },
    routes::stream,
};

#[sqlx::test(migrations = "../migrations")]
async fn a_key_is_told_to_routers_and_kept_in_no_route(pool: PgPool) {
    let story = Story::begin(pool).await;
    let state = &story.state;
    let app = story.app_named("blog").await;
    story.deploy(&app, "web:1").await.unwrap();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let signed = CertificateParams::new(["blog.localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pair = certificate::parse(&signed.pem(), &key.serialize_pem()).unwrap();

    let mut tx = db::begin(&state.pool).await.unwrap();
    let name = CertName::parse("web").unwrap();
    let id = db::certificate::insert(&mut *tx, &state.vault, story.ana.user_id, &name, &pair).await.unwrap();
    assert!(db::certificate::attach(&mut *tx, id, app.id, &DomainName::parse("blog").unwrap()).await.unwrap());
    notify(&mut *tx, Signal::App(app.id)).await.unwrap();
    db::commit(tx).await.unwrap();

    let mut events = pin!(stream::events(state.clone(), 0, 0));
    let told = async {
        loop {
            let line = events.next().await.unwrap().unwrap();
            let RouteEvent::App { app, .. } = serde_json::from_slice(&line).unwrap() else { continue };
            if let [served] = app.certificates.as_slice() {
                return served.clone();
            }
        }
    };
    let served = timeout(PATIENCE, told).await.expect("the certificate");
    assert_eq!(served.hosts, ["blog.localhost"]);
    let told = served.pair.unwrap();
    assert_eq!(
        (told.chain, told.key.as_str()),
        (vec![STANDARD.encode(signed.der())], &*STANDARD.encode(key.serialize_der()))
    );
    let kept = db::route::find(&state.pool, app.uuid).await.unwrap().unwrap().routes.unwrap();
    assert!(kept.certificates[0].pair.is_none());
}
