//! Images that apps need, out of the engine and into another one.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
};

use anyhow::{Context, Result, ensure};
use controller::backup::{Image, Images, Needed};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use tokio::{sync::mpsc, task};

use super::{reader::Reader, saved, writer::Writer};

/// Images that the engine is asked for at once. They share their layers in the archive; the names of too many make a URL too
/// long.
const AT_ONCE: usize = 200;
/// What is handed to the engine at once.
const PIECE: usize = 1 << 20;

/// The ids of the images needed, and, in words, those that the engine does not have.
pub async fn find(engine: &Images, needed: &[Needed]) -> Result<(Vec<Image>, Vec<String>)> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for Needed { app, name, reference } in needed {
        match engine.id(reference).await? {
            Some(id) => found.push(Image { app: *app, reference: reference.clone(), id }),
            None => missing.push(format!("{name}: {reference}")),
        }
    }
    Ok((found, missing))
}

/// Writes them. False when one of them is gone meanwhile.
pub async fn collect(engine: &Images, images: &[Image], writer: &mut Writer) -> Result<bool> {
    let ids: BTreeSet<_> = images.iter().map(|image| image.id.as_str()).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    for (number, some) in ids.chunks(AT_ONCE).enumerate() {
        // Layers are stored uncompressed, and mostly are no secret of compression.
        let sink = writer.member(format!("images-{number}.tar.gz"))?;
        let mut packer = GzEncoder::new(sink, Compression::fast());
        if !engine.export(some, |piece| Ok(packer.write_all(piece)?)).await? {
            return Ok(false);
        }
        packer.finish().context("cannot write the images")?.end()?;
    }
    Ok(true)
}

/// Reads them, and fails when one is damaged or missing.
pub fn check(reader: &Reader) -> Result<()> {
    let mut found = BTreeSet::new();
    for member in reader.manifest.image_members() {
        let ids = saved::ids(GzDecoder::new(reader.member(member)?));
        found.extend(ids.with_context(|| format!("{member} is damaged"))?);
    }
    for Image { reference, id, .. } in &reader.manifest.images {
        ensure!(found.contains(id), "the image {reference} is not in it");
    }
    Ok(())
}

/// Gives them to the engine, which keeps them for their apps.
pub async fn restore(reader: &Reader, engine: &Images) -> Result<()> {
    for member in reader.manifest.image_members() {
        let mut content = GzDecoder::new(reader.member(member)?);
        let (sender, pieces) = mpsc::channel(2);
        let feeder = task::spawn_blocking(move || {
            // The engine that takes no more says why itself.
            while let Some(piece) = next(&mut content).transpose() {
                let is_last = piece.is_err();
                if sender.blocking_send(piece.map(Into::into)).is_err() || is_last {
                    return;
                }
            }
        });
        engine.load(pieces).await?;
        feeder.await?;
    }
    engine.keep(&reader.manifest.images).await
}

fn next(content: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut piece = Vec::with_capacity(PIECE);
    content.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(if piece.is_empty() { None } else { Some(piece) })
}
