//! Who calls, and what they may do. Knows users, tokens and apps in the database, and nothing of HTTP but the
//! `Authorization` header.

pub mod access;
pub mod builder_key;
pub mod caller;
pub mod limit;
pub mod login;
pub mod password;
pub mod register;
pub mod scope;
pub mod token;

pub use caller::Caller;
