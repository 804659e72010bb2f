//! One app of its own on some platform, and how a case talks about it.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use api::names::{ImageName, PlatformName, ProcessType};
use controller::platform::{
    Action, AppRef, ContainerSpec, Error, ImageRequest, Instance, InstanceId, InstanceSpec, InstanceState, NetworkSpec,
    Observed, Platform, ResolvedImage, RunSpec,
};
use ipnet::Ipv4Net;
use rand::Rng;
use tokio::time::{Instant, interval};
use uuid::Uuid;

/// Longest that anything in these tests may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(20);

/// The third number of the next subnet. Other processes test at the same time, so each begins somewhere else.
static NEXT: LazyLock<AtomicU8> = LazyLock::new(|| AtomicU8::new(rand::random()));

/// An app on a platform that it shares with nobody.
pub struct Bench {
    pub platform: Arc<dyn Platform>,
    pub app: AppRef,
    /// What the platform calls the test images: this and the behaviour's name.
    pub images: &'static str,
    /// Cleans up when it is dropped.
    _guard: Box<dyn Any + Send + Sync>,
}

impl Bench {
    pub fn new(app: AppRef, platform: Arc<dyn Platform>, images: &'static str, guard: impl Any + Send + Sync) -> Self {
        Self { platform, app, images, _guard: Box::new(guard) }
    }

    pub async fn apply(&self, action: Action) -> Result<(), Error> {
        self.platform.apply(&self.app, &action).await
    }

    pub async fn observe(&self) -> Observed {
        self.platform.observe(&self.app).await.unwrap()
    }

    /// Makes sure that the app has a network. Addresses that somebody else has are passed over.
    pub async fn network(&self) -> NetworkSpec {
        self.network_of(&self.app).await
    }

    /// The same for another app.
    pub async fn network_of(&self, app: &AppRef) -> NetworkSpec {
        for _ in 0..u8::MAX {
            let spec = subnet();
            match self.platform.apply(app, &Action::EnsureNetwork(spec.clone())).await {
                Ok(()) => return spec,
                Err(Error::SubnetTaken(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("no subnet of 10.213.0.0/16 is free");
    }

    pub async fn image(&self, behaviour: &str) -> Result<ResolvedImage, Error> {
        let image = ImageName::parse(&format!("{}{behaviour}", self.images)).unwrap();
        self.platform.prepare_image(&ImageRequest { app: self.app.clone(), image, login: None, built: None }).await
    }

    /// An instance that behaves so, with its image and network ready. Its port is what the image exposes.
    pub async fn spec(&self, behaviour: &str) -> InstanceSpec {
        let image = self.image(behaviour).await.unwrap();
        if self.observe().await.networks.is_empty() {
            self.network().await;
        }
        let release = Uuid::new_v4();
        let short = &release.simple().to_string()[..8];
        InstanceSpec {
            name: format!("{}-cmd-{short}-{}", self.app.platform_name, random()),
            process_type: ProcessType::cmd(),
            release,
            address: None,
            port: image.ports.first().copied(),
            container: container(image.reference),
            readiness: None,
            liveness: None,
        }
    }

    pub async fn run_spec(&self, behaviour: &str) -> RunSpec {
        let container = self.spec(behaviour).await.container;
        RunSpec { name: format!("{}-run-{}", self.app.platform_name, random()), address: None, container }
    }

    pub async fn start(&self, spec: &InstanceSpec) -> InstanceId {
        self.apply(Action::Start(Box::new(spec.clone()))).await.unwrap();
        let observed = self.observe().await;
        observed.instances.into_iter().find(|instance| instance.name == spec.name).unwrap().id
    }

    /// Starts an instance that behaves so.
    pub async fn started(&self, behaviour: &str) -> InstanceId {
        self.start(&self.spec(behaviour).await).await
    }

    pub async fn stop(&self, id: &InstanceId) {
        self.apply(Action::Stop { id: id.clone() }).await.unwrap();
    }

    pub async fn kill(&self, id: &InstanceId) {
        self.apply(Action::Kill { id: id.clone() }).await.unwrap();
    }

    pub async fn remove(&self, id: &InstanceId) -> Result<(), Error> {
        self.apply(Action::Remove { id: id.clone() }).await
    }

    /// Waits until the instance is as wanted.
    pub async fn until(&self, id: &InstanceId, wanted: impl Fn(&Instance) -> bool) -> Instance {
        let look = async || self.observe().await.instances.into_iter().find(|instance| instance.id == *id).unwrap();
        eventually(look, wanted).await
    }

    pub async fn until_ended(&self, id: &InstanceId) -> Instance {
        self.until(id, |instance| instance.state == InstanceState::Ended).await
    }
}

/// Looks again and again until what is seen is as wanted.
pub async fn eventually<T: std::fmt::Debug>(look: impl AsyncFn() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + DEADLINE;
    let mut looks = interval(POLL);
    loop {
        looks.tick().await;
        let seen = look().await;
        if wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "this did not change in {DEADLINE:?}: {seen:?}");
    }
}

/// Waits for something that must come.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("it did not come in time")
}

/// An app that nobody else has.
pub fn app() -> AppRef {
    AppRef { uuid: Uuid::new_v4(), platform_name: PlatformName::parse(&format!("test-{}", random())).unwrap() }
}

pub fn container(image: String) -> ContainerSpec {
    ContainerSpec {
        image,
        entrypoint: None,
        args: None,
        env: BTreeMap::new(),
        memory_bytes: None,
        memory_request: None,
        cpu_millis: None,
        cpu_request: None,
    }
}

/// A subnet that this process has not used before.
fn subnet() -> NetworkSpec {
    let third = NEXT.fetch_add(1, Ordering::Relaxed);
    let subnet: Ipv4Net = format!("10.213.{third}.0/24").parse().unwrap();
    NetworkSpec { subnet, bridge: format!("sw-{}", &Uuid::new_v4().simple().to_string()[..8]) }
}

fn random() -> String {
    let mut rng = rand::rng();
    (0..5).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}
