#![allow(
    clippy::disallowed_methods,
    reason = "tests make their own folders and run what they compare with"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::hex;
use crate::manifest::{Manifest, Options, Order};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn table(root: &Path, mut sources: Vec<Source>, with_declared: bool) -> Table {
    let tree = artifact::tree::open(root, 999).unwrap();
    if with_declared {
        sources.extend(declared::sources(&tree));
    }
    let also = needed(&sources, &tree);
    let options = Options { algorithms: Vec::new(), also, ..Options::default() };
    Table::of(&Manifest::with(&tree, &options), sources)
}

/// The path, what was compared and the state of each row.
fn rows(table: &Table) -> Vec<String> {
    let path = |row: &Row| row.path.as_ref().map_or("-".to_owned(), |path| path.raw().to_owned());
    table
        .rows
        .iter()
        .map(|row| format!("{} {} {}", path(row), row.what, row.state.word()))
        .collect()
}

fn printed(folder: &Path, line: &str) -> String {
    let ended = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{line}: {ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// Names as nobody should give them.
const ODD: [&str; 7] =
    ["plain", "two  spaces", " leads", "back\\slash", "line\nfeed", "return\rx", "a) = b (c"];

#[test]
fn lists_of_coreutils_are_read_whatever_the_names() {
    let files: Vec<(&str, &str)> = ODD.iter().map(|name| (*name, *name)).collect();
    let folder = folder(&files);
    for (name, command) in [
        ("SHA256SUMS", "sha256sum *"),
        ("SHA256SUMS", "sha256sum --tag *"),
        ("SHA256SUMS", "sha256sum --binary *"),
        ("SHA512SUMS", "sha512sum *"),
        ("SHA512SUMS", "sha512sum --tag *"),
        ("sums", "sha1sum --tag *"),
        ("sums", "sha1sum *"),
        ("MD5SUMS", "md5sum *"),
        ("MD5SUMS", "md5sum --tag *"),
        ("SHA256SUMS", "sha256sum ./*"),
    ] {
        let list = printed(folder.path(), command);
        let table = table(folder.path(), vec![read(name, list.as_bytes()).unwrap()], false);
        assert_eq!(table.sources[0].faults, Vec::<String>::new(), "{command}");
        assert_eq!(table.rows.len(), ODD.len(), "{command}: {:?}", rows(&table));
        assert!(table.rows.iter().all(|row| row.state == State::Agrees), "{:?}", rows(&table));
        assert_eq!(table.uncovered, Vec::new());
    }
}

#[test]
fn our_own_lists_are_those_of_coreutils() {
    let files: Vec<(&str, &str)> = ODD.iter().map(|name| (*name, *name)).collect();
    let folder = folder(&files);
    let manifest = Manifest::of(&artifact::tree::open(folder.path(), 99).unwrap());
    let own: String = manifest
        .files
        .iter()
        .map(|file| sums_line(&hex::encode(&file.sha256().unwrap()), file.path.raw()))
        .collect();
    assert_eq!(own, printed(folder.path(), "LC_ALL=C; sha256sum *"));
    fs::write(folder.path().join("sums"), &own).unwrap();
    printed(folder.path(), "sha256sum --check --strict sums");
}

#[test]
fn a_list_tells_what_differs_what_is_missing_and_what_it_leaves_out() {
    let folder = folder(&[("a", "1"), ("b", "2"), ("sub/c", "3")]);
    symlink("a", folder.path().join("link")).unwrap();
    let list = printed(folder.path(), "sha256sum a b link; echo '# remark'; echo nonsense")
        + &format!("{}  gone\n{}  ../up\n", "0".repeat(64), "0".repeat(64));
    fs::write(folder.path().join("b"), "other").unwrap();
    let table = table(folder.path(), vec![read("SHA256SUMS", list.as_bytes()).unwrap()], false);
    assert_eq!(
        rows(&table),
        [
            "../up sha256 unchecked",
            "a sha256 agrees",
            "a sha256 agrees",
            "b sha256 differs",
            "gone sha256 missing"
        ]
    );
    assert_eq!(table.uncovered, ["sub/c".into()]);
    assert_eq!(table.sources[0].faults, ["line 5 is no digest and name"]);
    assert_eq!(table.contradictions().count(), 2);
}

#[test]
fn a_single_file_is_found_in_a_list_by_its_name() {
    let folder = folder(&[("model.bin", "x"), ("other", "y")]);
    let list = printed(folder.path(), "sha256sum other; sha256sum model.bin | sed 's, ,  d/,2'");
    let file = folder.path().join("model.bin");
    let source = read("SHA256SUMS", list.as_bytes()).unwrap();
    assert_eq!(rows(&table(&file, vec![source], false)), ["model.bin sha256 agrees"]);
    let list = printed(folder.path(), "sha256sum other");
    let source = read("SHA256SUMS", list.as_bytes()).unwrap();
    let nothing = table(&file, vec![source], false);
    assert_eq!(rows(&nothing), ["- - unchecked"]);
    assert_eq!(nothing.idle().count(), 1);
    let bare = printed(folder.path(), "sha256sum model.bin | cut -c-64");
    let source = read("model.bin.sha256", bare.as_bytes()).unwrap();
    assert_eq!(rows(&table(&file, vec![source], false)), ["model.bin sha256 agrees"]);
}

#[test]
fn expectations_hold_for_the_whole() {
    let folder = folder(&[("a/b", "1"), ("a-b/c", "2")]);
    let manifest = Manifest::of(&artifact::tree::open(folder.path(), 99).unwrap());
    let zero = "0".repeat(64);
    let base64 = {
        use base64::Engine as _;
        let raw = hex::decode(&manifest.dir_hash().unwrap()).unwrap();
        base64::engine::general_purpose::STANDARD.encode(raw)
    };
    for (text, word) in [
        (format!("dirHash:{}", manifest.dir_hash().unwrap()), "agrees"),
        (format!("h1:{base64}"), "agrees"),
        (format!("dirHash:{zero}"), "differs"),
        (format!("oms:{}", manifest.oms_root(Order::CodePoints).unwrap()), "agrees"),
        (format!("oms:{}", manifest.oms_root(Order::Parts).unwrap().to_uppercase()), "agrees"),
        (format!("oms:{zero}"), "differs"),
        (format!("sha256:{zero}"), "unchecked"),
    ] {
        let table = table(folder.path(), vec![expectation(&text).unwrap()], false);
        assert_eq!(table.rows[0].state.word(), word, "{text}");
    }
    let file = folder.path().join("a/b");
    for (scheme, command) in [
        ("sha256", "sha256sum a/b"),
        ("sha512", "sha512sum a/b"),
        ("sha1", "sha1sum a/b"),
        ("md5", "md5sum a/b"),
        ("git-sha1", "git hash-object --no-filters a/b"),
    ] {
        let digest = printed(folder.path(), command);
        let digest = digest.split_whitespace().next().unwrap();
        let same = expectation(&format!("{scheme}:{digest}")).unwrap();
        assert_eq!(rows(&table(&file, vec![same], false)), [format!("- {scheme} agrees")]);
        let named = expectation(&format!("./a/b={scheme}:{digest}")).unwrap();
        let told = rows(&table(folder.path(), vec![named], false));
        assert!(told.contains(&format!("a/b {scheme} agrees")), "{told:?}");
    }
    let outside = format!("../b=sha256:{zero}");
    let whole = format!("a/b=dirHash:{zero}");
    for wrong in [
        &*outside,
        &*whole,
        "a/b=abc",
        "abc",
        "sha256:abc",
        "crc32:00000000",
        "dirHash:00",
        "h1:AA==",
    ] {
        assert!(expectation(wrong).is_err(), "{wrong}");
    }
}

/// The form of `GET /api/models/{id}/tree/{revision}` and of `paths-info`.
#[test]
fn a_listing_of_the_hub_is_held_against_the_files() {
    let folder = folder(&[("config.json", "{}"), ("model.bin", "weights"), ("new.bin", "w")]);
    let run = |line: &str| printed(folder.path(), line).trim().to_owned();
    let git = run("git hash-object --no-filters config.json");
    let sha256 = run("sha256sum model.bin | cut -c-64");
    fs::write(folder.path().join("p"), hub::pointer_of(&sha256, 7)).unwrap();
    let pointer = run("git hash-object --no-filters p");
    fs::remove_file(folder.path().join("p")).unwrap();
    let listing = format!(
        r#"[{{"type":"directory","oid":"{git}","size":0,"path":"sub"}},
        {{"type":"file","oid":"{git}","size":2,"path":"config.json"}},
        {{"type":"file","oid":"{pointer}","size":7,"path":"model.bin","xetHash":"{sha256}",
          "lfs":{{"oid":"{sha256}","size":7,"pointerSize":128}}}},
        {{"type":"file","oid":"{git}","size":9,"path":"new.bin"}}]"#
    );
    let seen = table(folder.path(), vec![read("tree.json", listing.as_bytes()).unwrap()], false);
    let xet = format!("model.bin xetHash {sha256} unchecked");
    assert_eq!(
        rows(&seen),
        [
            "config.json git-sha1 agrees",
            "model.bin sha256 agrees",
            "model.bin git-sha1 of the pointer agrees",
            &xet,
            "new.bin length differs",
            "new.bin git-sha1 differs",
        ]
    );
    let weak: Vec<bool> = seen.rows.iter().map(|row| row.weak).collect();
    assert_eq!(weak, [true, false, true, false, true, true]);
    let page = format!(
        r#"{{"id":"a/b","sha":"{git}","siblings":[{{"rfilename":"config.json","blobId":"{git}",
        "size":2}},{{"rfilename":"model.bin","blobId":"{pointer}","size":7,
        "lfs":{{"sha256":"{sha256}","size":7,"pointerSize":128}}}},{{"rfilename":"new.bin"}}]}}"#
    );
    let seen = table(folder.path(), vec![read_hub("page.json", page.as_bytes()).unwrap()], false);
    assert_eq!(rows(&seen).last().unwrap(), "new.bin a name without a digest unchecked");
    assert_eq!(seen.uncovered, ["new.bin".into()]);
    assert_eq!(seen.sources[0].notes, [format!("commit {git}")]);
}

