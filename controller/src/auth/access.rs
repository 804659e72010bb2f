//! What a caller may do: the one place that decides.
//!
//! A stranger is told exactly what is told of an app that does not exist. Being forbidden something is admitted only
//! to those who know of the app anyway: its collaborators, and whoever could use it once (the audit rows tell).

use api::names::AppName;
use sqlx::PgPool;

use super::Caller;
use crate::{
    db::{self, app::App, user::User},
    error::Error,
};

/// The text of a 403.
pub const FORBIDDEN: &str = "You do not have permission to perform this action.";

/// What may be done with an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Everything but what follows: deploy, configure, scale, run, read.
    Use,
    /// Take something away for good, or say who may use it.
    Manage,
}

/// What a caller is to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Administrator of the platform.
    Admin,
    /// Its owner.
    Owner,
    /// May use it.
    Collaborator,
    /// Could use it once.
    Former,
    /// Shall not know that it exists.
    Stranger,
}

impl Relation {
    /// Whether this relation allows the action.
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        match self {
            Self::Admin | Self::Owner => true,
            Self::Collaborator => action == Action::Use,
            Self::Former | Self::Stranger => false,
        }
    }

    /// Refuses the action unless this relation allows it.
    pub fn require(self, action: Action) -> Result<(), Error> {
        if self.may(action) {
            return Ok(());
        }
        Err(if self == Self::Stranger { Error::Missing("App") } else { forbidden() })
    }
}

/// The app of that name and what the user is to it, when the user may do that with it.
pub async fn app(pool: &PgPool, user: &User, name: &AppName, action: Action) -> Result<(App, Relation), Error> {
    let app = db::app::find(pool, name).await?.ok_or(Error::Missing("App"))?;
    let relation = relation(pool, user, &app).await?;
    relation.require(action)?;
    Ok((app, relation))
}

/// Whether the caller, as they are now, may still do that with the app: the token is good and the right there.
pub async fn still(pool: &PgPool, caller: &Caller, app_id: i64, action: Action) -> Result<bool, Error> {
    let Some(caller) = caller.again(pool).await? else { return Ok(false) };
    let app = db::app::get(pool, app_id).await?.filter(|app| !app.destroyed);
    let Some(app) = app else { return Ok(false) };
    Ok(relation(pool, &caller.user, &app).await?.may(action))
}

/// Refuses everybody but administrators of the platform.
pub fn admin(caller: &Caller) -> Result<(), Error> {
    if caller.is_admin() { Ok(()) } else { Err(forbidden()) }
}

/// A 403 in the reference's words.
#[must_use]
pub fn forbidden() -> Error {
    Error::Forbidden(FORBIDDEN.to_owned())
}

/// What the user is to the app.
pub async fn relation(pool: &PgPool, user: &User, app: &App) -> Result<Relation, Error> {
    if user.is_superuser {
        return Ok(Relation::Admin);
    }
    if app.owner_id == user.id {
        return Ok(Relation::Owner);
    }
    if db::collaborator::exists(pool, app.id, user.id).await? {
        return Ok(Relation::Collaborator);
    }
    let once = db::audit::had_access(pool, app.uuid, &user.username, user.created_at).await?;
    Ok(if once { Relation::Former } else { Relation::Stranger })
}

#[cfg(test)]
mod tests {
    use super::{Action, Relation};

    #[test]
    fn who_may_what() {
        use Relation::{Admin, Collaborator, Former, Owner, Stranger};
        for (relation, using, managing) in
            [(Admin, 200, 200), (Owner, 200, 200), (Collaborator, 200, 403), (Former, 403, 403), (Stranger, 404, 404)]
        {
            let status = |action| relation.require(action).map_or_else(|error| error.status(), |()| 200);
            assert_eq!((status(Action::Use), status(Action::Manage)), (using, managing), "{relation:?}");
        }
    }
}
