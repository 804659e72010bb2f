//! The look at everything.

use std::collections::BTreeSet;

use controller::platform::{AppRef, Mark};
use uuid::Uuid;

use crate::bench::Bench;

pub async fn tells_that_something_changed_and_of_whom(bench: &Bench) {
    let mark = async |app: &AppRef| bench.platform.survey().await.unwrap().get(&app.uuid).copied();
    let other = AppRef { uuid: Uuid::new_v4(), ..bench.app.clone() };
    bench.network_of(&other).await;
    let others = mark(&other).await;
    let mut seen: Vec<Option<Mark>> = vec![mark(&bench.app).await];
    assert_eq!((seen[0], others.is_some()), (None, true));

    bench.network().await;
    seen.push(mark(&bench.app).await);
    let id = bench.started("idles").await;
    seen.push(mark(&bench.app).await);
    assert_eq!(mark(&bench.app).await, seen[2], "nothing has changed");
    bench.stop(&id).await;
    bench.kill(&id).await;
    bench.until_ended(&id).await;
    seen.push(mark(&bench.app).await);
    bench.remove(&id).await.unwrap();
    assert_eq!(mark(&bench.app).await, seen[1], "it looks as it did before");
    let different: BTreeSet<_> = seen.iter().map(|mark| mark.map(|mark| mark.0)).collect();
    assert_eq!(different.len(), seen.len(), "{seen:?}");
    assert_eq!(mark(&other).await, others);
}