#[test]
fn a_header_of_the_hub_tells_of_one_file() {
    let folder = folder(&[("model.bin", "weights")]);
    let sha256 = printed(folder.path(), "sha256sum model.bin | cut -c-64");
    let header = format!(
        "HTTP/2 302 \r\ncontent-type: text/plain\r\nX-Repo-Commit: abc\r\nX-Linked-Size: 7\r\n\
         X-Linked-ETag: \"{}\"\r\nETag: \"other\"\r\n\r\n",
        sha256.trim()
    );
    let source = read("header.txt", header.as_bytes()).unwrap();
    let file = folder.path().join("model.bin");
    assert_eq!(rows(&table(&file, vec![source.clone()], false)), ["model.bin sha256 agrees"]);
    assert_eq!(rows(&table(folder.path(), vec![source], false)), ["- sha256 unchecked"]);
}

#[test]
fn layers_of_an_oci_manifest_are_files_or_tars() {
    let folder = folder(&[("model.bin", "weights"), ("README.md", "r"), ("code/a.py", "")]);
    let sha = |file: &str| printed(folder.path(), &format!("sha256sum {file} | cut -c-64"));
    let (model, readme) = (sha("model.bin"), sha("README.md"));
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "artifactType":"application/vnd.cncf.model.manifest.v1+json",
        "config":{{"mediaType":"application/vnd.cncf.model.config.v1+json","digest":"sha256:00"}},
        "layers":[
        {{"mediaType":"application/vnd.cncf.model.weight.v1.raw","digest":"sha256:{}","size":7,
          "annotations":{{"org.cncf.model.filepath":"model.bin"}}}},
        {{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:{}","size":1,
          "annotations":{{"org.opencontainers.image.title":"README.md"}}}},
        {{"mediaType":"application/vnd.cncf.model.code.v1.tar","digest":"sha256:{}","size":9,
          "annotations":{{"org.cncf.model.filepath":"code"}}}},
        {{"mediaType":"application/vnd.kitops.modelkit.code.v1.tar+gzip","digest":"sha256:{}"}}]}}"#,
        model.trim(),
        readme.trim(),
        "1".repeat(64),
        "2".repeat(64)
    );
    let seen = table(folder.path(), vec![read("m.json", manifest.as_bytes()).unwrap()], false);
    let agree: Vec<_> = seen.rows.iter().filter(|row| row.state == State::Agrees).collect();
    assert_eq!(agree.len(), 2, "{:?}", rows(&seen));
    assert_eq!(seen.rows.len(), 5);
    assert_eq!(seen.contradictions().count(), 0);
    assert_eq!(seen.uncovered, ["code/a.py".into()]);
}

