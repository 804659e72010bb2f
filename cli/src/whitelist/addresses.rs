//! The addresses on a command line.

use api::names::{ClientNetwork, InvalidName};

use crate::report::Failure;

// No documentation comment: clap would take it for the help of the verb that includes it.
#[derive(clap::Args)]
pub struct Addresses {
    /// IP addresses and networks, with commas or spaces between them
    #[arg(required = true, value_name = "ADDRESS", value_delimiter = ',')]
    addresses: Vec<String>,
}

impl Addresses {
    /// What they are.
    pub fn parse(&self) -> Result<Vec<ClientNetwork>, Failure> {
        let given = self.addresses.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let parsed = given.map(ClientNetwork::parse).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        if parsed.is_empty() {
            return Err(invalid(InvalidName("No address is given".to_owned())));
        }
        Ok(parsed)
    }
}

/// As the original client repeats them.
pub fn joined(addresses: &[ClientNetwork]) -> String {
    addresses.iter().map(ClientNetwork::as_str).collect::<Vec<_>>().join(",")
}

fn invalid(error: InvalidName) -> Failure {
    Failure::new(error.0).hint("It looks like 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32.")
}
