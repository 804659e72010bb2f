//! `slipway build`: the program inside a build's sandbox. It turns a source into an image, and pushes one.
//!
//! The same program runs in a sandbox of one machine and in a build pod of a cluster. It gets one [`Job`] as JSON on standard
//! input, drives `buildah` over stores in fixed folders ([`layout`]), and what it prints is the log of the build. Nothing
//! here is trusted by who started it: a source may take over everything in the sandbox.

mod buildah;
mod buildpacks;
mod dockerfile;
mod files;
mod job;
pub mod layout;
mod log;
mod outcome;
mod pack;
mod push;
mod source;
mod stack;
mod steps;
mod storage;
mod tidy;
mod trust;

use std::io::Read;

use anyhow::{Context, Result};

pub use self::{
    job::{BuildJob, Job, PushJob, StackJob, StackSource},
    outcome::{DIGEST_LONGEST, Made, OUTCOME_LONGEST},
};

/// Reads the job and does it. An error is the last line of the log.
pub fn run() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the job")?;
    // The error would show a part of the text, which has secrets.
    let job = serde_json::from_str(&text).ok().context("the job is damaged")?;
    drop(text);
    storage::ensure()?;
    match job {
        Job::Build(job) => build(&job),
        Job::Push(job) => push::run(&job),
        Job::Stack(job) => stack::run(&job),
    }
}

fn build(job: &BuildJob) -> Result<()> {
    tidy::before()?;
    trust::ensure()?;
    source::unpack()?;
    let types = match job.kind {
        api::sandbox::BuildKind::Dockerfile => dockerfile::build(job)?,
        api::sandbox::BuildKind::Buildpack => pack::build(job)?,
    };
    outcome::write(&Made { types })
}
