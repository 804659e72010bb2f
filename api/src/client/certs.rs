//! Certificates of the caller.

use super::{Client, Result};
use crate::types::{AttachCertificate, Certificate, CreateCertificate, Page};

/// The caller's certificates, by name.
pub async fn list(client: &Client, limit: Option<u32>) -> Result<Page<Certificate>> {
    client.get(&["certs"])?.query("limit", limit).json().await
}

/// The certificate of that name.
pub async fn get(client: &Client, name: &str) -> Result<Certificate> {
    client.get(&["certs", name])?.json().await
}

/// Adds a certificate and its key.
pub async fn add(client: &Client, certificate: &CreateCertificate) -> Result<Certificate> {
    client.post(&["certs"])?.body(certificate)?.json().await
}

/// Removes the certificate of that name.
pub async fn remove(client: &Client, name: &str) -> Result<()> {
    client.delete(&["certs", name])?.nothing().await
}

/// Serves the domain with it.
pub async fn attach(client: &Client, name: &str, domain: &str) -> Result<()> {
    let body = AttachCertificate { domain: domain.to_owned() };
    // Deis's route table knows this one only with its slash.
    client.post(&["certs", name, "domain", ""])?.body(&body)?.nothing().await
}

/// Serves the domain with it no more.
pub async fn detach(client: &Client, name: &str, domain: &str) -> Result<()> {
    client.delete(&["certs", name, "domain", domain])?.nothing().await
}
