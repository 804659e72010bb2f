//! `mycli`, the command-line client of Slipway.
//!
//! A topic is a folder, a verb is a file in it: `apps:create` is `apps/create.rs`. What a user may type is in the
//! `Args` of each verb, and clap makes parser and help of it. What a verb needs it gets from the [`context::Context`];
//! what it has to say goes through [`ui::Ui`]; what goes wrong comes back as an error and is printed here, once.

mod apps;
mod args;
mod audit;
mod auth;
mod autoscale;
mod builder;
mod builds;
mod certs;
mod child;
mod completion;
mod config;
mod context;
mod doctor;
mod domains;
mod drains;
mod exit;
mod git;
mod healthchecks;
mod help;
mod items;
mod keys;
mod labels;
mod limits;
mod maintenance;
mod name;
mod perms;
mod plugin;
mod profiles;
mod ps;
mod registry;
mod releases;
mod report;
mod repository;
mod routing;
mod runs;
mod services;
mod session;
mod settings;
mod shortcuts;
mod tags;
mod timeouts;
mod tls;
mod tokens;
mod ui;
mod users;
mod version;
mod whitelist;

use std::{env, ffi::OsString, process};

use anyhow::Result;
use exit::Exit;
use name::Name;
use tokio::runtime::Builder;
use ui::Ui;

fn main() -> process::ExitCode {
    // The HTTP client is built without a provider of its own; a second call has nothing to add.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut words: Vec<OsString> = env::args_os().collect();
    let name = Name::of_program(words.first());
    words.drain(..words.len().min(1));
    let ui = Ui::new();
    let done = Builder::new_current_thread().enable_all().build().map_err(Into::into).and_then(|runtime| {
        let done = runtime.block_on(run(&name, &ui, words));
        // Looking up a name can take long; nobody waits for it any more.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(exit) => exit.into(),
        Err(error) => report::print(&error, &name, &ui).into(),
    }
}

async fn run(name: &Name, ui: &Ui, words: Vec<OsString>) -> Result<Exit> {
    if let Some(wanted) = help::wanted(&words) {
        return help::print(&wanted, name, ui);
    }
    match args::parse(name, &words) {
        args::Parsed::Command(cli) => {
            let context = context::Context::new(name.clone(), ui.clone(), cli.config);
            cli.command.run(&context).await
        }
        args::Parsed::Unknown { topic, rest, suggestion } => plugin::run(name, ui, &topic, &rest, suggestion),
        args::Parsed::Wrong(error) => {
            ui.clap(&error)?;
            Ok(if error.use_stderr() { Exit::Failed } else { Exit::Done })
        }
    }
}
