use super::*;
use crate::subject::EntryPoint;
use reach::Level;

/// What is concluded of files, the first of which a configuration names.
fn levels(files: &[(&str, &str)]) -> Vec<(Level, Kind, String)> {
    let modules: Vec<Module> = files
        .iter()
        .map(|(name, text)| {
            read(&Place::file(*name), &source::decode(text.as_bytes()), FileRole::Source)
        })
        .collect();
    let entry = EntryPoint {
        file: files[0].0.to_owned(),
        object: Some("Model".to_owned()),
        said: Place::file("config.json"),
    };
    let modules: Vec<&Module> = modules.iter().collect();
    let paths = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let beside = beside::Beside { paths, ..beside::Beside::default() };
    let mut all = Vec::new();
    for conclusion in reach::conclude(&modules, &[&entry], &beside) {
        if let Some(gap) = conclusion.gap() {
            panic!("{gap}");
        }
        all.extend(conclusion.acts.into_iter().map(|one| (one.level, one.act.kind, one.act.path)));
    }
    all
}

fn worst(text: &str) -> Option<Level> {
    levels(&[("modeling.py", text)]).into_iter().map(|(level, ..)| level).min()
}

/// One technique a block, separated by a line of `---`.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n---\n").map(str::trim).filter(|block| !block.is_empty())
}

