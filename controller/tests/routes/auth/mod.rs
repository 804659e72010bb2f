//! `/v2/auth`

mod account;
mod api_tokens;
mod login;
mod register;
mod tokens;