/// What DVC 3.67.1 wrote of this folder.
const DVC_FOLDER: &str = "outs:\n- md5: c5077d4b374f507a2d0da15e0be08454.dir\n  size: 11\n  \
                          nfiles: 4\n  hash: md5\n  path: data\n";
const DVC_FILE: &str = "outs:\n- md5: 63f4f1e9b725370f459720575cd5f953\n  size: 7\n  hash: md5\n  \
                        path: model.bin\n";
const DVC_LOCK: &str = "schema: '2.0'\nstages:\n  train:\n    cmd: cp model.bin out.bin\n    deps:\n    \
    - path: model.bin\n      hash: md5\n      md5: 63f4f1e9b725370f459720575cd5f953\n      size: 7\n    \
    outs:\n    - path: out.bin\n      hash: md5\n      md5: 63f4f1e9b725370f459720575cd5f953\n      \
    size: 7\n";

fn dvc_folder() -> TempDir {
    folder(&[
        ("data/t.csv", "a,b\n1,2\n"),
        ("data/sub/ü \"q\".txt", "x"),
        ("data/sub-a/z", "y"),
        ("data/sub.txt", "z"),
        ("model.bin", "weights"),
    ])
}

#[test]
fn files_of_dvc_name_files_and_folders() {
    let folder = dvc_folder();
    for (name, text) in
        [("data.dvc", DVC_FOLDER), ("model.bin.dvc", DVC_FILE), ("dvc.lock", DVC_LOCK)]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let seen = table(folder.path(), Vec::new(), true);
    assert_eq!(
        rows(&seen),
        [
            "data md5 of a list agrees",
            "model.bin md5 agrees",
            "model.bin md5 agrees",
            "out.bin md5 unchecked"
        ]
    );
    assert_eq!(seen.uncovered, Vec::new(), "the .dvc files are what is held against");
    assert_eq!(seen.unproved.len(), 5);
    // Beside the folder that it speaks of.
    let mut source = read("data.dvc", DVC_FOLDER.as_bytes()).unwrap();
    source.beside("data");
    let inside = table(&folder.path().join("data"), vec![source.clone()], false);
    assert_eq!(rows(&inside), [". md5 of a list agrees"]);
    fs::write(folder.path().join("data/sub.txt"), "Z").unwrap();
    let inside = table(&folder.path().join("data"), vec![source], false);
    assert_eq!(rows(&inside), [". md5 of a list differs"]);
    // Before DVC 3.
    let old = DVC_FILE.replace("  hash: md5\n", "");
    let old = table(folder.path(), vec![read("m.dvc", old.as_bytes()).unwrap()], false);
    assert_eq!(rows(&old), ["model.bin md5 agrees"]);
    let old = DVC_FILE.replace("  hash: md5\n", "").replace("63f4", "0000");
    let old = table(folder.path(), vec![read("m.dvc", old.as_bytes()).unwrap()], false);
    assert_eq!(rows(&old), ["model.bin md5 unchecked"]);
}

