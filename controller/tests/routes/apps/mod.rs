//! `/v2/apps`

mod builds;
mod config;
mod domains;
mod front;
mod life;
mod logs;
mod perms;
mod pods;
mod releases;
mod rename;
mod run;
mod services;
mod settings;
mod tags;
mod whitelist;
