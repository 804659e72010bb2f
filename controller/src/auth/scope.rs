//! What a token is good for: the one place that decides, for every route.
//!
//! A user's rights say what they may do; a token's scopes, and the apps that it was restricted to, say which part of that
//! it may be used for. They never add anything. A login's token has the scope `global`. Scopes are Heroku's, with what
//! follows from one rule: who can start code in an app can read what the app can read. So everything that makes
//! a release or runs a command needs `write-protected`, and everything that lets somebody else in, or makes a credential,
//! needs `global`.

use api::names::{AppName, Scope};
use sqlx::PgPool;

use crate::{
    db::{self, token::Token},
    error::Error,
};

/// What a route asks of the token that it is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// That it is one.
    Any,
    /// To learn of its user.
    Identity,
    /// To look at apps.
    Read,
    /// To look at secrets of apps, and at who did what from where.
    ReadProtected,
    /// To change what makes no release and runs nothing of the user's.
    Write,
    /// To change what runs.
    WriteProtected,
    /// To act as the user in everything.
    Global,
}

/// A call as scopes see it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'a str,
    /// The route's pattern, `/v2/apps/{id}/config`; empty where it is not known.
    pub route: &'a str,
    /// The app in the URL, unparsed.
    pub app: Option<&'a str>,
}

impl Need {
    /// What the route needs. One that nobody thought of needs all there is.
    #[must_use]
    pub fn of(method: &str, route: &str) -> Self {
        let route = route.strip_suffix('/').unwrap_or(route);
        match route.strip_prefix("/v2/apps/{id}") {
            Some(rest) => Self::of_app(method, rest),
            None => Self::of_user(method, route),
        }
    }

    fn of_user(method: &str, route: &str) -> Self {
        match (method, route) {
            ("GET", "/v2" | "/v2/info") => Self::Any,
            ("GET", "/v2/auth/whoami" | "/v2/auth/api-tokens" | "/v2/keys" | "/v2/keys/{*key}") => Self::Identity,
            ("GET", "/v2/apps" | "/v2/certs" | "/v2/certs/{name}") => Self::Read,
            ("GET", "/v2/audit") => Self::ReadProtected,
            ("POST", "/v2/apps" | "/v2/certs" | "/v2/certs/{name}/domain" | "/v2/certs/{name}/domain/{domain}")
            | ("DELETE", "/v2/certs/{name}" | "/v2/certs/{name}/domain/{domain}") => Self::Write,
            _ => Self::Global,
        }
    }

    /// `rest` is what follows the app in the pattern.
    fn of_app(method: &str, rest: &str) -> Self {
        match (method, rest) {
            ("GET", "/audit" | "/config") => Self::ReadProtected,
            (
                "GET",
                ""
                | "/builds"
                | "/builds/{uuid}"
                | "/builds/{uuid}/logs"
                | "/domains"
                | "/drains"
                | "/logs"
                | "/perms"
                | "/pods"
                | "/pods/{type}"
                | "/pods/{type}/{name}"
                | "/releases"
                | "/releases/{version}"
                | "/runs"
                | "/services"
                | "/settings"
                | "/tls"
                | "/whitelist",
            ) => Self::Read,
            (
                "POST",
                "/builds/{uuid}/cancel"
                | "/domains"
                | "/pods/restart"
                | "/pods/{type}/restart"
                | "/pods/{type}/{name}/restart"
                | "/runs/{name}/stop"
                | "/scale"
                | "/services"
                | "/settings"
                | "/tls"
                | "/whitelist",
            )
            | ("DELETE", "" | "/domains/{domain}" | "/services" | "/whitelist") => Self::Write,
            // What is sent to a drain goes on when the token is gone.
            ("POST", "/builds" | "/config" | "/drains" | "/releases/rollback" | "/run" | "/runs")
            | ("DELETE", "/drains/{uuid}")
            // Sessions: a GET by the form of their request alone.
            | ("GET", "/run" | "/pods/{type}/{name}/exec") => Self::WriteProtected,
            // To whom the app belongs, and who may use it.
            _ => Self::Global,
        }
    }

    /// Whether a token of that scope may be used for it.
    #[must_use]
    pub fn is_met_by(self, scope: Scope) -> bool {
        use Need::{Any, Identity, Read, ReadProtected, Write, WriteProtected};
        match scope {
            Scope::Global => true,
            Scope::Identity => matches!(self, Any | Identity),
            Scope::Read => matches!(self, Any | Read),
            Scope::ReadProtected => matches!(self, Any | Read | ReadProtected),
            Scope::Write => matches!(self, Any | Read | Write),
            Scope::WriteProtected => matches!(self, Any | Read | ReadProtected | Write | WriteProtected),
        }
    }

    /// The least scope that is enough.
    fn scope(self) -> Scope {
        match self {
            Self::Any | Self::Identity => Scope::Identity,
            Self::Read => Scope::Read,
            Self::ReadProtected => Scope::ReadProtected,
            Self::Write => Scope::Write,
            Self::WriteProtected => Scope::WriteProtected,
            Self::Global => Scope::Global,
        }
    }
}

/// Refuses the call unless the token is good for it. Nothing is told of apps that it was not made for.
pub async fn permit(pool: &PgPool, token: &Token, call: Call<'_>) -> Result<(), Error> {
    let need = Need::of(call.method, call.route);
    if !token.scopes.iter().any(|scope| need.is_met_by(*scope)) {
        return Err(Error::Forbidden(format!(
            "This token may not be used for that. It takes the scope {}.",
            need.scope()
        )));
    }
    let Some(apps) = &token.apps else { return Ok(()) };
    match call.app {
        None if matches!(need, Need::Any | Need::Identity) => Ok(()),
        None => Err(Error::Forbidden("This token may be used for certain apps only.".to_owned())),
        Some(name) => {
            let name = AppName::parse(name).map_err(|_| Error::Missing("App"))?;
            let app = db::app::find(pool, &name).await?.filter(|app| apps.contains(&app.uuid));
            app.map(drop).ok_or(Error::Missing("App"))
        }
    }
}
