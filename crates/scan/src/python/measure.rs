#![allow(clippy::disallowed_methods)]
use super::*;
use crate::subject::EntryPoint;
use std::path::Path;

fn visit(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
    let mut all: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    for p in all {
        if p.is_dir() { visit(&p, out) } else if p.extension().is_some_and(|e| e == "py") { out.push(p) }
    }
}

#[test]
#[ignore]
fn measure() {
    let root = std::env::var("MEASURE").unwrap();
    let entry = std::env::var("ENTRY").is_ok();
    let root = Path::new(&root);
    let mut files = Vec::new();
    visit(root, &mut files);
    let filter = std::env::var("ONLY").unwrap_or_default();
    files.retain(|f| f.to_string_lossy().contains(&filter));
    let start = std::time::Instant::now();
    let modules: Vec<Module> = files.iter().map(|f| {
        let bytes = std::fs::read(f).unwrap();
        let rel = f.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let t = std::time::Instant::now();
        let m = read(&Place::file(rel.clone()), &source::decode(&bytes), FileRole::Source);
        if t.elapsed().as_secs() > 3 { println!("SLOW {rel} {:?} {}", t.elapsed(), bytes.len()); }
        m
    }).collect();
    let took = start.elapsed();
    let refs: Vec<&Module> = modules.iter().collect();
    let entries: Vec<EntryPoint> = files.iter().map(|f| EntryPoint { file: f.strip_prefix(root).unwrap().to_string_lossy().into_owned(), object: None, said: Place::file("config.json") }).collect();
    let er: Vec<&EntryPoint> = if entry { entries.iter().collect() } else { Vec::new() };
    let none = BTreeSet::new();
    let done = reach::conclude(&refs, &er, &none);
    let mut noisy = 0;
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for c in &done {
        if let Some(g) = c.gap() { println!("GAP {} {g}", c.module.place); noisy += 1; continue; }
        let loud: Vec<_> = c.acts.iter().filter(|a| a.level != reach::Level::AsideMild).collect();
        if !loud.is_empty() { noisy += 1; }
        for a in loud.iter().take(6) {
            println!("{:?} {}:{} {:?} {} `{}` {} [{}]", a.level, c.module.place, a.act.line, a.act.kind, a.act.path, a.act.shown, a.act.because.clone().unwrap_or_default(), a.way);
            *kinds.entry(format!("{:?} {:?}", a.level, a.act.kind)).or_default() += 1;
        }
    }
    println!("{} files, {noisy} noisy, took {took:?}", files.len());
    println!("{kinds:#?}");
}
