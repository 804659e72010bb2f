//! The contract between the parts: what may be said over HTTP, and nothing about how it is done.
//!
//! Everything that crosses a process border is defined here once: names and their only parsers, the shapes of
//! Deis API 2.3 (`types`), the shape of an error, the route stream between controller and router, what builder,
//! controller and supervisor say to each other about a push (`push`) and its build (`sandbox`), and, with the feature
//! `client`, the typed client of the API.

pub mod error;
pub mod headers;
pub mod names;
pub mod procfile;
pub mod push;
pub mod routes;
pub mod sandbox;
pub mod time;
pub mod treatment;
pub mod types;

#[cfg(feature = "client")]
pub mod client;
