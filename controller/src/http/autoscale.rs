//! Rules of scaling among the settings of an app (reference 2.4).

use api::{names::ProcessType, types::AutoscaleRule};
use serde_json::Value;

use crate::{db::settings::Autoscale, error::Error, operation::formation::MAX_INSTANCES};

/// Gives a type the rule, or none for null. Says what is different.
pub(super) fn change(rules: &mut Autoscale, name: &str, wanted: Option<&Value>) -> Result<Option<String>, Error> {
    let process_type = ProcessType::parse(name).map_err(|invalid| Error::field("autoscale", invalid.to_string()))?;
    let Some(wanted) = wanted else {
        let unknown = || Error::Unprocessable(format!("{name} does not exist under autoscale"));
        rules.remove(&process_type).ok_or_else(unknown)?;
        return Ok(Some(format!("deleted autoscale for process type {name}")));
    };
    let rule = rule(wanted)?;
    Ok(match rules.insert(process_type, rule) {
        None => Some(format!("added autoscale for process type {name}")),
        Some(before) => (before != rule).then(|| format!("changed autoscale for process type {name}")),
    })
}

fn rule(value: &Value) -> Result<AutoscaleRule, Error> {
    let wrong = |why: String| Error::field("autoscale", format!("could not validate {value}: {why}"));
    let fields = value.as_object().ok_or_else(|| wrong("it is not of type 'object'".to_owned()))?;
    if let Some(stranger) = fields.keys().find(|key| !["min", "max", "cpu_percent"].contains(&key.as_str())) {
        return Err(wrong(format!("'{stranger}' is not known; a rule has min, max and cpu_percent")));
    }
    let number = |name: &str| {
        let value = fields.get(name).ok_or_else(|| wrong(format!("'{name}' is a required property")))?;
        let number = value.as_i64().ok_or_else(|| wrong(format!("{value} is not of type 'integer'")))?;
        // What is negative is too small, and told so below.
        u32::try_from(number.max(0)).map_err(|_| wrong(format!("{value} is too large")))
    };
    let rule = AutoscaleRule { min: number("min")?, max: number("max")?, cpu_percent: number("cpu_percent")? };
    let refused = if rule.min < 1 {
        "min replicas needs to be 1 or higher"
    } else if rule.max > MAX_INSTANCES {
        return Err(Error::BadRequest(format!("max replicas can not be larger than {MAX_INSTANCES}")));
    } else if rule.max < rule.min {
        "max replicas can not be smaller than min replicas"
    } else if rule.cpu_percent < 1 {
        "cpu percent needs to be 1 or higher"
    } else {
        return Ok(rule);
    };
    Err(Error::BadRequest(refused.to_owned()))
}
