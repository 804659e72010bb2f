//! What `bin/release` prints: a little YAML, of which two maps count.

use std::collections::BTreeMap;

use api::{
    names::ProcessType,
    procfile::{self, Types},
};

/// What a buildpack says about the app that it compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Default values of its environment.
    pub config: BTreeMap<String, String>,
    /// Default commands.
    pub types: Types,
}

impl Release {
    /// Reads it. What is not understood is passed over: a buildpack may print more than we know.
    pub fn parse(text: &str) -> Self {
        let mut release = Self::default();
        let mut section = "";
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
            let Some((key, value)) = line.split_once(':') else { continue };
            if !line.starts_with([' ', '\t']) {
                section = key.trim();
                continue;
            }
            let (key, value) = (procfile::scalar(key.trim()), procfile::scalar(value.trim()));
            release.take(section, key, value);
        }
        release
    }

    fn take(&mut self, section: &str, key: String, value: String) {
        match section {
            "config_vars" if is_variable(&key) => drop(self.config.insert(key, value)),
            "default_process_types" if ProcessType::parse(&key).is_ok() && !value.is_empty() => {
                drop(self.types.insert(key, value));
            }
            _ => {}
        }
    }

    /// This one, and after it `next`, whose types are the ones that count if it has any.
    pub fn then(mut self, next: Self) -> Self {
        self.config.extend(next.config);
        let types = if next.types.is_empty() { self.types } else { next.types };
        Self { config: self.config, types }
    }
}

/// A name that an image's environment may have.
fn is_variable(key: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !key.is_empty() && key.bytes().all(letter) && !key.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_buildpacks_print() {
        let text = "---\naddons:\n  - heroku-postgresql\nconfig_vars:\n  PATH: /app/bin:$PATH\n  'A B': x\ndefault_process_types:\n  web: \"node server.js\" # start\n  Rake: x\n  worker: run: it\n";
        let release = Release::parse(text);
        insta::assert_debug_snapshot!(release, @r#"
        Release {
            config: {
                "PATH": "/app/bin:$PATH",
            },
            types: {
                "web": "node server.js",
                "worker": "run: it",
            },
        }
        "#);
        assert_eq!(Release::parse("--- {}\nconfig_vars: {}\n"), Release::default());
    }

    #[test]
    fn of_several_the_last_that_has_types_counts() {
        let of =
            |text: &str| Release::parse(&format!("default_process_types:\n  {text}\nconfig_vars:\n  A: {text:?}\n"));
        let release = of("web: one").then(of("web: two")).then(Release::default());
        assert_eq!((release.types["web"].as_str(), release.config["A"].as_str()), ("two", "web: two"));
    }
}
