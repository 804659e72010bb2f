//! The HTTP API as its clients see it: the whole router in this process over a real PostgreSQL and the memory platform.
//! The folders follow the URLs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod access;
mod admin;
mod apps;
mod audit;
mod auth;
mod certs;
mod conventions;
mod every_route;
mod harness;
mod hooks;
mod idempotency;
mod keys;
mod outage;
mod pushes;
mod reference;
mod schemathesis;
mod secrets;
mod shape;
mod users;
