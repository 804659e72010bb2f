//! The user guide, done as it says.

use std::fs;

use anyhow::{Context, Result, ensure};
use tests::{
    git,
    sources::repository,
    standalone::{Ground, Standalone},
    transcript::Reader,
    user::User,
};

#[test]
fn what_the_guide_shows_is_what_happens() -> Result<()> {
    let platform = Standalone::start_on(Ground {
        stack: true,
        options: vec!["--registration-mode=enabled"],
        ..Ground::default()
    })?;
    let user = User::registered(&platform.url())?;
    git::introduce(&user)?;
    let said = User::new()?.register(&platform.url(), "bob")?;
    ensure!(said.code == 0, "{said}");
    let settings = "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n";
    fs::write(user.home().join(".gitconfig"), settings)?;
    let mut pages =
        fs::read_dir(repository().join("docs/guide"))?.map(|page| Ok(page?.path())).collect::<Result<Vec<_>>>()?;
    pages.sort();
    for page in pages {
        Reader::new(&platform, &user)?.follow(&page).with_context(|| page.display().to_string())?;
    }
    Ok(())
}
