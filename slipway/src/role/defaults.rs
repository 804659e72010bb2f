//! What the operator decides for all apps. The same options belong to `slipway standalone`, where they are typed, and to
//! `slipway controller`, which it starts with them.

use std::collections::BTreeMap;

use anyhow::ensure;
use clap::{Args, value_parser};
use controller::{quantity, state::Settings};
use ipnet::IpNet;

/// Options of both commands.
#[derive(Args, Clone, Debug, PartialEq)]
#[command(next_help_heading = "All apps")]
pub struct Defaults {
    /// Seconds in which a new instance must prove healthy, or its deploy fails; an app's own config comes first
    #[arg(long, env = "DEIS_DEPLOY_TIMEOUT", value_name = "SECONDS", default_value_t = 120)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub deploy_timeout: u32,
    /// New instances of a process type that a deploy starts at once; an app's own config comes first
    #[arg(long, env = "DEIS_DEPLOY_BATCHES", value_name = "COUNT", default_value_t = 1)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub deploy_batches: u32,
    /// Seconds from SIGTERM to SIGKILL for an instance; an app's own timeouts come first
    #[arg(long, env = "KUBERNETES_POD_TERMINATION_GRACE_PERIOD_SECONDS", value_name = "SECONDS", default_value_t = 30)]
    pub grace_period: u32,
    /// Memory of an instance whose app sets no limit, such as 512M [default: what the machine has]
    #[arg(long, env = "SLIPWAY_DEFAULT_MEMORY", value_name = "AMOUNT", value_parser = memory)]
    pub default_memory: Option<u64>,
    /// Labels of this machine, which the tags of apps must match; may be repeated
    #[arg(long, env = "SLIPWAY_MACHINE_LABELS", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    pub machine_label: Vec<(String, String)>,
    /// Tags of an app that sets none, each of them one of the labels: KEY=VALUE with commas between them, or as JSON
    #[arg(long, env = "DEIS_DEFAULT_CONFIG_TAGS", value_name = "TAGS", value_parser = tags)]
    pub default_tags: Option<Tags>,
    /// Private addresses that log drains of apps may lead to, as 10.1.0.0/16; may be repeated [default: the Internet only]
    #[arg(long, env = "SLIPWAY_DRAIN_NETWORKS", value_name = "NET", value_delimiter = ',')]
    pub drain_network: Vec<IpNet>,
}

/// Keys and values, each key once.
pub type Tags = BTreeMap<String, String>;

impl Defaults {
    /// The same choices, as options and their values.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        let mut arguments = vec![
            ("--deploy-timeout", self.deploy_timeout.to_string()),
            ("--deploy-batches", self.deploy_batches.to_string()),
            ("--grace-period", self.grace_period.to_string()),
        ];
        arguments.extend(self.default_memory.map(|bytes| ("--default-memory", format!("{bytes}B"))));
        arguments.extend(self.machine_label.iter().map(|(key, value)| ("--machine-label", format!("{key}={value}"))));
        let tags = self.default_tags.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
        arguments.extend((!tags.is_empty()).then(|| ("--default-tags", tags.join(","))));
        arguments.extend(self.drain_network.iter().map(|network| ("--drain-network", network.to_string())));
        arguments
    }

    /// Fails where no app could run that sets no tags.
    pub fn check(&self) -> anyhow::Result<()> {
        for (key, value) in self.default_tags.iter().flatten() {
            let borne = self.machine_label.iter().any(|label| (&label.0, &label.1) == (key, value));
            ensure!(
                borne,
                "the default tag {key}={value} is no label of this machine, so that no app could run; give it one with \
                 --machine-label {key}={value}"
            );
        }
        Ok(())
    }

    /// The same choices, as the controller knows them; all others are as they are.
    pub fn settings(&self) -> Settings {
        Settings {
            machine_labels: self.machine_label.iter().cloned().collect::<BTreeMap<_, _>>(),
            default_tags: self.default_tags.clone().unwrap_or_default(),
            deploy_batches: self.deploy_batches,
            deploy_timeout: self.deploy_timeout,
            grace_period: self.grace_period,
            drain_networks: self.drain_network.clone(),
            ..Settings::default()
        }
    }
}