#[test]
fn what_runs_programs_on_import_is_told() {
    let mut missed = Vec::new();
    for block in blocks(include_str!("tests/import-execution.txt")) {
        if worst(block) != Some(Level::ImportExecution) {
            missed.push(format!("{:?}: {block}", levels(&[("modeling.py", block)])));
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n\n"));
}

#[test]
fn what_hides_is_told_at_least_for_a_look() {
    let mut missed = Vec::new();
    for block in blocks(include_str!("tests/undecided.txt")) {
        if worst(block).is_none_or(|level| level > Level::Effect) {
            missed.push(block);
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n\n"));
}

#[test]
fn ordinary_code_stays_calm() {
    let mut noisy = Vec::new();
    for block in blocks(include_str!("tests/calm.txt")) {
        let told: Vec<_> = levels(&[("modeling.py", block)])
            .into_iter()
            .filter(|(level, ..)| *level != Level::AsideMild)
            .collect();
        if !told.is_empty() {
            noisy.push(format!("{told:?}: {block}"));
        }
    }
    assert!(noisy.is_empty(), "{} noisy:\n{}", noisy.len(), noisy.join("\n\n"));
}

#[test]
fn files_are_joined_by_their_imports() {
    let helper = "import os\ndef helper():\n    os.system('x')\ndef other():\n    eval(input())\n";
    let model =
        "from .helper import helper as h\nclass Model:\n    def forward(self):\n        h()\n";
    let told = levels(&[("modeling.py", model), ("helper.py", helper)]);
    assert!(
        told.contains(&(Level::UseExecution, Kind::Process, "os.system".to_owned())),
        "{told:?}"
    );
    assert!(!told.iter().any(|(level, kind, _)| *kind == Kind::Exec && *level != Level::AsideMild));
    let eager = "from . import helper\nhelper.helper()\nclass Model: pass\n";
    let told = levels(&[("modeling.py", eager), ("helper.py", helper)]);
    assert!(told.iter().any(|(level, ..)| *level == Level::ImportExecution), "{told:?}");
    let star = "from .helper import *\nhelper()\nclass Model: pass\n";
    let told = levels(&[("a/modeling.py", star), ("a/helper.py", helper)]);
    assert!(told.iter().any(|(level, ..)| *level == Level::ImportExecution), "{told:?}");
    let native = "from . import fast\nclass Model: pass\n";
    let told = levels(&[("modeling.py", native), ("fast.cpython-312-x86_64-linux-gnu.so", "")]);
    assert!(told.iter().any(|(level, ..)| *level == Level::ImportEffect), "{told:?}");
    let hands = "import os as o\nfrom os import system as s\n";
    for model in [
        "from .hands import s\ns('x')\nclass Model: pass\n",
        "from .hands import o\no.system('x')\nclass Model: pass\n",
        "from . import hands\nhands.o.system('x')\nclass Model: pass\n",
        "from . import hands as h\nh.s('x')\nclass Model: pass\n",
        "from .hands import *\ns('x')\nclass Model: pass\n",
        "import hands\nhands.s('x')\nclass Model: pass\n",
        "from importlib import import_module as i\ni('.hands', __package__).s('x')\nclass Model: pass\n",
    ] {
        let told = levels(&[("modeling.py", model), ("hands.py", hands)]);
        assert!(
            told.iter().any(|(level, ..)| *level == Level::ImportExecution),
            "{model} {told:?}"
        );
    }
    let base = "import os\nclass Base:\n    def __init_subclass__(cls):\n        os.system('x')\n";
    let derived = "from .base import Base\nclass Model(Base): pass\n";
    let told = levels(&[("modeling.py", derived), ("base.py", base)]);
    assert!(told.iter().any(|(level, ..)| *level == Level::ImportExecution), "{told:?}");
}

#[test]
fn nothing_imports_a_program() {
    let text = "import os\nos.system('x')\n";
    let module = read(&Place::file("run.py"), &source::decode(text.as_bytes()), FileRole::Source);
    let none = beside::Beside::default();
    let modules = [&module];
    let told = reach::conclude(&modules, &[], &none);
    assert_eq!(told[0].acts[0].level, Level::Aside);
    let text = "import os\nif __name__ == '__main__':\n    os.system('x')\n";
    let module = read(&Place::file("run.py"), &source::decode(text.as_bytes()), FileRole::Source);
    let modules = [&module];
    let told = reach::conclude(&modules, &[], &none);
    assert_eq!(told[0].acts[0].level, Level::AsideMild);
}

#[test]
fn hostile_text_neither_panics_nor_takes_long() {
    let deep = ["(".repeat(100_000), "x.".repeat(100_000), "not ".repeat(100_000)];
    let nested: String = (0..3000).map(|n| format!("{}if x:\n", " ".repeat(n))).collect();
    for text in deep.iter().chain([&nested]) {
        let module = read(&Place::file("x.py"), &source::decode(text.as_bytes()), FileRole::Source);
        assert!(module.gap.is_some());
    }
    let doubling: String =
        (0..200).map(|n| format!("a{} = [a{n}, a{n}, *a{n}]\n", n + 1)).collect();
    let text = format!("import os\na0 = [os.system]\n{doubling}a200[0]('x')\nclass Model: pass\n");
    assert!(
        levels(&[("modeling.py", &text)])
            .iter()
            .any(|(level, ..)| *level == Level::ImportExecution)
    );
    let chain: String = (0..300).map(|n| format!("def f{n}(x): return f{}(x)\n", n + 1)).collect();
    read(&Place::file("x.py"), &source::decode(chain.as_bytes()), FileRole::Source);
    // Texts that are run share the fuel of the file.
    let run: String = (0..6_000).map(|n| format!("exec('x{n} = 1')\n")).collect();
    let module = read(&Place::file("x.py"), &source::decode(run.as_bytes()), FileRole::Source);
    assert!(module.gap.is_some());
    for sample in [include_str!("tests/import-execution.txt"), include_str!("tests/calm.txt")] {
        for end in (0..sample.len()).step_by(97) {
            let cut = source::decode(&sample.as_bytes()[..end]);
            read(&Place::file("x.py"), &cut, FileRole::Source);
        }
    }
}

#[test]
fn source_is_decoded_as_python_does() {
    let odd = |bytes: &[u8]| source::decode(bytes).odd;
    assert!(odd(b"x = 1\n").is_empty());
    assert!(odd(b"\xef\xbb\xbfx = 1\n").is_empty());
    assert!(odd(b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = '\xe4'\n").is_empty());
    assert!(odd(b"# vim: set fileencoding=gbk :\nx = '\xc4\xe3'\n").is_empty());
    assert_eq!(odd(b"x = '\xe4'\n"), [source::Odd::NotUtf8]);
    assert_eq!(odd(b"x = 1\0\n"), [source::Odd::Nul]);
    for codec in ["utf-7", "rot13", "raw_unicode_escape", "hz", "iso2022_jp", "utf-16", "mystery"] {
        let text = format!("\n# coding: {codec}\nx = 1\n");
        assert_eq!(odd(text.as_bytes()), [source::Odd::Codec(codec.to_owned())]);
    }
    assert!(odd(b"x = 1\n\n# coding: rot13\n").is_empty());
}

#[test]
fn shells_are_judged_by_their_words() {
    for line in include_str!("tests/shell-hostile.txt").lines().filter(|line| !line.is_empty()) {
        assert!(shell::judge_line(line).is_some(), "{line}");
    }
    for line in include_str!("tests/shell-calm.txt").lines().filter(|line| !line.is_empty()) {
        assert_eq!(shell::judge_line(line), None, "{line}");
    }
}
