//! Source code: Python, notebooks, scripts.

use formats::{json, zip};

use super::{Node, Role, Walker, extension};
use crate::python::{self, FileRole, notebook, shell, source};
use crate::rules;
use crate::subject::{Content, EntryPoint};

/// Extensions of source code that no judge reads.
const UNREAD: [&str; 16] = [
    "js", "mjs", "cjs", "lua", "rb", "pl", "r", "php", "tcl", "awk", "jl", "groovy", "kts", "xsh",
    "ahk", "au3",
];

/// Why a file of this name is not judged, where its name says that it is source code.
pub(crate) fn source_code(name: &str) -> Option<String> {
    let extension = extension(name).filter(|extension| UNREAD.contains(&extension.as_str()))?;
    Some(format!("it is source code (`.{extension}`), which is not judged"))
}

/// Whether Python imports files of that name.
pub(crate) fn is_python(name: &str) -> bool {
    extension(name).is_some_and(|extension| matches!(extension.as_str(), "py" | "pyw"))
}

impl Walker {
    /// Judges what the name says to be source code.
    pub(super) fn code(&mut self, node: &Node) {
        let extension = extension(&node.name).unwrap_or_default();
        if shell::is_script(&extension) || shell::is_of_windows(&extension) {
            self.shell(node);
        } else if matches!(extension.as_str(), "pth" | "pt") {
            self.site_path(node);
        } else if shell::holds_commands(node.place.file.raw()) && node.role == Role::File {
            self.commands(node);
        } else if let Some(because) = source_code(&node.name) {
            self.sink.not_data("source code");
            self.sink.could_not_look(&node.place, because);
        }
    }

    /// Reads Python source; what it means is told when all files were read.
    pub(super) fn python(&mut self, node: &Node) {
        self.sink.not_data("python");
        let Some(source) = source::read(&node.blob) else {
            self.sink.could_not_look(&node.place, "it is Python source of more than 8 MiB");
            return;
        };
        if node.blob.trouble().is_none() {
            self.python.push(python::read(&node.place, &source, FileRole::Source));
        }
    }

    /// A `.pth` file of site-packages: Python runs its lines that begin with `import`.
    fn site_path(&mut self, node: &Node) {
        let Some(mut source) = source::read(&node.blob) else { return };
        let runs = |line: &&str| line.starts_with("import ") || line.starts_with("import\t");
        let lines: Vec<&str> = source.text.lines().filter(runs).collect();
        if lines.is_empty() {
            return;
        }
        source.text = lines.join("\n");
        self.sink.not_data("python");
        self.python.push(python::read(&node.place, &source, FileRole::SitePath));
    }

    /// Text behind `#!` whose language is judged; tells whether it is.
    pub(super) fn judged_script(&mut self, node: &Node, line: &str) -> bool {
        let mut words = line.trim_start_matches("#!").split_whitespace();
        let mut program = words.next().unwrap_or_default();
        if program.ends_with("/env") {
            program = words.find(|word| !word.starts_with('-')).unwrap_or_default();
        }
        let program = program.rsplit('/').next().unwrap_or_default();
        let promised = extension(&node.name);
        let named = promised.as_deref().is_none_or(|name| matches!(name, "py" | "sh" | "bash"));
        if !named || !matches!(node.role, Role::File | Role::Member | Role::Script) {
            return false;
        }
        if program.starts_with("python") || program.starts_with("pypy") {
            if !is_python(&node.name) {
                self.python(node);
            }
        } else if matches!(program, "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "fish") {
            // One that its name makes a script is judged by its name.
            if promised.is_none() {
                self.shell(node);
            }
        } else {
            return false;
        }
        true
    }

    fn shell(&mut self, node: &Node) {
        self.sink.not_data("script");
        let Some(source) = source::read(&node.blob) else {
            self.sink.could_not_look(&node.place, "it is a script of more than 8 MiB");
            return;
        };
        let lines = shell::judge(&source.text);
        // A double click runs a script of Windows: it is told as a program as well.
        let program = extension(&node.name).is_some_and(|name| shell::is_of_windows(&name));
        if !program || !lines.is_empty() {
            rules::apply(&node.place, &Content::Shell(&lines), &mut self.sink);
        }
    }

    /// Text with command lines in it: only those that count are told.
    fn commands(&mut self, node: &Node) {
        let Some(source) = source::read(&node.blob) else { return };
        // A string of JSON is a command of its own, and ends where the next begins.
        let json = extension(&node.name).is_some_and(|name| name == "json");
        let text = if json { source.text.replace('"', ";") } else { source.text };
        let lines = shell::judge(&text);
        if !lines.is_empty() {
            rules::apply(&node.place, &Content::Shell(&lines), &mut self.sink);
        }
    }

    /// A notebook: its cells are Python that somebody runs by hand.
    pub(super) fn notebook(&mut self, node: &Node) {
        self.sink.not_data("notebook");
        let tree = json::read(&node.blob);
        if tree.omitted > 0 {
            let because = format!("{} of its values are more than is kept in memory", tree.omitted);
            self.sink.could_not_look(&node.place, because);
        }
        let Some(root) = tree.roots.iter().find(|root| notebook::is_notebook(root)) else {
            self.sink.could_not_look(&node.place, "it is no notebook that Jupyter writes");
            return;
        };
        let read = notebook::read(root);
        for (language, text) in &read.foreign {
            let lines = shell::judge(text);
            let place = node.place.member(format!("%%{language}"));
            if !lines.is_empty() {
                rules::apply(&place, &Content::Shell(&lines), &mut self.sink);
            }
        }
        if read.active > 0 {
            rules::apply(&node.place, &Content::ActiveOutput(read.active), &mut self.sink);
        }
        if read.source.text.len() as u64 > source::LONGEST {
            self.sink.could_not_look(&node.place, "it holds more than 8 MiB of Python");
            return;
        }
        self.python.push(python::read(&node.place, &read.source, FileRole::Notebook));
    }

    /// Code that loading an archive of a known layout runs.
    pub(super) fn archive_entry_points(&mut self, node: &Node, archive: &zip::Archive) {
        let names = || archive.members.iter().map(|member| member.name.raw());
        // torch.package: the modules are source text, and unpickling imports them.
        if let Some(said) = names().find(|name| name.ends_with(".data/extern_modules")) {
            let said = node.place.member(said);
            for name in names().filter(|name| is_python(name)) {
                let file = python::reach::key(&node.place.member(name));
                self.entry_points.push(EntryPoint { file, object: None, said: said.clone() });
            }
        }
    }

    /// Whether a node is judged as Python whatever its content looks like.
    pub(super) fn is_source(node: &Node) -> bool {
        matches!(node.role, Role::File | Role::Member | Role::Script) && is_python(&node.name)
    }
}
