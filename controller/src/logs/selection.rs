//! Which lines of an app are wanted.

use api::names::ProcessType;
use chrono::{DateTime, Utc};

use super::Line;

/// All of it has to fit; nothing said is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of this process type.
    pub process_type: Option<ProcessType>,
    /// Of this instance: its name, or how that ends behind a hyphen.
    pub instance: Option<String>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
}

impl Selection {
    /// Whether the line is wanted.
    #[must_use]
    pub fn takes(&self, line: &Line) -> bool {
        self.process_type.as_ref().is_none_or(|wanted| *wanted == line.source.process_type)
            && self.instance.as_ref().is_none_or(|wanted| is_named(&line.source.instance, wanted))
            && self.takes_from(line.at)
    }

    /// Whether the controller's own lines are wanted: they are nobody's.
    #[must_use]
    pub fn takes_events(&self) -> bool {
        self.process_type.is_none() && self.instance.is_none()
    }

    /// Whether what happened then is wanted.
    #[must_use]
    pub fn takes_from(&self, at: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| at >= since)
    }
}

fn is_named(instance: &str, wanted: &str) -> bool {
    instance.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn instances_go_by_the_end_of_their_names() {
        let name = "blog-web-3f9a1c07-1vxqg";
        for (wanted, named) in
            [(name, true), ("web-3f9a1c07-1vxqg", true), ("1vxqg", true), ("vxqg", false), ("blog", false)]
        {
            assert_eq!(is_named(name, wanted), named, "{wanted}");
        }
    }
}