#[test]
fn what_lies_inside_is_declared_and_proves_nothing() {
    let folder = folder(&[("a/model.bin", "weights"), ("a/b", "2"), ("lfs.bin", "")]);
    let sums = printed(&folder.path().join("a"), "sha256sum model.bin");
    fs::write(folder.path().join("a/SHA256SUMS"), sums).unwrap();
    let notes = folder.path().join(".cache/huggingface/download/a");
    fs::create_dir_all(&notes).unwrap();
    let git = printed(folder.path(), "git hash-object --no-filters a/b");
    fs::write(notes.join("b.metadata"), format!("{}\n{}\n1.5\n", "c".repeat(40), git.trim()))
        .unwrap();
    fs::write(notes.join("gone.metadata"), format!("{}\n{}\n1.5\n", "c".repeat(40), git.trim()))
        .unwrap();
    fs::write(folder.path().join("lfs.bin"), hub::pointer_of(&"0".repeat(64), 12)).unwrap();
    let seen = table(folder.path(), Vec::new(), true);
    assert_eq!(
        rows(&seen),
        [
            "a/b git-sha1 agrees",
            "a/gone git-sha1 unchecked",
            "a/model.bin sha256 agrees",
            "lfs.bin sha256 unchecked"
        ]
    );
    assert!(seen.sources.iter().all(|source| source.declared));
    assert_eq!(seen.unproved, ["a/b".into(), "a/model.bin".into()]);
    fs::write(folder.path().join("a/b"), "3").unwrap();
    let seen = table(folder.path(), Vec::new(), true);
    assert_eq!(seen.contradictions().count(), 1);
}

