//! Certificates of all kinds, and what is wrong with others.

use insta::{allow_duplicates, assert_snapshot};
use rcgen::{
    CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    SanType, SignatureAlgorithm,
};

use super::{Pair, parse};

fn made(algorithm: &'static SignatureAlgorithm) -> (String, String) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::new(["www.example.com".to_owned(), "*.example.com".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress([192, 0, 2, 1].into()));
    params.distinguished_name.push(DnType::CountryName, "US");
    params.distinguished_name.push(DnType::OrganizationName, "Exa\nmple");
    params.distinguished_name.push(DnType::CommonName, "www.example.com");
    params.not_before = rcgen::date_time_ymd(2024, 1, 2);
    params.not_after = rcgen::date_time_ymd(2034, 1, 2);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn verdict(certificate: &str, key: &str) -> String {
    match parse(certificate, key) {
        Ok(_) => "fine".to_owned(),
        Err(error) => serde_json::to_string(&error.body()).unwrap(),
    }
}

#[test]
fn every_kind_of_key_is_taken() {
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let (certificate, key) = made(algorithm);
        let Pair { facts, chain, .. } = parse(&certificate, &key).unwrap();
        assert_eq!(facts.san, ["www.example.com", "*.example.com", "IP Address:192.0.2.1"]);
        assert_eq!(facts.common_name.as_deref(), Some("www.example.com"));
        assert_eq!((chain.len(), facts.fingerprint.len()), (1, 95));
        let (other, _) = made(algorithm);
        let verdict = verdict(&other, &key);
        allow_duplicates!(assert_snapshot!(verdict, @r#"{"key":["Certificate and private key do not match!"]}"#));
    }
}

#[test]
fn a_certificate_says() {
    let (certificate, key) = made(&PKCS_ED25519);
    let facts = parse(&certificate, &key).unwrap().facts;
    assert_snapshot!(facts.subject, @"/CN=www.example.com/C=US/O=Exa?mple");
    assert_eq!(facts.issuer, facts.subject);
    assert_snapshot!(format!("{} {}", facts.starts, facts.expires), @"2024-01-02 00:00:00 UTC 2034-01-02 00:00:00 UTC");
}

#[test]
fn the_chain_is_kept_and_a_key_among_it_is_not() {
    let (certificate, key) = made(&PKCS_ED25519);
    let (issuer, _) = made(&PKCS_ED25519);
    let pair = parse(&format!("{certificate}{key}{issuer}"), &key).unwrap();
    assert_eq!(pair.chain.len(), 2);
}

#[test]
fn what_is_wrong_is_told() {
    let (certificate, key) = made(&PKCS_ED25519);
    assert_snapshot!(verdict("", " "), @r#"{"certificate":["This field may not be blank."],"key":["This field may not be blank."]}"#);
    assert_snapshot!(verdict("x", "x"), @r#"{"certificate":["Could not load certificate: there is no \"BEGIN CERTIFICATE\" in it."],"key":["Could not load private key: there is no private key in PEM form in it."]}"#);
    assert_snapshot!(verdict(&key, &certificate), @r#"{"certificate":["Could not load certificate: there is no \"BEGIN CERTIFICATE\" in it."],"key":["Could not load private key: there is no private key in PEM form in it."]}"#);
    assert_snapshot!(verdict(&certificate.replace("CERTIFICATE", "CERTIFICATE REQUEST"), &key), @r#"{"certificate":["Could not load certificate: there is no \"BEGIN CERTIFICATE\" in it."]}"#);
    assert_snapshot!(verdict("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key), @r#"{"certificate":["Could not load certificate: it is not an X.509 certificate."]}"#);
    assert_snapshot!(verdict("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", &key), @r#"{"certificate":["Could not load certificate: the PEM text is damaged."]}"#);
    assert_snapshot!(verdict(&certificate.repeat(11), &key), @r#"{"certificate":["Could not load certificate: a chain has at most 10 certificates."]}"#);
    assert_snapshot!(verdict(&certificate, &key.replace("PRIVATE", "ENCRYPTED PRIVATE")), @r#"{"key":["Could not load private key: it is protected by a passphrase. Take that off with: openssl pkey -in FILE"]}"#);
    assert_snapshot!(verdict(&certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), @r#"{"key":["Could not load private key: it is no RSA (2048 bits or more), ECDSA or Ed25519 key."]}"#);
}
