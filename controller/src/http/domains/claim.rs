//! Which domains an app may take: none that would take requests away from the platform, or from somebody else's app.

use api::names::{AppName, DomainName};
use sqlx::PgConnection;

use crate::{
    db::{self, app::App},
    error::Error,
    state::Settings,
};

const IN_USE: &str = "Domain is already in use by another application";

/// A domain that the platform itself has no use for.
pub(super) struct Claim {
    domain: DomainName,
    given: String,
}

impl Claim {
    /// Reads what the user wrote, and refuses what is the platform's own.
    pub(super) fn parse(given: &str, settings: &Settings) -> Result<Self, Error> {
        let domain = kept_as(given, &settings.platform_domain)?;
        let label = domain.as_str();
        if label == settings.platform_domain || settings.reserved_names.iter().any(|name| name == label) {
            return Err(Error::field("domain", format!("{given} is a reserved name.")));
        }
        Ok(Self { domain, given: given.to_owned() })
    }

    /// The domain as it is kept.
    pub(super) fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// Refuses a domain that belongs to somebody else's app in all but the letter: the name of the app, a host under
    /// its wildcard, or a wildcard over its hosts.
    pub(super) async fn check(&self, connection: &mut PgConnection, app: &App) -> Result<(), Error> {
        let domain = self.domain.as_str();
        if let Ok(name) = AppName::parse(domain)
            && let Some(namesake) = db::app::find(&mut *connection, &name).await?
            && namesake.owner_id != app.owner_id
        {
            return Err(Error::field("domain", IN_USE));
        }
        let suffix = domain.strip_prefix('*');
        if db::domain::others_have(connection, app.owner_id, &wildcards_over(domain), suffix).await? {
            return Err(Error::field("domain", IN_USE));
        }
        Ok(())
    }

    /// The refusal of a domain that is taken, in the words for whether the user wrote it as it is kept.
    pub(super) fn in_use(&self, error: Error) -> Error {
        match error {
            Error::Fields(_) if self.given != self.domain.as_str() => {
                Error::field("domain", format!("The domain {} is already in use by another app", self.domain))
            }
            other => other,
        }
    }
}

/// The form in which a domain is kept: a host right below the platform's domain by its label alone, so that no host has
/// two forms.
pub(in crate::http) fn kept_as(given: &str, platform_domain: &str) -> Result<DomainName, Error> {
    let domain = DomainName::parse(given).map_err(|error| Error::name("domain", error))?;
    let below = domain.as_str().strip_suffix(platform_domain).and_then(|rest| rest.strip_suffix('.'));
    match below {
        None => Ok(domain),
        Some(label) if label.contains(['.', '*']) => {
            let text = format!("{domain} is below the platform's own domain, where apps have single names.");
            Err(Error::field("domain", text))
        }
        Some(label) => DomainName::parse(label).map_err(|error| Error::name("domain", error)),
    }
}

/// Every wildcard that covers the domain.
fn wildcards_over(domain: &str) -> Vec<String> {
    let mut rest = domain.trim_start_matches("*.");
    let mut found = Vec::new();
    while let Some((_, parent)) = rest.split_once('.') {
        found.push(format!("*.{parent}"));
        rest = parent;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{kept_as, wildcards_over};

    #[test]
    fn hosts_below_the_platform_are_kept_by_their_label() {
        for (given, kept) in [
            ("blog", "blog"),
            ("Blog.Apps.Example.com", "blog"),
            ("www.example.com", "www.example.com"),
            ("notapps.example.com", "notapps.example.com"),
            ("*.example.com", "*.example.com"),
        ] {
            assert_eq!(kept_as(given, "apps.example.com").unwrap().as_str(), kept);
        }
        for bad in ["*.apps.example.com", "www.blog.apps.example.com", "*", "a b"] {
            assert!(kept_as(bad, "apps.example.com").is_err(), "{bad}");
        }
    }

    #[test]
    fn wildcards_cover_all_below_them() {
        assert_eq!(wildcards_over("a.b.example"), ["*.b.example", "*.example"]);
        assert_eq!(wildcards_over("*.b.example"), ["*.example"]);
        assert_eq!(wildcards_over("blog"), Vec::<String>::new());
    }
}
