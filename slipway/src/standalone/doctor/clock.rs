//! The clock: certificates, expiry of tokens and signatures go by it, and nobody notices that it drifts until they fail.

use std::{fs, process::Command};

use super::{Finding, ok, warn};
use crate::standalone::tool;

/// Programs that keep a clock, as the kernel calls their processes.
const KEEPERS: [&str; 4] = ["chronyd", "ntpd", "ntpsec", "systemd-timesyn"];

/// Looks at it.
pub fn look() -> Finding {
    judge(is_kept(), keeper().as_deref())
}

/// What the kernel says, where systemd can be asked for it.
fn is_kept() -> Option<bool> {
    let mut ask = Command::new("timedatectl");
    let said = tool::run(ask.args(["show", "--property=NTPSynchronized", "--value"])).ok()?;
    match said.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// Who keeps it.
fn keeper() -> Option<String> {
    let names = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|process| fs::read_to_string(process.path().join("comm")).ok().map(|name| name.trim().to_owned()));
    names.into_iter().find(|name| KEEPERS.contains(&name.as_str()))
}

fn judge(is_kept: Option<bool>, keeper: Option<&str>) -> Finding {
    match (is_kept, keeper) {
        (Some(true), _) => ok("clock", "is synchronised"),
        (Some(false), Some(keeper)) => {
            warn("clock", format!("is not synchronised, although {keeper} runs"), "Does it reach a time server?")
        }
        (None, Some(keeper)) => ok("clock", format!("is kept by {keeper}")),
        (Some(false) | None, None) => warn(
            "clock",
            "nobody is seen to keep it; certificates, tokens and signatures fail where it is wrong",
            "apt install chrony. Fine in a container, or where the host of a virtual machine keeps it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{judge, look};

    #[test]
    fn clocks_of_every_kind() {
        let all = [(Some(true), None), (Some(false), Some("chronyd")), (None, Some("ntpd")), (Some(false), None)];
        let shown: String = all.map(|(kept, keeper)| judge(kept, keeper).to_string()).concat();
        insta::assert_snapshot!(shown, @r"
        ok    clock       is synchronised
        warn  clock       is not synchronised, although chronyd runs
                          Does it reach a time server?
        ok    clock       is kept by ntpd
        warn  clock       nobody is seen to keep it; certificates, tokens and signatures fail where it is wrong
                          apt install chrony. Fine in a container, or where the host of a virtual machine keeps it.
        ");
        assert_eq!(look().check, "clock");
    }
}
