//! The platform: does all of it serve, behind its walls; and the programs of its database.

use std::time::Duration;

use super::{
    super::{
        control::{Firewall, Pushes, Status},
        paths::Paths,
        postgres::Programs,
        status,
    },
    Finding, fail, ok, warn,
};

/// Asks the supervisor, where there is one.
pub fn look(paths: &Paths) -> Vec<Finding> {
    let mut findings = match status::wait(paths, Duration::ZERO) {
        Ok(Some(status)) => judge(&status),
        Ok(None) => {
            vec![fail("platform", "no supervisor is running", "slipway standalone, or systemctl start slipway")]
        }
        Err(error) => vec![fail("platform", format!("cannot ask the supervisor: {error:#}"), "Are you root?")],
    };
    findings.push(match Programs::find(None) {
        Ok(programs) => ok("postgres", format!("programs of version {}", programs.major)),
        Err(error) => {
            warn("postgres", format!("{error:#}"), "Fine where --database-url or --pg-bin names another one.")
        }
    });
    findings
}

fn judge(status: &Status) -> Vec<Finding> {
    let parts: Vec<_> = status.parts.iter().filter(|part| !part.serving).map(|part| part.part.to_string()).collect();
    let all = if parts.is_empty() && status.ready {
        ok("platform", format!("{} serves", status.url))
    } else {
        let next = "slipway status tells more; each part's journal lies in the folder journals of the data directory.";
        fail("platform", format!("not serving: {}", parts.join(", ")), next)
    };
    let firewall = match &status.firewall {
        Firewall::Kept => ok("firewall", "keeps apps and builds off this machine"),
        Firewall::Off => warn(
            "firewall",
            "is off: apps reach every port of this machine",
            "Start without the option that turns it off.",
        ),
        Firewall::Broken { reason } => fail("firewall", format!("cannot be kept: {reason}"), "apt install iptables"),
    };
    let pushes = match &status.pushes {
        Pushes::On { .. } => ok("pushes", "are taken"),
        Pushes::Off { reason } => warn("pushes", "are off", reason.clone()),
    };
    vec![all, firewall, pushes]
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::standalone::{
        control::{Firewall, PartStatus, Pushes, Status},
        keeper::State,
        part::Part,
    };

    #[test]
    fn what_the_supervisor_says() {
        let mut status = Status {
            ready: true,
            url: "http://slipway.localhost".to_owned(),
            listen: Vec::new(),
            supervisor: 1,
            version: "0.2.0".to_owned(),
            trial: false,
            parts: vec![PartStatus {
                part: Part::Router,
                serving: true,
                version: None,
                state: State { pid: None, restarts: 0, trouble: None },
            }],
            firewall: Firewall::Kept,
            pushes: Pushes::On { listen: Vec::new() },
        };
        let shown = |status: &Status| judge(status).iter().map(ToString::to_string).collect::<String>();
        insta::assert_snapshot!(shown(&status), @r"
        ok    platform    http://slipway.localhost serves
        ok    firewall    keeps apps and builds off this machine
        ok    pushes      are taken
        ");
        (status.ready, status.parts[0].serving) = (false, false);
        status.firewall = Firewall::Broken { reason: "cannot run `iptables`".to_owned() };
        status.pushes = Pushes::Off { reason: "missing: runc; apt install runc, then `slipway restart`".to_owned() };
        insta::assert_snapshot!(shown(&status), @r"
        fail  platform    not serving: router
                          slipway status tells more; each part's journal lies in the folder journals of the data directory.
        fail  firewall    cannot be kept: cannot run `iptables`
                          apt install iptables
        warn  pushes      are off
                          missing: runc; apt install runc, then `slipway restart`
        ");
    }
}
