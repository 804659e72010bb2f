//! What the operator decides for all pushes. The same options belong to `slipway standalone`, where they are typed, and to
//! `slipway builder`, which it starts with them.

use builder::Limits;
use clap::{Args, builder::FalseyValueParser, value_parser};

use super::memory;

/// Options of both commands.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Pushes")]
pub struct PushLimits {
    /// What one push may send
    #[arg(long, env = "SLIPWAY_PUSH_SIZE", value_name = "AMOUNT", default_value = "512M", value_parser = memory)]
    pub push_size: u64,
    /// Objects of git (commits, folders, files) that one push may send
    #[arg(long, env = "SLIPWAY_PUSH_OBJECTS", value_name = "COUNT", default_value_t = Limits::default().push_objects)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub push_objects: u32,
    /// Offer the ECDSA host key beside the ed25519 one, for SSH clients from before 2014; auditors find fault with its curve
    #[arg(long, env = "SLIPWAY_ECDSA_HOST_KEY", value_parser = FalseyValueParser::new())]
    pub ecdsa_host_key: bool,
}

impl PushLimits {
    /// The same choices, as options of the builder.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments =
            vec![format!("--push-size={}B", self.push_size), format!("--push-objects={}", self.push_objects)];
        arguments.extend(self.ecdsa_host_key.then(|| "--ecdsa-host-key".to_owned()));
        arguments
    }

    /// The same choices, as the builder knows them; all others are as they are.
    pub fn limits(&self) -> Limits {
        Limits { push_bytes: self.push_size, push_objects: self.push_objects, ..Limits::default() }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        limits: PushLimits,
    }

    fn parse(arguments: &[&str]) -> PushLimits {
        Command::try_parse_from(["slipway"].iter().chain(arguments)).unwrap().limits
    }

    #[test]
    fn what_is_typed_for_all_reaches_the_builder() {
        assert_eq!(parse(&[]).limits(), Limits::default());
        let typed = parse(&["--push-size", "1G", "--push-objects", "7", "--ecdsa-host-key"]);
        let arguments = typed.arguments();
        insta::assert_snapshot!(arguments.join(" "), @"--push-size=1073741824B --push-objects=7 --ecdsa-host-key");
        assert_eq!(parse(&arguments.iter().map(String::as_str).collect::<Vec<_>>()), typed);
        assert_eq!(parse(&parse(&[]).arguments().iter().map(String::as_str).collect::<Vec<_>>()), parse(&[]));
    }
}
