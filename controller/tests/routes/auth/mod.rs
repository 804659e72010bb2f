//! `/v2/auth`

mod account;
mod login;
mod register;
mod tokens;
