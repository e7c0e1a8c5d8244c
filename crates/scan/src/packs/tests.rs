use super::*;

/// The folder that an embedded pack was built from, with one of its files changed.
fn folder(pack: &Pack, change: impl Fn(&str, &str) -> Option<String>) -> Folder {
    let mut manifest = pack.manifest.clone();
    let mut files = BTreeMap::new();
    for (name, text) in &pack.files {
        let text = change(name, text).unwrap_or_else(|| (*text).to_owned());
        let mut hasher = Hasher::default();
        hasher.update(text.as_bytes());
        manifest.files.insert((*name).to_owned(), hasher.finish().sha256);
        files.insert((*name).to_owned(), text);
    }
    manifest.sha256 = whole(&manifest.files);
    Folder { name: manifest.name.clone(), manifest: written(&manifest), files }
}

fn written(manifest: &Manifest) -> String {
    let Manifest { name, about, date, generator, sha256, files, .. } = manifest;
    let lines: String = files.iter().map(|(n, d)| format!("{n:?} = {d:?}\n")).collect();
    format!(
        "name = {name:?}\nabout = {about:?}\ndate = {date:?}\ngenerator = {generator:?}\n\
         sha256 = {sha256:?}\n[files]\n{lines}"
    )
}

fn checked(folder: Folder, old: &Pack) -> Result<Pack, Error> {
    let name = Untrusted::new(folder.name.clone());
    check(folder, old, name)
}

#[test]
fn embedded_packs_fit_their_manifests() {
    for pack in embedded::packs() {
        let name = &pack.manifest.name;
        assert!(!pack.manifest.about.is_empty(), "{name}");
        let names: Vec<&str> = pack.files.iter().map(|(name, _)| *name).collect();
        let listed: Vec<&String> = pack.manifest.files.keys().collect();
        assert_eq!(names, listed, "`embedded.rs` lists what PACK.toml of `{name}` lists, in order");
        assert!(checked(folder(&pack, |_, _| None), &pack).is_ok(), "{name}");
        assert_eq!(pack.manifest.sha256, whole(&pack.manifest.files), "{name}");
    }
}

#[test]
fn a_changed_pack_has_another_digest_and_its_own_text() {
    let old = embedded::packs().remove(0);
    let (first, _) = old.files[0];
    let changed = folder(&old, |name, text| (name == first).then(|| format!("{text}\n# more\n")));
    let new = checked(changed, &old).unwrap();
    assert_ne!(new.manifest.sha256, old.manifest.sha256);
    assert!(!new.embedded && new.files[0].1.ends_with("# more\n"));
}

#[test]
fn a_folder_that_is_not_what_it_says_is_refused() {
    let old = embedded::packs().remove(0);
    let name = old.manifest.name.clone();
    let (first, _) = old.files[0];
    let fresh = || folder(&old, |_, _| None);
    let mut other_text = fresh();
    other_text.files.insert(first.to_owned(), "another".to_owned());
    let mut no_file = fresh();
    no_file.files.remove(first);
    let mut no_manifest = fresh();
    no_manifest.manifest = "name = 1".to_owned();
    let mut other_name = fresh();
    other_name.manifest =
        other_name.manifest.replacen(&format!("name = {name:?}"), "name = \"other\"", 1);
    let mut other_whole = fresh();
    other_whole.manifest = other_whole.manifest.replacen(&old.manifest.sha256, &"0".repeat(64), 1);
    let mut shorter = fresh();
    let kept: String = {
        let mut manifest = old.manifest.clone();
        manifest.files.remove(first);
        manifest.sha256 = whole(&manifest.files);
        written(&manifest)
    };
    shorter.manifest = kept;
    for (folder, told) in [
        (other_text, "has another digest"),
        (no_file, "there is no file"),
        (no_manifest, "does not read"),
        (other_name, "names itself `other`"),
        (other_whole, "`sha256` is not"),
        (shorter, "is not in it"),
    ] {
        let error = checked(folder, &old).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_pack_of_no_use_is_refused() {
    let old = embedded::packs().remove(0);
    let folder = Folder { name: "other".to_owned(), ..folder(&old, |_, _| None) };
    let error = install(vec![folder]).unwrap_err().to_string();
    assert_eq!(error, "no pack is named `other`");
}
