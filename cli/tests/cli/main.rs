//! The client as its users meet it: the real binary against a controller that answers what a test says.
//!
//! One file per topic; each test is a little session, and its snapshot is what the user sees.
#![cfg(test)]

mod apps;
mod auth;
mod dispatch;
mod harness;
mod releases;
