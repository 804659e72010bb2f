//! The changes of an app that are attacked, and what has to be there before each.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{controller::Answer, site::Site};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Create,
    Pull,
    Config,
    Scale,
    Rollback,
    Domain,
    DomainRemoval,
    Destroy,
}

impl Change {
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Pull,
        Self::Config,
        Self::Scale,
        Self::Rollback,
        Self::Domain,
        Self::DomainRemoval,
        Self::Destroy,
    ];

    /// Makes an app that can be changed so; none for its creation.
    pub async fn prepare(self, site: &mut Site, app: &str) {
        if self == Self::Create {
            return;
        }
        let done = async |site: &mut Site, path: &str, body| {
            let answer = site.post(path, body).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{path}: {answer:?}");
        };
        done(site, "/v2/apps", json!({"id": app})).await;
        done(site, &format!("/v2/apps/{app}/builds"), json!({"image": "web:1"})).await;
        if self == Self::Rollback {
            done(site, &format!("/v2/apps/{app}/config"), json!({"values": {"A": "1"}})).await;
        }
        if self == Self::DomainRemoval {
            done(site, &format!("/v2/apps/{app}/domains"), domain(app)).await;
        }
    }

    /// What is asked for.
    pub fn request(self, app: &str) -> (Method, String, Value) {
        let post = |rest: &str, body| (Method::POST, format!("/v2/apps{rest}"), body);
        let delete = |rest: &str| (Method::DELETE, format!("/v2/apps{rest}"), json!({}));
        match self {
            Self::Create => post("", json!({"id": app})),
            Self::Pull => post(&format!("/{app}/builds"), json!({"image": "web:2"})),
            Self::Config => post(&format!("/{app}/config"), json!({"values": {"B": "2"}})),
            Self::Scale => post(&format!("/{app}/scale"), json!({"cmd": 2})),
            Self::Rollback => post(&format!("/{app}/releases/rollback"), json!({"version": 2})),
            Self::Domain => post(&format!("/{app}/domains"), domain(app)),
            Self::DomainRemoval => delete(&format!("/{app}/domains/{app}.example.com")),
            Self::Destroy => delete(&format!("/{app}")),
        }
    }

    /// Makes the change.
    pub async fn make(self, site: &mut Site, app: &str) -> Answer {
        let (method, path, body) = self.request(app);
        site.ask(method, &path, body).await
    }

    /// True for the answer that it ends with, however often it was asked for.
    pub fn is_done(self, status: StatusCode) -> bool {
        match self {
            Self::Scale | Self::DomainRemoval | Self::Destroy => status == StatusCode::NO_CONTENT,
            _ => status == StatusCode::CREATED,
        }
    }

    /// How many releases it makes.
    pub fn releases(self) -> usize {
        usize::from(matches!(self, Self::Create | Self::Pull | Self::Config | Self::Rollback))
    }

    /// True when somebody serves the app all the time.
    pub fn is_served(self) -> bool {
        !matches!(self, Self::Create | Self::Destroy)
    }
}

fn domain(app: &str) -> Value {
    json!({"domain": format!("{app}.example.com")})
}
