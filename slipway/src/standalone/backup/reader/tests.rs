//! A backup that is not what was written is not taken for one.

use std::{collections::BTreeMap, fs};

use chrono::Utc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    super::{manifest::FORMAT, writer::Writer},
    *,
};

/// Writes a backup of two members.
fn written(path: &Path) {
    let mut writer = Writer::begin(path, CancellationToken::new()).unwrap();
    writer.put("database.dump", &[1; 700]).unwrap();
    writer.member("repositories/gone.bundle").unwrap().discard().unwrap();
    writer.put("logs.tar.gz", &[2; 512]).unwrap();
    let manifest = Manifest {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        installation: Uuid::nil(),
        made_at: Utc::now(),
        network_pool: None,
        arguments: Vec::new(),
        tables: BTreeMap::new(),
        images: Vec::new(),
        missing: Vec::new(),
        repositories: BTreeMap::new(),
        members: writer.members(),
    };
    writer.finish(&manifest).unwrap().keep().unwrap();
}

/// What reading it says, without the path.
fn verdict(path: &Path) -> String {
    let checked = Reader::open(path).and_then(|reader| reader.check());
    let said = checked.err().map_or("good".to_owned(), |error| format!("{error:#}"));
    said.replace(&path.display().to_string(), "backup.tar")
}

#[test]
fn what_was_written_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("backup.tar");
    written(&path);
    assert_eq!(verdict(&path), "good");
    let mut content = Vec::new();
    Reader::open(&path).unwrap().member("database.dump").unwrap().read_to_end(&mut content).unwrap();
    assert_eq!(content, [1; 700]);
}

#[test]
fn what_was_cut_off_or_changed_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("backup.tar");
    written(&path);
    let whole = fs::read(&path).unwrap();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = whole.clone();
        change(&mut content);
        fs::write(&path, content).unwrap();
        verdict(&path)
    };
    let manifest = String::from_utf8_lossy(&whole).find("\"format\"").unwrap();
    let verdicts = [
        with(&|content| content.truncate(0)),
        with(&|content| content.truncate(1000)),
        with(&|content| content.truncate(manifest + 20)),
        with(&|content| content[600] ^= 1),
        with(&|content| content[0] ^= 1),
        with(&|content| content[manifest + 2] ^= 1),
        with(&|content| *content = b"something else".repeat(100)),
    ];
    insta::assert_snapshot!(verdicts.join("\n"), @"
    backup.tar cannot be restored: it is cut off, or no backup: it has no manifest.json
    backup.tar cannot be restored: it is cut off, or no backup: it has no manifest.json
    backup.tar cannot be restored: it is cut off, or no backup: it has no manifest.json.sha256
    it was changed or is damaged: the checksum of database.dump is not what its manifest says
    backup.tar cannot be restored: it is cut off, or no backup: it has no manifest.json
    backup.tar cannot be restored: its manifest was changed or is cut off
    backup.tar cannot be restored: it is cut off, or no backup: it has no manifest.json
    ");
}

/// Every bit of what is read counts: what fills blocks up is not read.
#[test]
fn no_change_goes_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("backup.tar");
    written(&path);
    let whole = fs::read(&path).unwrap();
    let reader = Reader::open(&path).unwrap();
    let read: Vec<_> = reader.places.values().flat_map(|(start, length)| *start..start + length).collect();
    for at in read.into_iter().step_by(7) {
        let mut content = whole.clone();
        content[usize::try_from(at).unwrap()] ^= 0x10;
        fs::write(&path, content).unwrap();
        assert_ne!(verdict(&path), "good", "byte {at}");
    }
}
