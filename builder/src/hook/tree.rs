//! The tree of the commit: what kind of source it is, and whether anything in it must not leave the quarantine.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use git2::{ObjectType, Odb, Oid, Repository, TreeEntry};

use super::Refused;

/// Most files and folders.
const ENTRIES: usize = 100_000;
/// Most bytes of all files together.
const BYTES: usize = 1 << 30;
/// Longest path.
const PATH: usize = 1024;
/// So many submodules are named.
const NAMED: usize = 3;
/// Mode of a file, but for who may execute it.
const REGULAR: i32 = 0o100_000;

/// What was found at the root, and what will be missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// A regular file `Dockerfile` is there.
    pub dockerfile: bool,
    /// A regular file `Procfile` is there.
    pub procfile: bool,
    submodules: Vec<String>,
}

impl Tree {
    /// Looks at everything in the tree of commit `sha`, but reads no file.
    pub fn examine(repository: &Repository, sha: &str) -> Result<Result<Self, Refused>> {
        let commit = repository.find_commit(Oid::from_str(sha)?).context("what was pushed is no commit")?;
        let odb = repository.odb()?;
        let mut walk = Walk { odb: &odb, sizes: BTreeMap::new(), entries: 0, bytes: 0, tree: Self::default() };
        let mut folders = vec![(String::new(), commit.tree_id())];
        while let Some((path, id)) = folders.pop() {
            let folder = repository.find_tree(id)?;
            for entry in &folder {
                match walk.visit(&path, &entry)? {
                    Ok(Some(below)) => folders.push(below),
                    Ok(None) => {}
                    Err(words) => return Ok(Err(Refused(words))),
                }
            }
        }
        Ok(Ok(walk.tree))
    }

    /// One line for the pusher about what will be missing.
    pub fn note(&self) -> Option<String> {
        let more = self.submodules.len().checked_sub(NAMED).filter(|more| *more > 0);
        let named = self.submodules.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
        let note = format!("Submodules are not fetched; these folders will be empty: {named}{more}");
        (!self.submodules.is_empty()).then_some(note)
    }
}

struct Walk<'a> {
    odb: &'a Odb<'a>,
    sizes: BTreeMap<Oid, usize>,
    entries: usize,
    bytes: usize,
    tree: Tree,
}

impl Walk<'_> {
    /// Answers a folder that is to be walked, too; or why the whole is refused.
    fn visit(&mut self, folder: &str, entry: &TreeEntry<'_>) -> Result<Result<Option<(String, Oid)>, String>> {
        self.entries += 1;
        if self.entries > ENTRIES {
            return Ok(Err(format!("The source has more than {ENTRIES} files and folders. Leave some out of git.")));
        }
        let Some(path) = path(folder, entry.name_bytes()) else {
            let shown = String::from_utf8_lossy(entry.name_bytes()).escape_default().to_string();
            return Ok(Err(format!("A file must not have this name: {folder}{shown}. Rename it and push again.")));
        };
        match entry.kind() {
            Some(ObjectType::Tree) => return Ok(Ok(Some((format!("{path}/"), entry.id())))),
            Some(ObjectType::Commit) => self.tree.submodules.push(path),
            _ => {
                self.bytes = self.bytes.saturating_add(self.size(entry.id())?);
                if self.bytes > BYTES {
                    return Ok(Err(
                        "The files of the source are larger than 1 GiB together. Leave some out of git.".to_owned()
                    ));
                }
                let regular = entry.filemode() & !0o777 == REGULAR;
                self.tree.dockerfile |= regular && path == "Dockerfile";
                self.tree.procfile |= regular && path == "Procfile";
            }
        }
        Ok(Ok(None))
    }

    /// A file may be in the tree many times.
    fn size(&mut self, id: Oid) -> Result<usize> {
        if let Some(size) = self.sizes.get(&id) {
            return Ok(*size);
        }
        let (size, _) = self.odb.read_header(id)?;
        self.sizes.insert(id, size);
        Ok(size)
    }
}

/// The path of what has that name in `folder`, unless nothing may have it.
fn path(folder: &str, name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let plain = name.to_ascii_lowercase();
    let plain = plain.trim_end_matches([' ', '.']);
    let hostile = plain.is_empty() || plain == ".git" || plain.starts_with("git~") || name.contains('/');
    if hostile || name.contains(char::is_control) || folder.len() + name.len() > PATH {
        return None;
    }
    Some(format!("{folder}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        let long = "a".repeat(PATH + 1);
        for name in ["", ".", "..", ".git", ".GIT", ".Git ", ".git.", "git~1", "GIT~2", "a/b", "a\nb", "\u{7f}", &long]
        {
            assert_eq!(path("", name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(path("", b"\xff"), None);
        for name in [".gitignore", ".github", "a b", "..a", "ä", "a\\b", ".gitmodules"] {
            assert_eq!(path("x/", name.as_bytes()), Some(format!("x/{name}")));
        }
    }

    #[test]
    fn a_bomb_is_not_walked() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let mut below = (repository.blob(b"boom").unwrap(), 0o100_644);
        for _ in 0..10 {
            let mut tree = repository.treebuilder(None).unwrap();
            for name in 0..10 {
                tree.insert(name.to_string(), below.0, below.1).unwrap();
            }
            below = (tree.write().unwrap(), 0o040_000);
        }
        let refused = Tree::examine(&repository, &commit(&repository, below.0)).unwrap().unwrap_err();
        insta::assert_snapshot!(refused.0, @"The source has more than 100000 files and folders. Leave some out of git.");
    }

    #[test]
    fn kinds_are_told_by_regular_files() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let blob = repository.blob(b"web: run").unwrap();
        let mut tree = repository.treebuilder(None).unwrap();
        tree.insert("Dockerfile", blob, 0o120_000).unwrap();
        tree.insert("Procfile", blob, 0o100_755).unwrap();
        tree.insert("vendored", Oid::from_str(&"1".repeat(40)).unwrap(), 0o160_000).unwrap();
        let sha = commit(&repository, tree.write().unwrap());
        let tree = Tree::examine(&repository, &sha).unwrap().unwrap();
        assert_eq!((tree.dockerfile, tree.procfile), (false, true));
        insta::assert_snapshot!(tree.note().unwrap(), @"Submodules are not fetched; these folders will be empty: vendored");
    }

    fn commit(repository: &Repository, tree: Oid) -> String {
        let (tree, who) = (repository.find_tree(tree).unwrap(), git2::Signature::now("a", "a@example.com").unwrap());
        repository.commit(None, &who, &who, "c", &tree, &[]).unwrap().to_string()
    }
}
