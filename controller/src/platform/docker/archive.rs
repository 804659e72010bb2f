//! Images on their way out of the engine and into another one, for backups.
//!
//! They go by their ids, which the other engine gives them again, and are kept there by the same tags of ours. The engine
//! holds on to all that it was asked for before it sends the first byte, so that nothing can be removed meanwhile.

use std::path::Path;

use anyhow::Context;
use bollard::{
    body_try_stream,
    query_parameters::{ImportImageOptionsBuilder, ListContainersOptionsBuilder},
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::{
    connect::{Engine, call},
    errors, image,
    labels::Labels,
};
use crate::platform::Error;

/// An image that is kept for an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Image {
    /// The app.
    pub app: Uuid,
    /// What its builds call it.
    pub reference: String,
    /// The engine's id.
    pub id: String,
}

/// The images of an engine.
pub struct Images {
    engine: Engine,
}

impl Images {
    pub(crate) fn new(socket: &Path) -> Self {
        Self { engine: Engine::new(socket) }
    }

    /// The id of an image; nothing when the engine does not have it.
    pub async fn id(&self, reference: &str) -> anyhow::Result<Option<String>> {
        let image = image::inspect(self.engine.client()?, reference).await?;
        Ok(image.and_then(|image| image.id))
    }

    /// Gives `write` all of these images as one archive. False, with nothing written, when one of them is gone.
    pub async fn export(
        &self,
        ids: &[&str],
        mut write: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        let mut chunks = Box::pin(self.engine.client()?.export_images(ids));
        let mut begun = false;
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => write(&chunk)?,
                Err(error) if !begun && errors::is_gone(&error) => return Ok(false),
                Err(error) => return Err(error).context("the container engine does not hand out its images"),
            }
            begun = true;
        }
        Ok(true)
    }

    /// Takes the images in an archive, which comes in pieces.
    pub async fn load(&self, pieces: mpsc::Receiver<std::io::Result<Bytes>>) -> anyhow::Result<()> {
        let options = ImportImageOptionsBuilder::new().quiet(true).build();
        let body = body_try_stream(ReceiverStream::new(pieces));
        let answers = self.engine.client()?.import_image(options, body, None);
        answers.try_for_each(|_| async { Ok(()) }).await.context("the container engine does not take the images")
    }

    /// Keeps them for their apps.
    pub async fn keep(&self, images: &[Image]) -> anyhow::Result<()> {
        let client = self.engine.client()?;
        for Image { app, reference, id } in images {
            image::keep(client, app, id)
                .await
                .with_context(|| format!("the container engine does not have {id} ({reference})"))?;
        }
        Ok(())
    }

    /// Lets go of them.
    pub async fn forget(&self, images: &[Image]) -> anyhow::Result<()> {
        let client = self.engine.client()?;
        for Image { app, id, .. } in images {
            image::release(client, &image::tag(app, id), id).await?;
        }
        Ok(())
    }

    /// How many containers of an installation the engine has.
    pub async fn containers(&self, installation: Uuid) -> Result<usize, Error> {
        let labels = Labels::new(installation);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&labels.filter_all()).build();
        Ok(call(self.engine.client()?.list_containers(Some(options))).await?.len())
    }
}