#[test]
fn blobs_of_a_hub_cache_are_known_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("models--a--b");
    let snapshot = repository.join("snapshots/1");
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(repository.join("blobs")).unwrap();
    for (name, content, digest) in [
        ("model.bin", "weights", "sha256sum x | cut -c-64"),
        ("config.json", "{}", "git hash-object --no-filters x"),
    ] {
        fs::write(folder.path().join("x"), content).unwrap();
        let blob = printed(folder.path(), digest);
        fs::write(repository.join("blobs").join(blob.trim()), content).unwrap();
        symlink(format!("../../blobs/{}", blob.trim()), snapshot.join(name)).unwrap();
    }
    let seen = table(&snapshot, Vec::new(), true);
    assert_eq!(rows(&seen), ["config.json git-sha1 agrees", "model.bin sha256 agrees"]);
}

#[test]
fn what_is_no_document_with_digests_is_refused() {
    for (name, text) in [
        ("x", ""),
        ("x", "hello\n"),
        ("x.json", "{}"),
        ("x.json", "{\"a\": 1, \"a\": 2}"),
        ("x.json", "[1, 2]"),
        ("x.dvc", "outs: 1\n"),
        ("x.dvc", "- - : {"),
        ("SHA256SUMS", "abc  file\n"),
    ] {
        assert!(read(name, text.as_bytes()).is_err(), "{name}: {text}");
    }
    assert!(read("x", b"\xff\xfe").is_err());
}

proptest! {
    #[test]
    fn documents_cut_anywhere_are_read_or_refused(cut in 0usize..600, at in 0usize..600, byte: u8) {
        let zero = "0".repeat(64);
        let sums = format!("{zero}  a\n\\{zero}  b\\\\n\nSHA256 (c) = {zero}\n");
        let listing = format!(r#"[{{"path":"a","oid":"{}","lfs":{{"oid":"{zero}","size":1}}}}]"#, "1".repeat(40));
        let oci = format!(r#"{{"schemaVersion":2,"layers":[{{"digest":"sha256:{zero}","mediaType":"a.raw"}}]}}"#);
        let pointer = hub::pointer_of(&zero, 5);
        let texts = [("s", sums.as_str()), ("l", &listing), ("o", &oci), ("p", &pointer),
            ("f.dvc", DVC_FOLDER), ("dvc.lock", DVC_LOCK)];
        for (name, text) in texts {
            let mut bytes = text.as_bytes().to_vec();
            bytes.truncate(cut);
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
            if let Ok(source) = read(name, &bytes) {
                let _ = render_text(&Table::of(&Manifest::default(), vec![source]), true);
            }
        }
    }
}
