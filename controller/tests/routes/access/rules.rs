//! Who may call what: decided here, and by nobody else. The document says what the code does; these say what it should.

use api::names::Scope;

use crate::every_route::Route;

/// What everybody hears on a route; 0 is anything but 401, 403 and the 404 of a missing app.
pub struct Rule {
    method: &'static str,
    pattern: &'static str,
    /// What the document says.
    access: &'static str,
    /// Nobody in particular, a token that was revoked or has expired.
    pub nobody: u16,
    /// A user who has nothing to do with the app.
    pub stranger: u16,
    /// Somebody who could use the app once.
    pub former: u16,
    pub collaborator: u16,
    pub owner: u16,
    pub admin: u16,
    /// The scopes of which one is enough.
    pub scopes: &'static [Scope],
}

/// Any will do: nothing is told, or no token asked for.
const ANY: &[Scope] = &Scope::ALL;
const IDENTITY: &[Scope] = &[Scope::Global, Scope::Identity];
const READ: &[Scope] = &[Scope::Global, Scope::Read, Scope::ReadProtected, Scope::Write, Scope::WriteProtected];
/// Secrets are told.
const SECRETS: &[Scope] = &[Scope::Global, Scope::ReadProtected, Scope::WriteProtected];
const WRITE: &[Scope] = &[Scope::Global, Scope::Write, Scope::WriteProtected];
/// Something of the user's is run, and could tell secrets.
const RUN: &[Scope] = &[Scope::Global, Scope::WriteProtected];
/// Credentials, and who may do what.
const GLOBAL: &[Scope] = &[Scope::Global];

const fn public(method: &'static str, pattern: &'static str) -> Rule {
    let (nobody, stranger, former, collaborator, owner, admin) = (0, 0, 0, 0, 0, 0);
    Rule { method, pattern, access: "anybody", nobody, stranger, former, collaborator, owner, admin, scopes: ANY }
}

const fn user(method: &'static str, pattern: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { access: "user", nobody: 401, scopes, ..public(method, pattern) }
}

/// Keeps out the owner of an app, too.
const fn admin(method: &'static str, pattern: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { access: "admin", stranger: 403, former: 403, collaborator: 403, owner: 403, ..user(method, pattern, scopes) }
}

const fn using(method: &'static str, pattern: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { access: "app-user", stranger: 404, former: 403, ..user(method, pattern, scopes) }
}

const fn managing(method: &'static str, pattern: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { access: "app-owner", collaborator: 403, ..using(method, pattern, scopes) }
}

/// Its handler lets collaborators in, to take themselves off.
const fn leaving(method: &'static str, pattern: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { access: "app-user", ..managing(method, pattern, scopes) }
}

/// No user, whoever they are.
const fn builder(method: &'static str, pattern: &'static str) -> Rule {
    Rule { access: "builder", nobody: 403, admin: 403, ..admin(method, pattern, ANY) }
}

