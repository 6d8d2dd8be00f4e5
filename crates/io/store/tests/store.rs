//! The data directory through its door, on a real file system.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world should stop there")]
use palco_base::{ClipId, ShowId};
use palco_house::Report;
use palco_stage::{Canvas, Door, NewShow, Record};
use palco_store::{CLIP_MAX_BYTES, Store};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A directory of its own for one test, removed at the end.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Self(dir)
    }

    fn open(&self) -> Store {
        Store::open(&self.0, CLIP_MAX_BYTES).unwrap().keep_free(0)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn record(id: u64) -> Record {
    let new = NewShow {
        id: ShowId::new(id),
        seed: 1,
        slug: None,
        title: format!("Show {id}"),
        description: String::new(),
        starts_at: None,
        max_on_air: None,
        canvas: Canvas::Wide,
        door: Door::Open,
    };
    Record::new(new, |_| false).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn one_server_at_a_time() {
    let temp = Temp::new("lock");
    let first = temp.open();
    assert_eq!(Store::open(&temp.0, CLIP_MAX_BYTES).unwrap_err().code, "data_in_use");
    drop(first);
    temp.open();
}

#[test]
fn secrets_are_made_once_and_are_ours_alone() {
    let temp = Temp::new("secrets");
    let store = temp.open();
    let (token, keys) = (store.admin_token().unwrap(), store.grant_keys().unwrap());
    assert_eq!(token.reveal().len(), 64);
    assert_eq!(store.admin_token().unwrap(), token);
    assert_eq!(store.grant_keys().unwrap(), keys);
    assert_eq!(mode(&temp.0), 0o700);
    for name in ["admin.token", "grant.keys"] {
        assert_eq!(mode(&temp.0.join(name)), 0o600, "{name}");
    }
    let rotated = store.rotate_grant_keys().unwrap();
    assert_eq!(rotated.previous, Some(keys.current.clone()));
    assert_ne!(rotated.current.bytes, keys.current.bytes);
    assert_ne!(rotated.current.id, keys.current.id);
    assert_eq!(store.grant_keys().unwrap(), rotated);
    assert!(!format!("{rotated:?}").contains(&format!("{:?}", rotated.current.bytes)));
}

#[test]
fn broken_secrets_are_errors_and_stay_as_they_are() {
    let temp = Temp::new("broken-secrets");
    let store = temp.open();
    for (name, content) in [("admin.token", "\n"), ("grant.keys", "{\"version\":1}")] {
        fs::write(temp.0.join(name), content).unwrap();
    }
    assert_eq!(store.admin_token().unwrap_err().code, "store_failed");
    assert_eq!(store.grant_keys().unwrap_err().code, "store_failed");
    assert_eq!(fs::read_to_string(temp.0.join("admin.token")).unwrap(), "\n");
}

#[test]
fn shows_come_back_as_they_were() {
    let temp = Temp::new("shows");
    let store = temp.open();
    let (one, two) = (record(1), record(2));
    store.save(&one).unwrap();
    store.save(&two).unwrap();
    drop(store);
    let mut loaded = temp.open().load().unwrap();
    loaded.records.sort_by_key(|record| record.show.id);
    assert_eq!(loaded.records, [one.clone(), two]);
    assert!(loaded.set_aside.is_empty());
    assert_eq!(mode(&temp.0.join("shows").join(one.show.id.to_string()).join("show.json")), 0o600);
}

#[test]
fn a_broken_show_is_set_aside_and_the_others_load() {
    let temp = Temp::new("broken");
    let store = temp.open();
    store.save(&record(1)).unwrap();
    store.save(&record(2)).unwrap();
    let dir = temp.0.join("shows").join(ShowId::new(1).to_string());
    let whole = fs::read(dir.join("show.json")).unwrap();
    // Cut at any byte it must be set aside; here at some, twice each, to see that no name is reused.
    let cuts = [0, 1, whole.len() / 2, whole.len() - 3];
    for (count, cut) in (1..).zip(cuts) {
        fs::write(dir.join("show.json"), &whole[..cut]).unwrap();
        let loaded = store.load().unwrap();
        assert_eq!(loaded.records, [record(2)], "cut at {cut}");
        assert_eq!(loaded.set_aside.len(), 1);
        assert_eq!(fs::read(&loaded.set_aside[0]).unwrap(), &whole[..cut], "kept as it was");
        let aside = fs::read_dir(&dir).unwrap().flatten();
        let aside = aside.filter(|e| e.file_name().to_string_lossy().contains("set-aside")).count();
        assert_eq!(aside, count);
    }
}

#[test]
fn a_document_in_the_wrong_folder_is_not_that_show() {
    let temp = Temp::new("moved");
    let store = temp.open();
    store.save(&record(1)).unwrap();
    let shows = temp.0.join("shows");
    fs::rename(shows.join(ShowId::new(1).to_string()), shows.join(ShowId::new(9).to_string())).unwrap();
    assert_eq!(store.load().unwrap().set_aside.len(), 1);
}

#[test]
fn what_a_newer_palco_wrote_is_refused_and_untouched() {
    let temp = Temp::new("newer");
    let store = temp.open();
    store.save(&record(1)).unwrap();
    let path = temp.0.join("shows").join(ShowId::new(1).to_string()).join("show.json");
    let newer = r#"{"version":2,"record":{"something":"else"}}"#;
    fs::write(&path, newer).unwrap();
    assert_eq!(store.load().unwrap_err().code, "data_too_new");
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn an_overtaken_save_does_not_undo_a_newer_one() {
    let temp = Temp::new("overtaken");
    let store = temp.open();
    let old = record(1);
    let json = serde_json::to_string(&old).unwrap().replace("\"revision\":0", "\"revision\":7");
    let new: Record = serde_json::from_str(&json).unwrap();
    store.save(&new).unwrap();
    store.save(&old).unwrap();
    assert_eq!(store.load().unwrap().records, [new]);
}

#[test]
fn deleting_a_show_takes_all_of_it() {
    let temp = Temp::new("delete");
    let store = temp.open();
    store.save(&record(1)).unwrap();
    store.delete(ShowId::new(1)).unwrap();
    store.delete(ShowId::new(1)).unwrap();
    assert!(store.load().unwrap().records.is_empty());
    assert!(!temp.0.join("shows").join(ShowId::new(1).to_string()).exists());
}

#[tokio::test]
async fn a_clip_is_there_when_it_is_kept_and_not_before() {
    let temp = Temp::new("clip");
    let store = temp.open();
    let show = ShowId::new(1);
    let mut writer = store.new_clip(show, Some(6)).await.unwrap();
    writer.write(b"abc").await.unwrap();
    writer.write(b"def").await.unwrap();
    assert!(store.clip_files(show).unwrap().is_empty(), "not while it is being written");
    let mut clip = writer.finish().await.unwrap();
    assert_eq!(clip.size, 6);
    let mut text = String::new();
    clip.file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "abcdef", "the probe reads it from its beginning");
    let id = clip.keep().unwrap();
    assert_eq!(store.clip_files(show).unwrap(), [id]);
    text.clear();
    store.open_clip(show, id).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "abcdef");
    store.delete_clip(show, id).unwrap();
    store.delete_clip(show, id).unwrap();
    assert_eq!(store.open_clip(show, id).unwrap_err().code, "clip_file_missing");
}

#[tokio::test]
async fn an_upload_given_up_leaves_nothing() {
    let temp = Temp::new("given-up");
    let store = temp.open();
    let show = ShowId::new(1);
    let clips = temp.0.join("shows").join(show.to_string()).join("clips");
    let mut writer = store.new_clip(show, None).await.unwrap();
    writer.write(b"abc").await.unwrap();
    drop(writer);
    let refused = store.new_clip(show, None).await.unwrap().finish().await.unwrap();
    drop(refused);
    assert_eq!(fs::read_dir(&clips).unwrap().count(), 0);
    // And what a crash left is cleared at the next start.
    store.save(&record(1)).unwrap();
    fs::write(clips.join("00000000000000aa.part"), b"x").unwrap();
    store.load().unwrap();
    assert_eq!(fs::read_dir(&clips).unwrap().count(), 0);
}

#[tokio::test]
async fn too_large_and_disk_full_are_refused() {
    let temp = Temp::new("limits");
    let store = Store::open(&temp.0, 1 << 20).unwrap().keep_free(0);
    let show = ShowId::new(1);
    assert_eq!(store.new_clip(show, Some((1 << 20) + 1)).await.unwrap_err().code, "clip_too_large");
    let mut writer = store.new_clip(show, None).await.unwrap();
    writer.write(&vec![0; 1 << 20]).await.unwrap();
    assert_eq!(writer.write(&[0]).await.unwrap_err().code, "clip_too_large");
    drop((writer, store));
    let full = Store::open(&temp.0, CLIP_MAX_BYTES).unwrap().keep_free(u64::MAX);
    assert_eq!(full.new_clip(show, None).await.unwrap_err().code, "disk_full");
    assert_eq!(full.clip_files(show).unwrap(), Vec::<ClipId>::new());
}

#[test]
fn a_report_is_replaced_and_comes_back_and_a_broken_one_is_set_aside() {
    let temp = Temp::new("house");
    let store = temp.open();
    let record = record(5);
    let show = record.show.id;
    store.save(&record).unwrap();
    assert_eq!(store.house(show).unwrap(), None);
    for came in [1, 2] {
        store.keep_house(show, &Report { came, ..Report::default() }).unwrap();
    }
    assert_eq!(store.house(show).unwrap().unwrap().came, 2);
    let path = temp.0.join("shows").join(show.to_string()).join("house.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // What an older Palco did not write has its default.
    fs::write(&path, r#"{"version":1,"report":{"came":7}}"#).unwrap();
    assert_eq!(store.house(show).unwrap(), Some(Report { came: 7, ..Report::default() }));
    fs::write(&path, r#"{"version":2,"report":"of another kind"}"#).unwrap();
    assert_eq!(store.house(show).unwrap_err().code, "data_too_new");
    fs::write(&path, r#"{"version":1,"rep"#).unwrap();
    assert_eq!(store.house(show).unwrap(), None);
    assert!(!path.exists() && path.with_file_name("house.json.set-aside-1").exists());
}
