//! `/v2/apps`

mod builds;
mod config;
mod domains;
mod life;
mod perms;
mod pods;
mod releases;
mod run;
mod settings;
