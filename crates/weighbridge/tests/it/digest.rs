//! `digest`, and what `weigh` shares with it.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::program::Place;

const CONFIG: &str = "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";

fn place() -> Place {
    let place = Place::new();
    place.write("m/config.json", "{}\n");
    place.write("m/sub/b.json", "[]\n");
    place.write("SUMS", &format!("{CONFIG}  config.json\n"));
    place
}

#[test]
fn tells_digests_and_what_none_covers() {
    let place = place();
    place.folder("m/empty");
    symlink("config.json", place.at("m/link")).unwrap();
    let ended = place.run(&["digest", "m"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for says in [
        "m (2 files, 6 bytes)",
        "dirHash",
        CONFIG,
        "link: a symbolic link to `config.json`",
        "m/empty: an empty folder".trim_start_matches("m/"),
        "permission bits",
    ] {
        assert!(ended.stdout.contains(says), "{says}: {ended:?}");
    }
    let only = place.run(&["digest", "m", "--only", "blake3", "--format", "json"]);
    let value: Value = serde_json::from_str(&only.stdout).unwrap();
    assert_eq!(value["schema"], "weighbridge.digest/1");
    assert_eq!(value["files"][0]["digests"].as_object().unwrap().len(), 1);
    assert_eq!(value["empty_folders"][0], "empty");
}

#[test]
fn a_second_name_of_a_file_is_bound_by_what_weigh_tells() {
    let place = place();
    let dir_hash = |place: &Place| {
        let weighed = place.run(&["weigh", "m", "--format", "json"]);
        let report: Value = serde_json::from_str(&weighed.stdout).unwrap();
        let told = report["artifact"]["digests"]["dirHash"].as_str().unwrap().to_owned();
        let digest = place.run(&["digest", "m", "--format", "dirhash"]);
        assert!(digest.stdout.contains(&told), "{told}: {digest:?}");
        told
    };
    let without = dir_hash(&place);
    fs::hard_link(place.at("m/config.json"), place.at("m/other.json")).unwrap();
    assert_ne!(without, dir_hash(&place));
}

#[test]
fn prints_what_other_programs_read() {
    let place = place();
    let sums = place.run(&["digest", "m", "--format", "sha256sums"]);
    assert!(sums.stdout.starts_with(&format!("{CONFIG}  config.json\n")), "{sums:?}");
    let hash = place.run(&["digest", "m", "--format", "dirhash"]);
    let oms = place.run(&["digest", "m", "--format", "oms"]);
    assert_eq!((hash.stdout.len(), oms.stdout.len()), (68, 68));
    fs::write(place.at("m/a\nb"), "").unwrap();
    let none = place.run(&["digest", "m", "--format", "dirhash"]);
    assert_eq!(none.stdout, "");
    assert!(none.stderr.contains("no dirHash: "), "{none:?}");
}

#[test]
fn each_end_has_its_code() {
    let place = place();
    let zero = "0".repeat(64);
    let whole = place.run(&["digest", "m", "--format", "dirhash"]).stdout;
    let whole = whole.split(' ').next().unwrap();
    place.write("BOTH", &place.run(&["digest", "m", "--format", "sha256sums"]).stdout);
    place.write("GONE", &format!("{CONFIG}  gone.json\n"));
    place.write("none.txt", "hello\n");
    place.write("hub.json", r#"[{"path":"config.json","type":"file","size":3,"oid":"x"}]"#);
    place.folder("nothing");
    for (args, code, says) in [
        (vec!["m", "--against", "BOTH"], 0, "2 agrees"),
        (vec!["m", "--expect", &format!("dirHash:{whole}")], 0, "1 agrees"),
        (vec!["m", "--against", "SUMS"], 2, "covered by none of these: sub/b.json"),
        (vec!["m", "--expect", &format!("oms:{zero}")], 1, "differs: the whole: oms"),
        (vec!["m", "--against", "GONE"], 1, "missing: gone.json"),
        (vec!["m", "--expect", &format!("sha256:{zero}")], 2, "a folder has no such digest"),
        (vec!["m/config.json", "--expect", &format!("sha256:{CONFIG}")], 0, "1 agrees"),
        (vec!["m", "--expect", &format!("config.json=sha256:{CONFIG}")], 2, "1 agrees"),
        (vec!["m", "--expect", &format!("config.json=sha256:{zero}")], 1, "differs: config.json"),
        (vec!["m", "--expect", &format!("gone.json=sha256:{CONFIG}")], 1, "missing: gone.json"),
        (vec!["nothing"], 2, "0 files"),
        (vec!["missing"], 3, "error: `missing` does not exist"),
        (vec!["m", "--expect", "abc"], 3, "write it as `sha256:<hex>`"),
        (vec!["m", "--against", "none.txt"], 3, "it holds no digest that is known"),
        (vec!["m", "--against", "no-such"], 3, "cannot read `no-such`"),
        (vec!["m", "--expect-hf", "SUMS"], 3, "`SUMS` cannot be read"),
        (vec!["m", "--only", "crc32"], 3, "the digests are sha256, blake3"),
    ] {
        let args: Vec<&str> = ["digest"].into_iter().chain(args).collect();
        let ended = place.run(&args);
        assert_eq!(ended.code, Some(code), "{args:?} {ended:?}");
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(all.contains(says), "{args:?} {ended:?}");
    }
}

#[test]
fn weighing_takes_what_digest_takes() {
    let place = place();
    for (digest, code) in [(CONFIG, 0), (&*"0".repeat(64), 1)] {
        place.write("SUMS", &format!("{digest}  config.json\n"));
        let ended = place.run(&["weigh", "m", "--against", "SUMS", "--no-digest"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(ended.stdout.contains("digest-mismatch"), code == 1);
    }
}

#[test]
fn names_are_printed_escaped() {
    let place = place();
    fs::write(place.at("m/a\u{1b}[2Jb"), "").unwrap();
    place.write("S\u{1b}UMS", &format!("{CONFIG}  con\u{1b}fig.json\n"));
    for format in ["text", "json"] {
        let against = ["digest", "m", "--against", "S\u{1b}UMS", "-v", "--format", format];
        let ended = place.run(&against);
        assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");
        assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
    }
}

#[test]
fn a_cache_is_used_told_and_ignored_where_it_is_damaged() {
    let place = place();
    place.folder("kept");
    // What was just written is not kept.
    let past = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    for name in ["m/config.json", "m/sub/b.json"] {
        fs::File::open(place.at(name)).unwrap().set_modified(past).unwrap();
    }
    std::thread::sleep(std::time::Duration::from_millis(3200));
    let digest = || place.run(&["digest", "m", "--digest-cache", "kept"]);
    assert!(!digest().stdout.contains("from the cache"));
    let again = digest();
    assert_eq!(again.stdout.matches("not read anew: from the cache").count(), 2, "{again:?}");
    place.write("kept/digests", "x");
    let damaged = digest();
    assert!(damaged.stderr.contains("the digest cache is ignored: it is damaged"), "{damaged:?}");
    assert_eq!(damaged.code, Some(0));
}
