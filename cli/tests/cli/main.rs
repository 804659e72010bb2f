//! The client as its users meet it: the real binary against a controller that answers what a test says.
//!
//! One file per topic; each test is a little session, and its snapshot is what the user sees.
#![cfg(test)]
#![allow(clippy::print_stdout, reason = "the runner keeps it until the test fails; `scripts/prove` always shows it")]

mod apps;
mod audit;
mod auth;
mod autoscale;
mod builds;
mod certs;
mod commands;
mod completion;
mod config;
mod config_files;
mod disk;
mod dispatch;
mod doctor;
mod domains;
mod drains;
mod errors;
mod every_command;
mod git;
mod harness;
mod healthchecks;
mod keys;
mod labels;
mod limits;
mod logs;
mod lost;
mod network;
mod perms;
mod profiles;
mod ps;
mod registry;
mod releases;
mod routing;
mod run;
mod secrets;
mod services;
mod session;
mod settings_file;
mod switches;
mod tags;
mod terminal;
mod timeouts;
mod tls;
mod tokens;
mod users;
mod version;
mod whitelist;
