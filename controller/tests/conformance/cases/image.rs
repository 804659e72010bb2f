//! Images that are on the platform already. What registries add is tested with one, for Docker alone.

use controller::platform::{Action, Error, Readiness};

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
