//! Images that are on the platform already. What registries add is tested with one, for Docker alone.

use controller::platform::{Action, AppRef, Error, Readiness};
use uuid::Uuid;

use crate::bench::Bench;

pub async fn tells_the_exposed_ports(bench: &Bench) {
    let image = bench.image("serves").await.unwrap();
    assert_eq!(image.ports, [8080]);
    assert_eq!(bench.image("serves").await.unwrap(), image, "asking twice is asking once");
    assert_eq!(bench.image("idles").await.unwrap().ports, [0_u16; 0]);
}

pub async fn an_unknown_image_is_refused(bench: &Bench) {
    let Err(Error::Rejected(text)) = bench.image("nosuch").await else { panic!("it was found") };
    assert!(text.starts_with(&format!("image {}nosuch:latest ", bench.images)), "{text}");
}

pub async fn forgetting_keeps_what_runs(bench: &Bench) {
    let spec = bench.spec("serves").await;
    let id = bench.start(&spec).await;
    let forget = Action::ForgetImage { reference: spec.container.image.clone() };
    bench.apply(forget.clone()).await.unwrap();
    bench.apply(forget).await.unwrap();
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
    bench.apply(Action::ForgetImage { reference: "nosuch".to_owned() }).await.unwrap();
}

/// However often each was asked for, and whatever came of it.
pub async fn lists_what_it_keeps_for_an_app(bench: &Bench) {
    let kept = async || bench.platform.images(&bench.app).await.unwrap();
    assert!(kept().await.is_empty());
    for behaviour in ["serves", "idles", "serves"] {
        bench.image(behaviour).await.unwrap();
    }
    let listed = kept().await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    let stranger = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    assert!(bench.platform.images(&stranger).await.unwrap().is_empty());
    let forget = async |reference: &str| {
        bench.apply(Action::ForgetImage { reference: reference.to_owned() }).await.unwrap();
    };
    forget(&bench.image("idles").await.unwrap().reference).await;
    let [left] = kept().await.try_into().unwrap();
    assert!(listed.contains(&left));
    forget(&left).await;
    assert!(kept().await.is_empty());
}
