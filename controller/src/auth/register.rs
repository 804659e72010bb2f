//! Who may become a user, and who becomes the first administrator.

use api::names::{DomainName, Username};
use sqlx::{PgExecutor, PgPool};
use subtle::ConstantTimeEq;

use super::{Caller, access::FORBIDDEN, password, token};
use crate::{
    db::{
        self, audit,
        user::{NewUser, User},
    },
    error::Error,
    state::Registration,
};

const FIRST: &str = "There is no administrator yet. Register from the machine that Slipway runs on, or with the one-time \
                     token that the installation printed.";
/// Longest first or last name, and longest e-mail address.
const MAX_NAME: usize = 150;
const MAX_EMAIL: usize = 254;

/// The rules of this installation.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Who may register once there is an administrator.
    pub mode: Registration,
    /// Hash of the one-time token of the first administrator.
    pub bootstrap_sha256: Option<[u8; 32]>,
}

/// Whoever wants a user to be registered, as far as they proved it.
#[derive(Clone, Copy)]
pub struct Applicant<'a> {
    /// The user who asks, if any.
    pub caller: Option<&'a Caller>,
    /// The token they sent, good or not.
    pub token: Option<&'a str>,
    /// The request comes from this very machine, as the router saw it.
    pub is_local: bool,
    /// Where from, for the audit row.
    pub address: &'a str,
    /// The request, for the audit row.
    pub request_id: &'a str,
}

/// What the new user becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    User,
    Administrator,
}

impl Policy {
    /// Registers a user. Of several first administrators at once, one is made.
    pub async fn register(
        &self,
        pool: &PgPool,
        applicant: Applicant<'_>,
        form: &api::types::Register,
    ) -> Result<User, Error> {
        // Before the password is hashed: who may not register shall not keep the processor busy.
        self.role(applicant, has_admin(pool).await?)?;
        let username = check(form)?;
        let password_hash = password::hash(&form.password).await?;
        let mut tx = db::begin(pool).await?;
        if !has_admin(&mut *tx).await? {
            db::user::lock_all(&mut *tx).await?;
        }
        let role = self.role(applicant, has_admin(&mut *tx).await?)?;
        let new = NewUser {
            username: username.as_str(),
            email: &form.email,
            first_name: &form.first_name,
            last_name: &form.last_name,
            password_hash: &password_hash,
            is_superuser: role == Role::Administrator,
        };
        let user = db::user::insert(&mut *tx, new).await?;
        audit::insert(&mut *tx, entry(applicant, &user)).await?;
        db::commit(tx).await?;
        Ok(user)
    }

    fn role(&self, applicant: Applicant<'_>, has_admin: bool) -> Result<Role, Error> {
        if self.mode == Registration::Disabled {
            return Err(Error::Forbidden("Registration is disabled".to_owned()));
        }
        if !has_admin {
            let proven = applicant.is_local || self.is_bootstrap(applicant.token);
            return if proven { Ok(Role::Administrator) } else { Err(Error::Forbidden(FIRST.to_owned())) };
        }
        if self.mode == Registration::Enabled || applicant.caller.is_some_and(Caller::is_admin) {
            return Ok(Role::User);
        }
        Err(Error::Forbidden(FORBIDDEN.to_owned()))
    }

    fn is_bootstrap(&self, token: Option<&str>) -> bool {
        match (self.bootstrap_sha256, token) {
            (Some(wanted), Some(token)) => wanted.ct_eq(&token::sha256(token)).into(),
            _ => false,
        }
    }
}

async fn has_admin(executor: impl PgExecutor<'_>) -> Result<bool, Error> {
    Ok(db::user::count_admins(executor).await? > 0)
}

fn entry<'a>(applicant: Applicant<'a>, user: &'a User) -> audit::Entry<'a> {
    audit::Entry {
        username: applicant.caller.map_or(&user.username, |caller| &caller.user.username),
        via: applicant.caller.map_or(audit::Via { address: applicant.address, ..audit::Via::default() }, Caller::via),
        app: None,
        action: "auth:register",
        target: &user.username,
        request_id: applicant.request_id,
    }
}

/// Every field that is wrong is told at once.
fn check(form: &api::types::Register) -> Result<Username, Error> {
    let username = Username::parse(&form.username);
    let mut wrong = Vec::new();
    if form.password.is_empty() {
        wrong.push(("password", "This field may not be blank.".to_owned()));
    }
    if !form.email.is_empty() && !is_email(&form.email) {
        wrong.push(("email", "Enter a valid email address.".to_owned()));
    }
    for (field, text) in [("first_name", &form.first_name), ("last_name", &form.last_name)] {
        if text.chars().count() > MAX_NAME {
            wrong.push((field, format!("Ensure this field has no more than {MAX_NAME} characters.")));
        }
    }
    match username {
        Ok(username) if wrong.is_empty() => return Ok(username),
        Ok(_) => {}
        Err(error) => wrong.push(("username", error.0)),
    }
    Err(Error::Fields(wrong.into_iter().map(|(field, text)| (field.to_owned(), vec![text])).collect()))
}

/// One `@`, something printable before it and a host name after it; the rest only a mail server can tell.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let printable = |c: char| c.is_ascii_graphic() && !"@<>(),;:\\\"[]".contains(c);
    text.len() <= MAX_EMAIL
        && !local.is_empty()
        && local.chars().all(printable)
        && !host.starts_with('*')
        && DomainName::parse(host).is_ok_and(|host| host.as_str() == "localhost" || host.as_str().contains('.'))
}

#[cfg(test)]
mod tests;
