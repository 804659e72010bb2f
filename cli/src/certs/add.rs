//! `certs:add`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use api::{client::certs, types::CreateCertificate};

use crate::{context::Context, report::Failure};

/// Adds a certificate and its private key.
///
/// It may be of RSA, ECDSA or Ed25519. It serves nothing until it is attached to a domain: `certs:attach`. The key is
/// sent to the controller, which keeps it encrypted and shows it to nobody.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli certs:add web-2024 www.example.com.pem www.example.com.key\n  \
    mycli certs:attach web-2024 www.example.com")]
pub struct Args {
    /// Name of the certificate: lower-case letters, digits and hyphens
    name: String,
    /// File of the certificate in PEM, followed by those that lead to its issuer's
    certificate: PathBuf,
    /// File of its private key in PEM, without a passphrase
    key: PathBuf,
}

/// Reads and adds them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let name = args.name.clone();
    let certificate = CreateCertificate { name, certificate: read(&args.certificate)?, key: read(&args.key)? };
    let progress = context.ui.begin("Adding SSL endpoint... ")?;
    certs::add(&session.client, &certificate).await?;
    Ok(progress.done("done")?)
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(format!("open {}: no such file or directory", path.display())).into(),
        _ => anyhow::Error::from(error).context(format!("cannot read {}", path.display())),
    })?;
    // Nothing of the file is repeated, because it may be a key.
    String::from_utf8(bytes).ok().with_context(|| {
        format!("{} is no PEM file; `openssl x509` and `openssl pkey` with -inform der make one of it", path.display())
    })
}
