//! The rules of registration, without a database.

use api::types::Register;

use super::{Applicant, Policy, Role, check, is_email};
use crate::{auth::token, error::Error, state::Registration};

const BOOTSTRAP: &str = "the one-time token";

fn policy(mode: Registration) -> Policy {
    Policy { mode, bootstrap_sha256: Some(token::sha256(BOOTSTRAP)) }
}

fn applicant(token: Option<&str>, is_local: bool) -> Applicant<'_> {
    Applicant { caller: None, token, is_local, address: "", request_id: "" }
}

#[test]
fn the_first_administrator_needs_proof() {
    for mode in [Registration::Enabled, Registration::AdminOnly] {
        let role = |applicant| policy(mode).role(applicant, false);
        assert_eq!(role(applicant(None, true)).unwrap(), Role::Administrator);
        assert_eq!(role(applicant(Some(BOOTSTRAP), false)).unwrap(), Role::Administrator);
        assert_eq!(role(applicant(None, false)).unwrap_err().status(), 403);
        assert_eq!(role(applicant(Some("a guess"), false)).unwrap_err().status(), 403);
    }
}

#[test]
fn the_proof_is_worth_nothing_once_there_is_an_administrator() {
    let strongest = applicant(Some(BOOTSTRAP), true);
    assert_eq!(policy(Registration::AdminOnly).role(strongest, true).unwrap_err().status(), 403);
    assert_eq!(policy(Registration::Enabled).role(strongest, true).unwrap(), Role::User);
}

#[test]
fn disabled_is_disabled() {
    for has_admin in [false, true] {
        let refused = policy(Registration::Disabled).role(applicant(Some(BOOTSTRAP), true), has_admin);
        assert_eq!(refused.unwrap_err().to_string(), "Registration is disabled");
    }
}

#[test]
fn no_bootstrap_token_matches_none() {
    let closed = Policy { mode: Registration::AdminOnly, bootstrap_sha256: None };
    assert!(closed.role(applicant(Some(""), false), false).is_err());
}

#[test]
fn all_wrong_fields_are_told_at_once() {
    let form = Register { username: "a b".to_owned(), email: "nowhere".to_owned(), ..Register::default() };
    let Err(Error::Fields(fields)) = check(&form) else { panic!("accepted") };
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["email", "password", "username"]);
}

#[test]
fn e_mail_addresses() {
    for good in ["ana@example.com", "a.b+c@localhost", "autotest@deis.io"] {
        assert!(is_email(good), "{good}");
    }
    for bad in ["", "ana", "@example.com", "ana@", "ana@example", "a b@example.com", "a@b@example.com", "a@-b.com"] {
        assert!(!is_email(bad), "{bad}");
    }
}
