//! The buildpacks that come with the platform, inside the program: it needs no files beside it.

/// A buildpack's name and its three programs.
pub struct Embedded {
    /// Name of its folder.
    pub name: &'static str,
    /// `bin/detect`, `bin/compile`, `bin/release`.
    pub programs: [(&'static str, &'static str); 3],
}

macro_rules! embedded {
    ($name:literal) => {
        Embedded {
            name: $name,
            programs: [
                ("detect", include_str!(concat!("../../buildpacks/", $name, "/bin/detect"))),
                ("compile", include_str!(concat!("../../buildpacks/", $name, "/bin/compile"))),
                ("release", include_str!(concat!("../../buildpacks/", $name, "/bin/release"))),
            ],
        }
    };
}

/// In the order in which they are asked.
pub const FIRST: [Embedded; 3] = [embedded!("nodejs"), embedded!("python"), embedded!("static")];
/// Takes whatever has a Procfile, so that it is asked after all others, the operator's own included.
pub const LAST: [Embedded; 1] = [embedded!("procfile")];