/// Every route that there is.
const RULES: [Rule; 86] = [
    public("GET", "/healthz"),
    public("GET", "/readiness"),
    public("POST", "/v2/auth/login/"),
    // Who may is told by its own tests: a body that is none is refused before.
    public("POST", "/v2/auth/register"),
    user("GET", "/v2/auth/whoami", IDENTITY),
    user("POST", "/v2/auth/passwd", GLOBAL),
    user("POST", "/v2/auth/tokens/", GLOBAL),
    user("GET", "/v2/auth/api-tokens", IDENTITY),
    user("POST", "/v2/auth/api-tokens", GLOBAL),
    user("DELETE", "/v2/auth/api-tokens/{name}", GLOBAL),
    user("GET", "/v2", ANY),
    user("GET", "/v2/info", ANY),
    admin("GET", "/v2/users", GLOBAL),
    admin("GET", "/v2/admin/perms", GLOBAL),
    admin("POST", "/v2/admin/perms", GLOBAL),
    admin("DELETE", "/v2/admin/perms/{username}", GLOBAL),
    admin("GET", "/v2/audit", SECRETS),
    admin("GET", "/v2/drains", GLOBAL),
    user("GET", "/v2/apps", READ),
    user("POST", "/v2/apps", WRITE),
    user("GET", "/v2/keys", IDENTITY),
    user("POST", "/v2/keys", GLOBAL),
    user("GET", "/v2/keys/{key}", IDENTITY),
    user("DELETE", "/v2/keys/{key}", GLOBAL),
    user("GET", "/v2/certs", READ),
    user("POST", "/v2/certs", WRITE),
    user("GET", "/v2/certs/{name}", READ),
    user("DELETE", "/v2/certs/{name}", WRITE),
    user("POST", "/v2/certs/{name}/domain", WRITE),
    user("POST", "/v2/certs/{name}/domain/{domain}", WRITE),
    user("DELETE", "/v2/certs/{name}/domain/{domain}", WRITE),
    using("GET", "/v2/apps/{id}", READ),
    using("POST", "/v2/apps/{id}", GLOBAL),
    managing("DELETE", "/v2/apps/{id}", WRITE),
    managing("GET", "/v2/apps/{id}/audit", SECRETS),
    using("GET", "/v2/apps/{id}/config", SECRETS),
    using("POST", "/v2/apps/{id}/config", RUN),
    using("GET", "/v2/apps/{id}/builds", READ),
    using("POST", "/v2/apps/{id}/builds", RUN),
    using("GET", "/v2/apps/{id}/builds/{uuid}", READ),
    using("GET", "/v2/apps/{id}/builds/{uuid}/logs", READ),
    using("POST", "/v2/apps/{id}/builds/{uuid}/cancel", WRITE),
    using("GET", "/v2/apps/{id}/releases", READ),
    using("GET", "/v2/apps/{id}/releases/{version}", READ),
    using("POST", "/v2/apps/{id}/releases/rollback", RUN),
    using("GET", "/v2/apps/{id}/pods", READ),
    using("GET", "/v2/apps/{id}/pods/{type}", READ),
    using("GET", "/v2/apps/{id}/pods/{type}/{name}", READ),
    using("POST", "/v2/apps/{id}/pods/restart", WRITE),
    using("POST", "/v2/apps/{id}/pods/{type}/restart", WRITE),
    using("POST", "/v2/apps/{id}/pods/{type}/{name}/restart", WRITE),
    using("POST", "/v2/apps/{id}/scale", WRITE),
    using("GET", "/v2/apps/{id}/logs", READ),
    using("POST", "/v2/apps/{id}/run", RUN),
    using("GET", "/v2/apps/{id}/run", RUN),
    using("GET", "/v2/apps/{id}/pods/{type}/{name}/exec", RUN),
    using("GET", "/v2/apps/{id}/runs", READ),
    using("POST", "/v2/apps/{id}/runs", RUN),
    using("POST", "/v2/apps/{id}/runs/{name}/stop", WRITE),
    using("GET", "/v2/apps/{id}/domains", READ),
    using("POST", "/v2/apps/{id}/domains", WRITE),
    managing("DELETE", "/v2/apps/{id}/domains/{domain}", WRITE),
    using("GET", "/v2/apps/{id}/drains", READ),
    using("POST", "/v2/apps/{id}/drains", RUN),
    using("DELETE", "/v2/apps/{id}/drains/{uuid}", RUN),
    using("GET", "/v2/apps/{id}/settings", READ),
    using("POST", "/v2/apps/{id}/settings", WRITE),
    using("GET", "/v2/apps/{id}/tls", READ),
    using("POST", "/v2/apps/{id}/tls", WRITE),
    using("GET", "/v2/apps/{id}/services", READ),
    using("POST", "/v2/apps/{id}/services", WRITE),
    managing("DELETE", "/v2/apps/{id}/services", WRITE),
    using("GET", "/v2/apps/{id}/whitelist", READ),
    using("POST", "/v2/apps/{id}/whitelist", WRITE),
    managing("DELETE", "/v2/apps/{id}/whitelist", WRITE),
    using("GET", "/v2/apps/{id}/perms", READ),
    managing("POST", "/v2/apps/{id}/perms", GLOBAL),
    leaving("DELETE", "/v2/apps/{id}/perms/{username}", GLOBAL),
    user("DELETE", "/v2/auth/cancel", GLOBAL),
    public("GET", "/v2/openapi.json"),
    public("GET", "/v2/reference"),
    builder("GET", "/v2/hooks/keys/{app}"),
    builder("GET", "/v2/hooks/keys/{app}/{user}"),
    builder("GET", "/v2/hooks/key/{fingerprint}"),
    builder("POST", "/v2/hooks/config"),
    builder("POST", "/v2/hooks/build"),
];

impl Rule {
    /// The rule of a route. Each has one, and the document tells the same.
    pub fn of(route: &Route) -> &'static Self {
        let is_its = |rule: &&Rule| (rule.method, rule.pattern) == (route.method.as_str(), route.pattern.as_str());
        let rule = RULES.iter().find(is_its);
        let rule = rule.unwrap_or_else(|| panic!("{} {} has no rule", route.method, route.pattern));
        assert_eq!(route.access, rule.access, "{} {}", route.method, route.pattern);
        // Where a token is not asked for, all are as good as none.
        if rule.nobody == 401 {
            assert_eq!(route.scopes, rule.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), "{route:?}");
        }
        rule
    }

    /// How many there are.
    pub fn count() -> usize {
        RULES.len()
    }
}
