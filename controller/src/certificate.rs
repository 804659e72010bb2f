//! What a certificate says, and whether a private key is its own. Pure.

use std::{collections::BTreeMap, net::IpAddr};

use chrono::{DateTime, Utc};
use rustls::{
    InconsistentKeys,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use x509_parser::{
    certificate::X509Certificate,
    extensions::GeneralName,
    objects::{oid_registry, oid2abbrev},
    oid_registry::{OID_PKCS9_EMAIL_ADDRESS, Oid},
    parse_x509_certificate,
    time::ASN1Time,
    x509::{AttributeTypeAndValue, X509Name},
};
use zeroize::Zeroizing;

use crate::error::Error;

/// Certificates in a chain; public ones have three or four.
const MAX_CHAIN: usize = 10;

/// A certificate with the key that belongs to it.
pub struct Pair {
    /// In DER, the certificate itself first.
    pub chain: Vec<Vec<u8>>,
    /// The private key in DER.
    pub key: Zeroizing<Vec<u8>>,
    /// What the certificate says.
    pub facts: Facts,
}

/// What a certificate says.
#[derive(Debug)]
pub struct Facts {
    /// The subject's common name.
    pub common_name: Option<String>,
    /// Subject alternative names: hosts as they are, others with their kind before them.
    pub san: Vec<String>,
    /// SHA-256, in pairs of digits with colons between.
    pub fingerprint: String,
    /// Who signed it, as `/C=US/CN=ca`.
    pub issuer: String,
    /// Whom it is for.
    pub subject: String,
    /// First moment of its life.
    pub starts: DateTime<Utc>,
    /// Last moment of its life.
    pub expires: DateTime<Utc>,
}

/// Reads both from PEM. Every field that is wrong is told at once, under the names of the API.
pub fn parse(certificate: &str, key: &str) -> Result<Pair, Error> {
    let chain = read_chain(certificate).map_err(|text| ("certificate", text));
    let key = read_key(key).map_err(|text| ("key", text));
    match (chain, key) {
        (Ok((chain, facts)), Ok(key)) => {
            check(&chain, &key)?;
            let chain = chain.into_iter().map(|der| der.to_vec()).collect();
            Ok(Pair { chain, key: Zeroizing::new(key.secret_der().to_vec()), facts })
        }
        (chain, key) => {
            let wrong = [chain.err(), key.err()].into_iter().flatten();
            let fields = wrong.map(|(field, text)| (field.to_owned(), vec![text]));
            Err(Error::Fields(fields.collect::<BTreeMap<_, _>>()))
        }
    }
}

fn read_chain(pem: &str) -> Result<(Vec<CertificateDer<'static>>, Facts), String> {
    if pem.trim().is_empty() {
        return Err("This field may not be blank.".to_owned());
    }
    let unreadable = |why: &str| format!("Could not load certificate: {why}");
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|_| unreadable("the PEM text is damaged."))?;
    let first = chain.first().ok_or_else(|| unreadable("there is no \"BEGIN CERTIFICATE\" in it."))?;
    if chain.len() > MAX_CHAIN {
        return Err(unreadable(&format!("a chain has at most {MAX_CHAIN} certificates.")));
    }
    let facts = Facts::read(first).ok_or_else(|| unreadable("it is not an X.509 certificate."))?;
    if chain.iter().any(|der| parse_x509_certificate(der).is_err()) {
        return Err(unreadable("one of the chain is not an X.509 certificate."));
    }
    Ok((chain, facts))
}

fn read_key(pem: &str) -> Result<PrivateKeyDer<'static>, String> {
    if pem.trim().is_empty() {
        return Err("This field may not be blank.".to_owned());
    }
    let unreadable = |why: &str| format!("Could not load private key: {why}");
    // Neither form of a protected key can be used without somebody who types its passphrase.
    if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(unreadable("it is protected by a passphrase. Take that off with: openssl pkey -in FILE"));
    }
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| unreadable("there is no private key in PEM form in it."))?;
    aws_lc_rs::default_provider()
        .key_provider
        .load_private_key(key.clone_key())
        .map_err(|_| unreadable("it is no RSA (2048 bits or more), ECDSA or Ed25519 key."))?;
    Ok(key)
}

/// Refuses a pair with which no connection could be served.
fn check(chain: &[CertificateDer<'static>], key: &PrivateKeyDer<'static>) -> Result<(), Error> {
    let provider = aws_lc_rs::default_provider();
    match CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &provider) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(Error::field("key", "Certificate and private key do not match!"))
        }
        Err(_) => {
            let text = "Could not load certificate: it is of a form that TLS does not use, such as version 1 of X.509.";
            Err(Error::field("certificate", text))
        }
    }
}

impl Facts {
    fn read(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = parse_x509_certificate(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let pairs = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>();
        Some(Self {
            common_name: certificate.subject().iter_common_name().next().map(text),
            san: alternative_names(&certificate),
            fingerprint: pairs.join(":"),
            issuer: one_line(certificate.issuer()),
            subject: one_line(certificate.subject()),
            starts: time(certificate.validity().not_before)?,
            expires: time(certificate.validity().not_after)?,
        })
    }
}

fn time(at: ASN1Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.timestamp(), 0)
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().filter_map(alternative_name).map(|name| plain(&name)).collect()
}

/// In the words of OpenSSL, which Deis showed.
fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    Some(match name {
        GeneralName::DNSName(host) => (*host).to_owned(),
        GeneralName::IPAddress(bytes) => format!("IP Address:{}", address(bytes)?),
        GeneralName::RFC822Name(address) => format!("email:{address}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        _ => return None,
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn one_line(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().map(|part| format!("/{}={}", label(part.attr_type()), text(part)));
    parts.collect::<Vec<_>>().concat()
}

fn label(oid: &Oid<'_>) -> String {
    if *oid == OID_PKCS9_EMAIL_ADDRESS {
        return "emailAddress".to_owned();
    }
    oid2abbrev(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), ToOwned::to_owned)
}

fn text(part: &AttributeTypeAndValue<'_>) -> String {
    plain(&part.as_str().map_or_else(|_| String::from_utf8_lossy(part.as_slice()), Into::into))
}

/// A stranger's words: no line of a log or terminal is theirs, and no text of PostgreSQL can hold a zero.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "?")
}

#[cfg(test)]
mod tests;
