//! Accounts, passwords and tokens.

use super::{Client, Result, StatusCode, retry::Resend};
use crate::types::{
    CancelAccount, ChangePassword, Credentials, PasswordChanged, RegenerateToken, Register, Token, User,
};

/// True when a controller answers: `GET /v2/` without a token must be refused with 401. Tried once, because the
/// usual reason for a no is a mistyped address.
pub async fn is_controller(client: &Client) -> Result<bool> {
    match client.get(&[""])?.anonymous().resend(Resend::Never).nothing().await {
        Ok(()) => Ok(false),
        Err(error) => match error.refusal() {
            Some(refusal) if !refusal.status.is_server_error() => Ok(refusal.status == StatusCode::UNAUTHORIZED),
            _ => Err(error),
        },
    }
}

/// Makes an account. The client's token is sent along: where registration is closed, an administrator's opens it.
pub async fn register(client: &Client, user: &Register) -> Result<User> {
    client.post(&["auth", "register"])?.body(user)?.json().await
}

/// Exchanges a password for a token.
pub async fn login(client: &Client, credentials: &Credentials) -> Result<Token> {
    // Deis's route table knows this one only with its slash.
    client.post(&["auth", "login", ""])?.anonymous().body(credentials)?.json().await
}

/// Who the token belongs to.
pub async fn whoami(client: &Client) -> Result<User> {
    client.get(&["auth", "whoami"])?.json().await
}

/// Changes a password.
pub async fn change_password(client: &Client, change: &ChangePassword) -> Result<PasswordChanged> {
    client.post(&["auth", "passwd"])?.body(change)?.json().await
}

/// Revokes the login tokens of one user and answers a new one.
pub async fn regenerate(client: &Client, username: Option<String>) -> Result<Token> {
    let request = RegenerateToken { username, all: None };
    client.post(&["auth", "tokens", ""])?.body(&request)?.json().await
}

/// Revokes the login tokens of all users.
pub async fn regenerate_all(client: &Client) -> Result<()> {
    let request = RegenerateToken { username: None, all: Some(true) };
    client.post(&["auth", "tokens", ""])?.body(&request)?.nothing().await
}

/// Deletes an account: the caller's own without a `username`.
pub async fn cancel(client: &Client, username: Option<String>) -> Result<()> {
    client.delete(&["auth", "cancel"])?.body(&CancelAccount { username })?.nothing().await
}
