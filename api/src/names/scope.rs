//! What a token may be used for, in the words of Heroku's scopes.

use std::fmt;

use super::InvalidName;

/// One scope of an API token. What each lets in is the controller's to say; here they only have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything that its user may do.
    Global,
    /// Who its user is.
    Identity,
    /// Look at apps, but not at their secrets.
    Read,
    /// Look at apps, secrets included.
    ReadProtected,
    /// Look at apps and change what makes no release.
    Write,
    /// Look at apps and change them: deploy, configure, run; secrets included.
    WriteProtected,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Global, Self::Identity, Self::Read, Self::ReadProtected, Self::Write, Self::WriteProtected];

    /// The only way to a `Scope`: exactly one of the names.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            InvalidName::new(format!("\"{text}\" is not a scope. There are {names}."))
        })
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Identity => "identity",
            Self::Read => "read",
            Self::ReadProtected => "read-protected",
            Self::Write => "write",
            Self::WriteProtected => "write-protected",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn names_are_exact() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()).unwrap(), scope);
        }
        for bad in ["", "Read", "read ", "read-", "read_protected", "all", "global,read"] {
            assert!(Scope::parse(bad).is_err(), "{bad:?}");
        }
    }
}