/// Bytes of an amount as users write limits.
pub fn memory(text: &str) -> Result<u64, String> {
    let bytes = quantity::memory_limit(text).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "an amount is a number and a unit: 512M, 1G".to_owned())
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is a key and a value: ssd=true".to_owned()),
    }
}

/// As typed, or as Deis had them: `{"disk": "ssd"}`.
fn tags(text: &str) -> Result<Tags, String> {
    let tags: Option<Tags> = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).ok()
    } else {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
    };
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    tags.filter(|tags| tags.iter().all(|(key, value)| plain(key) && plain(value)))
        .ok_or_else(|| "tags are keys and values: disk=ssd,rack=a or {\"disk\": \"ssd\", \"rack\": \"a\"}".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Defaults;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        defaults: Defaults,
    }

    fn parse<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Defaults, String> {
        let command = Command::try_parse_from(["slipway"].into_iter().chain(arguments));
        command.map(|command| command.defaults).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_typed_reaches_the_controller_unchanged() {
        let line = "--deploy-timeout 60 --deploy-batches 3 --grace-period 5 --default-memory 512M --machine-label \
                    ssd=true,rack=a=1 --default-tags ssd=true --drain-network 10.1.0.0/16,fd00::/8 --drain-network \
                    10.2.0.1/32";
        for line in ["", line] {
            let typed = parse(line.split_whitespace()).unwrap();
            let arguments = typed.arguments();
            let passed = parse(arguments.iter().flat_map(|(option, value)| [*option, value])).unwrap();
            assert_eq!(passed, typed);
        }
        let settings = parse(line.split_whitespace()).unwrap().settings();
        assert_eq!((settings.deploy_timeout, settings.deploy_batches, settings.grace_period), (60, 3, 5));
        assert_eq!(settings.machine_labels["rack"], "a=1");
        assert_eq!(settings.default_tags["ssd"], "true");
    }

    #[test]
    fn default_tags_are_labels_of_the_machine() {
        let labels = ["--machine-label", "disk=ssd,rack=a", "--default-tags"];
        let with = |tags| parse(labels.into_iter().chain([tags])).unwrap();
        for tags in ["disk=ssd, rack=a", r#"{"disk": "ssd", "rack": "a"}"#] {
            with(tags).check().unwrap();
            assert_eq!(with(tags).settings().default_tags.len(), 2);
        }
        with("").check().unwrap();
        insta::assert_snapshot!(with("disk=ssd,rack=b").check().unwrap_err(), @"the default tag rack=b is no label of this machine, so that no app could run; give it one with --machine-label rack=b");
    }

    #[test]
    fn unset_they_are_what_the_controller_has_by_itself() {
        let (ours, theirs) = (parse([]).unwrap().settings(), controller::state::Settings::default());
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let refused = |line: &str| parse(line.split(' ')).unwrap_err().lines().next().unwrap_or_default().to_owned();
        let lines = [
            "--default-memory 0",
            "--default-memory 1T",
            "--machine-label ssd",
            "--deploy-batches 0",
            "--default-tags ssd",
            "--drain-network 10",
        ];
        insta::assert_snapshot!(lines.map(refused).join("\n"), @r#"
        error: invalid value '0' for '--default-memory <AMOUNT>': an amount is a number and a unit: 512M, 1G
        error: invalid value '1T' for '--default-memory <AMOUNT>': an amount is a number and a unit: 512M, 1G
        error: invalid value 'ssd' for '--machine-label <KEY=VALUE>': a label is a key and a value: ssd=true
        error: invalid value '0' for '--deploy-batches <COUNT>': 0 is not in 1..=4294967295
        error: invalid value 'ssd' for '--default-tags <TAGS>': tags are keys and values: disk=ssd,rack=a or {"disk": "ssd", "rack": "a"}
        error: invalid value '10' for '--drain-network <NET>': invalid IP address syntax
        "#);
    }
}
