//! `cargo xtask packs`: the knowledge packs, how each is made, and making it anew.
//!
//! A pack is a folder `packs/<name>/` of plain text files with a manifest, `PACK.toml`. What a person
//! writes in it (what it is about, its sources where they are not pinned) stays; the digests, the
//! pinned sources and the day of a change are filled in here.
//!
//! What is generated comes from releases on PyPI that are pinned with their digests, by a script
//! beside this file or, for `python-effects`, by this program. The generator writes to a folder of
//! its own, which is then compared with the pack.
//!
//! ```text
//! cargo xtask packs                       list the packs
//! cargo xtask packs NAME [--wheels DIR]   generate a pack, and say what changed
//! cargo xtask packs NAME --check          generate it, and compare only
//! cargo xtask packs --check               compare digests, without the network
//! cargo xtask packs [NAME] --manifest     digests anew, after an edit by hand
//! ```
//!
//! `--stdlib LIB` is the `Lib` folder of the `CPython` that `python-effects` pins, where it is not
//! that of the Python on the path; it alone stands for that pack.
#![expect(clippy::disallowed_methods, reason = "this command reads sources and writes the pack")]
#![expect(clippy::print_stderr, reason = "this command talks to a person")]

mod body;
mod call;
mod compare;
mod effects;
mod fetch;
mod ir;
mod known;
mod manifest;
mod pins;
mod read;
mod recipe;
mod reviewed;
mod solve;
mod source;
mod write;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use self::recipe::{EFFECTS, Places, Recipe};
use crate::repo::Repo;
use crate::shell;

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    name: Option<String>,
    check: bool,
    manifest: bool,
    stdlib: Option<PathBuf>,
    wheels: Option<PathBuf>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || {
                args.next().map(PathBuf::from).with_context(|| format!("`{arg}` takes a folder"))
            };
            match arg.as_str() {
                "--check" => options.check = true,
                "--manifest" => options.manifest = true,
                "--stdlib" => options.stdlib = Some(value()?),
                "--wheels" => options.wheels = Some(value()?),
                other if other.starts_with('-') => bail!("no such option: `{other}`"),
                other if options.name.is_some() => bail!("one pack at a time: not also `{other}`"),
                other => options.name = Some(other.to_owned()),
            }
        }
        if options.check && options.manifest {
            bail!("`--manifest` writes what `--check` compares: give one of them");
        }
        if options.name.is_none() && options.stdlib.is_some() {
            options.name = Some(EFFECTS.to_owned());
        }
        Ok(options)
    }
}

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let repo = Repo::load()?;
    let name = options.name.as_deref();
    if let Some(name) = name.filter(|name| !manifest::names(&repo).contains(name)) {
        bail!("there is no pack `{name}`\nhint: `cargo xtask packs` lists them");
    }
    match name {
        _ if options.manifest => {
            check_layer(&repo)?;
            manifest::write(name, None)
        }
        Some(name) => renew(&repo, name, &options),
        None if options.check => pass(&problems(&repo, None)?),
        None => {
            print!("{}", recipe::list(&repo)?);
            Ok(())
        }
    }
}

/// Generates a pack and says what changed. With `--check`, nothing is written.
fn renew(repo: &Repo, name: &str, options: &Options) -> Result<()> {
    let recipe = Recipe::of(repo, name)?;
    if options.check && matches!(recipe, Recipe::Hand) {
        pass(&problems(repo, Some(name))?)?;
        println!("`{name}` is written by hand: its digests are right");
        return Ok(());
    }
    let wheels = options.wheels.clone().unwrap_or_else(|| shell::target_dir().join("packs/wheels"));
    let out = shell::target_dir().join("packs/new").join(name);
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    std::fs::create_dir_all(&out)?;
    let places = Places { stdlib: options.stdlib.as_deref(), wheels: &wheels };
    recipe.make(name, &places, &out)?;

    let folder = shell::root().join("packs").join(name);
    let generated = compare::files(&out)?;
    if generated.is_empty() {
        bail!("the generator of `{name}` wrote no file");
    }
    let before = compare::files(&folder)?;
    let changes = compare::changes(&before, &generated);
    for change in &changes {
        println!("{change}");
    }
    if let Some(kept) = compare::by_hand(&before, &generated) {
        println!("{kept}");
    }
    let changed = changes.iter().any(compare::Change::is_one);
    if options.check {
        if changed {
            bail!(
                "packs/{name} is not what is generated, which is in {}\n\
                 hint: `cargo xtask packs {name}` writes it",
                out.display()
            );
        }
        return pass(&problems(repo, Some(name))?);
    }
    for (file, text) in &generated {
        std::fs::write(folder.join(file), text)?;
    }
    manifest::write(Some(name), changed.then(today).as_deref())
}

/// The day of a change.
fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

fn pass(problems: &[String]) -> Result<()> {
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// What is wrong with the packs of the tree, or with one of them.
pub(crate) fn problems(repo: &Repo, name: Option<&str>) -> Result<Vec<String>> {
    check_layer(repo)?;
    let mut problems = Vec::new();
    for pack in manifest::names(repo) {
        if name.is_none_or(|name| name == pack) {
            problems.extend(manifest::problems(repo, pack));
        }
    }
    Ok(problems)
}

/// The hand-written layer of `python-effects` is read when the pack is generated.
fn check_layer(repo: &Repo) -> Result<()> {
    match repo.text("packs/python-effects/reviewed.txt") {
        Some(text) => reviewed::Layer::read(text).map(|_| ()),
        None => Ok(()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn a_name_that_no_pack_has_is_an_error() {
        for options in ["", " --check", " --manifest"] {
            let told = run(&words(&format!("onnx-opps{options}"))).unwrap_err().to_string();
            assert!(told.contains("no pack `onnx-opps`") && told.contains("hint"), "{told}");
        }
    }

    #[test]
    fn a_pack_by_hand_is_compared_by_its_digests_alone() {
        run(&words("keras --check")).unwrap();
        assert!(run(&words("keras")).is_err());
    }

    #[test]
    fn options_are_checked() -> Result<()> {
        for wrong in ["--nothing", "a b", "--stdlib", "--check --manifest"] {
            assert!(Options::parse(&words(wrong)).is_err(), "{wrong}");
        }
        let options = Options::parse(&words("--stdlib lib --wheels w"))?;
        assert_eq!(options.name.as_deref(), Some(EFFECTS));
        assert_eq!(options.wheels, Some(PathBuf::from("w")));
        assert_eq!(Options::parse(&[])?, Options::default());
        Ok(())
    }
}
