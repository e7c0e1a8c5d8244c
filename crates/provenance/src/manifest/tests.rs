#![allow(
    clippy::disallowed_methods,
    reason = "tests make their own folders and run what they compare with"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn manifest(folder: &Path) -> Manifest {
    Manifest::of(&artifact::tree::open(folder, 99).unwrap())
}

fn text(file: &File, algorithm: Algorithm) -> String {
    hex::encode(file.digests.get(algorithm).unwrap())
}

/// What a program prints, in a folder.
fn printed(folder: &Path, program: &str, args: &[&str]) -> String {
    let ended = Command::new(program).args(args).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{program}: {ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn the_folder_digest_is_that_of_go_and_binds_names() {
    let folder = folder(&[("b.bin", b"b"), ("sub/a.bin", b"a")]);
    // printf '%s  b.bin\n%s  sub/a.bin\n' $(printf b | sha256sum | cut -c-64) \
    //   $(printf a | sha256sum | cut -c-64) | sha256sum
    let hash = manifest(folder.path()).dir_hash().unwrap();
    assert_eq!(hash, "e5ad327bd8a15c1b85664327323670af73b53b819587add0f4ee0564a629266b");
    fs::rename(folder.path().join("b.bin"), folder.path().join("c.bin")).unwrap();
    assert_ne!(manifest(folder.path()).dir_hash().unwrap(), hash);
}

/// The two files of `TestHash1` in golang.org/x/mod, which has the digest computed as here.
#[test]
fn the_folder_digest_is_what_coreutils_make_of_it() {
    let folder = folder(&[("abc", b"data for abc"), ("xyz", b"data for xyz")]);
    let list = "sha256sum abc xyz | sha256sum | cut -c-64";
    let by_go = printed(folder.path(), "sh", &["-c", list]);
    assert_eq!(manifest(folder.path()).dir_hash().unwrap(), by_go.trim());
}

#[test]
fn the_root_of_model_signing_has_two_orders_and_binds_no_names() {
    let folder = folder(&[("a/b", b"1"), ("a-b/c", b"2"), ("a.txt", b"3")]);
    let first = manifest(folder.path());
    let raw = |name: &str| first.file(name).unwrap().sha256().unwrap();
    let root = |names: [&str; 3]| hex::encode(sha256(&names.map(raw).concat()).as_ref());
    assert_eq!(first.oms_root(Order::CodePoints).unwrap(), root(["a-b/c", "a.txt", "a/b"]));
    assert_eq!(first.oms_root(Order::Parts).unwrap(), root(["a/b", "a-b/c", "a.txt"]));
    fs::rename(folder.path().join("a.txt"), folder.path().join("a.exe")).unwrap();
    let second = manifest(folder.path());
    assert_eq!(second.oms_root(Order::Parts).unwrap(), first.oms_root(Order::Parts).unwrap());
    assert_ne!(second.dir_hash().unwrap(), first.dir_hash().unwrap());
}

/// Sizes on both sides of every boundary of the engine, by one processor and by several, alone and
/// side by side.
#[test]
fn digests_do_not_depend_on_who_computes_them() {
    let sizes = [0, 1, 1024, 65_536, 65_537, 131_071, 131_072, 131_073, 1 << 20, (1 << 20) + 1]
        .into_iter()
        .chain([3_145_728, 3_333_333]);
    let made: Vec<(String, Vec<u8>)> = sizes
        .map(|size| (format!("f{size}"), (0..size).map(|n: u32| (n * 31 % 251) as u8).collect()))
        .collect();
    let files: Vec<(&str, &[u8])> =
        made.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = folder(&files);
    let sums = |program: &str| {
        printed(folder.path(), "sh", &["-c", &format!("{program} *")])
            .lines()
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let sorted = {
        let mut names: Vec<_> = made.iter().collect();
        names.sort();
        names
    };
    let want: Vec<(Algorithm, Vec<String>)> = vec![
        (Algorithm::Sha256, sums("sha256sum")),
        (Algorithm::Sha512, sums("sha512sum")),
        (Algorithm::Sha1, sums("sha1sum")),
        (Algorithm::Md5, sums("md5sum")),
        (Algorithm::GitSha1, sums("git hash-object --no-filters")),
        (
            Algorithm::Blake3,
            sorted.iter().map(|(_, bytes)| blake3::hash(bytes).to_hex().to_string()).collect(),
        ),
    ];
    let all = Algorithm::ALL.to_vec();
    let sets = Algorithm::ALL
        .into_iter()
        .map(|one| vec![one])
        .chain([all, vec![Algorithm::Sha256, Algorithm::Blake3]]);
    for algorithms in sets {
        for jobs in [Some(1), Some(2), Some(40), None] {
            let tree = artifact::tree::open(folder.path(), 99).unwrap();
            let manifest = Manifest::with(
                &tree,
                &Options { algorithms: algorithms.clone(), jobs, ..Options::default() },
            );
            for (algorithm, digests) in &want {
                for (file, digest) in manifest.files.iter().zip(digests) {
                    let is = file.digests.get(*algorithm).map(hex::encode);
                    let asked = algorithms.contains(algorithm);
                    assert_eq!(is.as_ref(), asked.then_some(digest), "{file:?} {jobs:?}");
                }
            }
            // One at a time: the others are idle.
            let one = artifact::tree::open(&folder.path().join("f3333333"), 99).unwrap();
            let single = Manifest::with(
                &one,
                &Options { algorithms: algorithms.clone(), jobs, ..Options::default() },
            );
            let in_folder = manifest.file("f3333333").unwrap();
            assert_eq!(single.files[0].digests, in_folder.digests);
        }
    }
}

/// Lengths on both sides of the ends of pages and of what is looked at of the next one.
#[test]
fn bytes_that_another_processor_has_read_give_the_same_digests() {
    let bytes: Vec<u8> = (0..20_000u32).map(|n| (n * 31 % 251) as u8).collect();
    for len in [0, 1, 63, 64, 65, 4095, 4096, 4097, 4160, 4161, 8192, 12_345, 20_000] {
        let bytes = &bytes[..len];
        let mut near = Hasher::new(&Algorithm::ALL, len as u64);
        near.update(bytes);
        let mut afar = Hasher::new(&Algorithm::ALL, len as u64);
        afar.first.update_from_afar(bytes);
        afar.second.update_from_afar(bytes);
        assert_eq!(near.finish(), afar.finish(), "{len}");
    }
}

#[test]
fn what_no_digest_covers_is_told_and_leaves_the_whole_without_one() {
    let folder = folder(&[("a/x", b"1"), ("b", b"2")]);
    fs::create_dir_all(folder.path().join("none/at-all")).unwrap();
    symlink("b", folder.path().join("to-b")).unwrap();
    let seen = manifest(folder.path());
    assert_eq!(seen.empty_folders, ["none/at-all".into()]);
    assert_eq!(seen.uncovered.len(), 1);
    assert!(seen.dir_hash().is_ok(), "what the link leads to is digested");
    symlink("/etc/hostname", folder.path().join("out")).unwrap();
    let seen = manifest(folder.path());
    for error in [seen.dir_hash().unwrap_err(), seen.oms_root(Order::Parts).unwrap_err()] {
        assert!(error.to_string().contains("no digest covers `out`"), "{error}");
    }
}

#[test]
fn a_name_without_a_line_of_its_own_leaves_no_folder_digest() {
    for (name, says) in [
        (std::ffi::OsStr::new("a\nb"), "holds a line feed"),
        (std::os::unix::ffi::OsStrExt::from_bytes(b"a\xff"), "is no UTF-8"),
    ] {
        let folder = folder(&[("b", b"2")]);
        fs::write(folder.path().join(name), "1").unwrap();
        let error = manifest(folder.path()).dir_hash().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn hard_links_are_read_once_and_told_twice() {
    let folder = folder(&[("a", b"1")]);
    fs::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
    let seen = manifest(folder.path());
    assert_eq!(text(&seen.files[0], Algorithm::Sha256), text(&seen.files[1], Algorithm::Sha256));
}

/// Later than anything that a test writes.
fn later() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    i64::try_from(now).unwrap() + 1000
}

fn cached(folder: &Path, cache: &Cache, trust_cache: bool) -> Manifest {
    let tree = artifact::tree::open(folder, 99).unwrap();
    Manifest::with(&tree, &Options { cache: Some(cache), trust_cache, ..Options::default() })
}

#[test]
fn a_cache_saves_reading_and_only_where_it_is_trusted() {
    let folder = folder(&[("a", b"1"), ("b\nc", b"2")]);
    let kept = tempfile::tempdir().unwrap();
    let cache = Cache::open(kept.path(), later());
    let first = cached(folder.path(), &cache, true);
    assert!(first.files.iter().all(|file| !file.cached));
    cache.save().unwrap();
    let cache = Cache::open(kept.path(), later());
    assert_eq!(cache.ignored, None);
    let second = cached(folder.path(), &cache, true);
    assert!(second.files.iter().all(|file| file.cached));
    assert_eq!(second.oms_root(Order::Parts).unwrap(), first.oms_root(Order::Parts).unwrap());
    assert!(cached(folder.path(), &cache, false).files.iter().all(|file| !file.cached));
    fs::write(folder.path().join("a"), "3").unwrap();
    let third = cached(folder.path(), &cache, true);
    assert_eq!(third.files.iter().map(|file| file.cached).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_file_that_was_just_written_is_not_kept() {
    let folder = folder(&[("a", b"1")]);
    let kept = tempfile::tempdir().unwrap();
    let cache = Cache::open(kept.path(), later() - 1000);
    cached(folder.path(), &cache, true);
    cache.save().unwrap();
    assert_eq!(fs::read_dir(kept.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_cache_is_ignored_and_told() {
    let folder = folder(&[("a", b"1")]);
    let kept = tempfile::tempdir().unwrap();
    let cache = Cache::open(kept.path(), later());
    cached(folder.path(), &cache, true);
    cache.save().unwrap();
    let path = kept.path().join("digests");
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let cache = Cache::open(kept.path(), later());
        assert!(cache.ignored.is_some(), "{cut}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let cache = Cache::open(kept.path(), later());
        assert!(cache.ignored.is_some(), "{at}");
        assert!(!cached(folder.path(), &cache, true).files[0].cached);
    }
}

#[test]
fn two_that_save_at_once_leave_a_whole_cache() {
    let folders: Vec<TempDir> = (0..8).map(|_| folder(&[("a", b"1")])).collect();
    let kept = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for folder in &folders {
            scope.spawn(|| {
                for _ in 0..20 {
                    let cache = Cache::open(kept.path(), later());
                    assert_eq!(cache.ignored, None);
                    cached(folder.path(), &cache, false);
                    cache.save().unwrap();
                }
            });
        }
    });
    assert_eq!(Cache::open(kept.path(), later()).ignored, None);
    assert_eq!(fs::read_dir(kept.path()).unwrap().count(), 1, "nothing is left over");
}
