//! Keys of every type as `ssh-keygen` writes them, and texts that only look like one.

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::PublicKey;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0";
const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCdsSKLhd1y4gdraNARxnugazGKgA2sCRJ3Qfq0JXP5L2uo9c03S5Pf57YIcUCT\
    ONLP8LJN3P46cXJ1EJuRL5/TL1vnnIHMpXNyPzkVMQWEoF/tq6DrqoLlFvlBJWujk2p3ZURXPeFTLhRkxUqMNAqqY/z+BiDCD36BoJwPXfNKuqt0\
    xI+AP/5AGyJAorihBcvNLFFsmML182JCjio/v+4J9BfSu4kn+NlH1Ts755kbc18NNqo60/rQWLctugkCIntjsyM92oAWNHZ4H0CsoBPpT5LPsBjo\
    tOJf8XbiMoVoOPqHAUZLwGP4aSwUCqWqHPo15p0w1aoj+4JhmcW9IlaL";
const WEAK_RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDkNg2V8atc4z31nUR+jjKUQlv5zc6f5rQhIH9enxIaQDxCp65jOjlh5Q1\
    QN8gazUDpStq1IgVzaa1EZLvSNRL/l9eJaJ2hJCCmriiw04LlZcPcfUX3bo/NU41+lIvqzvFvSFg9uWA5LbmqwieeGizrGLQYbuNm2QVFzFjkXBC\
    OaQ==";
const DSS: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAJP4R7bAwrJJgBJBSl/7BA9YoRxoRXjoigZwUtb3RVza1d9SkJjSDTsLKpo7tJCZqDqT/L9x\
    4r/E5GWB8sNLN/dMapW9MLt34XxPD7BsxXUbXcoNnL8KKqor+yw5WexfVfmA+TJOjOu8QFpZHXPXLVFhsW9zamjFcQNKYClfrQVLAAAAFQDstmfZ\
    NETT/INwWWHC0WHGVUPacwAAAIEAj2hlPYU4EuAXaj5FeIQd5bcmTcyR7qUrzU/eHYrLyThQx4mTWJAiwIjPQbqRKGyeahJ0A1o8kE5RiO7ookEH\
    +NGxBAK/hGZvc4IYs0wgghDKZ34wP0KfI978gaX/D2h8HRuoO8Tgj9mj4RjLPXaoIJB1D/tL/khD81Hm2wb14FEAAACAAsXBrjFZnKHKHc+e7nNM\
    n3cT7LSPF/lFQ8PLD9x2GNIDWSBgPEJqWolKHt8CHXxTb98dq87KQ//IGmLZde8XlBt/RscwgAgl8FcjOsLIeNISzKL7YIM4DsRMlkT2QVLVOSCr\
    93bYhY9Md3EjH8zvvxayscBQgIXTfqYNt+OfLNc=";
const ECDSA_256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMH4oXxHykd0OUk5ZDXySL\
    qidDWAmo6zB/RDBn/+e9xsww4LsCwaBMXgWoYu5PpkQDjPdsrqOHybcptUwx9NLOs=";
const ECDSA_384: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBJ5V5gFfMxCzSgEAtI+g3K\
    mEkEdDXIpgClXKXwywWhrH6o6WOMXpRJGUSlYoomKYxOlL/uqcxD64p5mE0CHOSAMRkRV2JzIG5NFblLDU42pPKpEFYV+q5IICc1IGBBi1kQ==";
const ECDSA_521: &str = "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADFzfXy0HuuzW48Yg+tKH\
    BuKvHmdl502njpdAIhHiOcbw1e18EQ7Aa7dw/BGa4VrzEg4Ondmuhg/ywM4Hw6VXTd5AD80VsROMKO2BahGJ490K4zYRZVv4grVhAqqRQmso7FUG\
    mlEr3GcIZg/k3CH4IvajxIOSHVcdfsfeP0ln8oybNJbQ==";
const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBaAO7aWZ5CMXtVMrQP3AA\
    balcjOdTV5K9q5X3kF1Kb0AAAABHNzaDo=";
const SK_ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlz\
    dHAyNTYAAABBBMH4oXxHykd0OUk5ZDXySLqidDWAmo6zB/RDBn/+e9xsww4LsCwaBMXgWoYu5PpkQDjPdsrqOHybcptUwx9NLOsAAAAEc3NoOg==";

fn refusal(text: &str) -> String {
    PublicKey::parse(text).unwrap_err().0
}

