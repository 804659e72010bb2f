//! The cases, one file for each thing that a platform has or does.

pub mod build;
pub mod changes;
pub mod end;
pub mod health;
pub mod image;
pub mod logs;
pub mod network;
pub mod run;
pub mod session;
pub mod start;
pub mod survey;
pub mod usage;
