//! From what a build made to the change that deploys it, and from what became of that to words. Pure.

use api::{
    error::ErrorBody,
    names::{ImageName, ProcessType},
    sandbox::{BuildKind, BuiltImage},
};

use super::image_name;
use crate::{
    db::{app::App, build::Procfile, push::Push},
    error::Answer,
    operation::{BuildPatch, Built, Patch},
};

/// The change that deploys what was built; or what is wrong with it, for the pusher.
pub(super) fn patch(push: &Push, app: &App, image: &BuiltImage) -> Result<Patch, String> {
    let name = image_name(app.name.as_str(), &push.sha);
    Ok(Patch::Build(BuildPatch {
        image: ImageName::parse(&name).map_err(|error| error.0)?,
        procfile: procfile(image)?,
        sha: push.sha.clone(),
        dockerfile: if push.kind == BuildKind::Dockerfile { "true".to_owned() } else { String::new() },
        built: Some(Built { build: push.uuid, reference: image.reference.clone() }),
    }))
}

fn procfile(image: &BuiltImage) -> Result<Procfile, String> {
    let parse = |(name, command): (&String, &String)| {
        let name = ProcessType::parse(name).map_err(|error| format!("Procfile: {name}: {}", error.0))?;
        if command.trim().is_empty() {
            return Err(format!("Procfile: the command of {name} is empty"));
        }
        Ok((name, command.clone()))
    };
    image.types.iter().map(parse).collect()
}

/// A client's answer in words.
pub(super) fn words(answer: &Answer) -> String {
    match &answer.body {
        ErrorBody::Detail { detail } => detail.clone(),
        ErrorBody::Missing(text) => text.clone(),
        ErrorBody::Fields(fields) => fields.values().flatten().cloned().collect::<Vec<_>>().join("\n"),
    }
}