#[test]
fn every_type_that_can_log_in() {
    for text in [ED25519, RSA, ECDSA_256, ECDSA_384, ECDSA_521, SK_ED25519, SK_ECDSA] {
        let key = PublicKey::parse(text).unwrap();
        assert_eq!((key.as_str(), key.without_comment(), key.comment()), (text, text, ""));
        let kind = text.split(' ').next().unwrap();
        assert_eq!(key.blob()[4..4 + kind.len()], *kind.as_bytes());
    }
}

#[test]
fn comments_and_space() {
    let key = PublicKey::parse(&format!("  {}\t  ana's  laptop \r\n", ED25519.replace(' ', "\t "))).unwrap();
    assert_eq!(key.as_str(), format!("{ED25519} ana's  laptop"));
    assert_eq!((key.without_comment(), key.comment()), (ED25519, "ana's  laptop"));
}

#[test]
fn what_is_not_taken() {
    insta::assert_snapshot!(refusal(" \n"), @"This field may not be blank.");
    insta::assert_snapshot!(refusal("ssh-rsa"), @"Key contains invalid base64 chars");
    insta::assert_snapshot!(refusal("ssh-rsa !!!! ana"), @"Key contains invalid base64 chars");
    insta::assert_snapshot!(refusal(&ED25519[..ED25519.len() - 1]), @"Key contains invalid base64 chars");
    insta::assert_snapshot!(refusal(DSS), @"DSA keys are not safe any more. Make a new one: ssh-keygen -t ed25519");
    insta::assert_snapshot!(refusal(WEAK_RSA), @"RSA keys need at least 2048 bits, this one has 1024. Make a new one: ssh-keygen -t ed25519");
    insta::assert_snapshot!(refusal("ssh-new AAAAB3NzaC1uZXc="), @"Keys of the type ssh-new are not supported. Make one that is: ssh-keygen -t ed25519");
    insta::assert_snapshot!(refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"), @"This is a private key. Send the public one, from the file that ends with .pub.");
    insta::assert_snapshot!(refusal(&format!("{ED25519}\n{RSA}")), @"A public key is one line without control characters.");
    insta::assert_snapshot!(refusal(&format!("{ED25519} {}", "a".repeat(PublicKey::MAX))), @"Ensure this field has no more than 8192 characters.");
}

#[test]
fn type_and_content_belong_together() {
    let blob = |text: &str| text.split(' ').nth(1).unwrap().to_owned();
    for bad in [
        format!("ssh-rsa {}", blob(ED25519)),
        format!("ecdsa-sha2-nistp256 {}", blob(ECDSA_384)),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0AA==".to_owned(),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAHxaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1KY=".to_owned(),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/////w==".to_owned(),
        "ssh-ed25519 AAAA".to_owned(),
        format!("command=\"id\" {ED25519}"),
        format!("@cert-authority * {ED25519}"),
    ] {
        assert!(PublicKey::parse(&bad).is_err(), "{bad}");
    }
}

/// An RSA key of these numbers.
fn rsa(exponent: &[u8], modulus: &[u8]) -> String {
    let mut blob = Vec::new();
    for field in [b"ssh-rsa".as_slice(), exponent, modulus] {
        blob.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
        blob.extend(field);
    }
    format!("ssh-rsa {}", STANDARD.encode(blob))
}

#[test]
fn a_number_has_one_form() {
    let modulus = |zeros: usize, bytes: usize| [vec![0; zeros], vec![0x80; bytes]].concat();
    assert!(PublicKey::parse(&rsa(&[1, 0, 1], &modulus(1, 256))).is_ok());
    for (exponent, modulus) in [
        (vec![], modulus(1, 256)),
        (vec![0], modulus(1, 256)),
        (vec![0, 3], modulus(1, 256)),
        (vec![3], modulus(0, 256)),
        (vec![3], modulus(2, 256)),
        (vec![3], vec![]),
        (vec![3], modulus(1, 2049)),
    ] {
        assert!(PublicKey::parse(&rsa(&exponent, &modulus)).is_err(), "{exponent:?} {modulus:?}");
    }
}

proptest! {
    #[test]
    fn what_parses_is_one_line_and_parses_again(text in "(ssh-ed25519|ssh-rsa)?[ \t\n]?.{0,80}", comment in ".{0,20}") {
        for text in [text, format!("{ED25519} {comment}")] {
            if let Ok(key) = PublicKey::parse(&text) {
                prop_assert!(!key.as_str().contains(['\n', '\r', '\0']));
                prop_assert_eq!(PublicKey::parse(key.as_str()), Ok(key.clone()));
                let bare = PublicKey::parse(key.without_comment()).unwrap();
                prop_assert_eq!(bare.blob(), key.blob());
            }
        }
    }
}
