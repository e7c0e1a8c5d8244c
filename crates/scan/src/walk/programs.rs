use artifact::Blob;
use formats::executable::{self, Executable};
use formats::identify::{self, Format};
use formats::{Region, media};

use super::payloads::SEARCHED;
use super::{Node, Role, Walker, extension};
use crate::rules;
use crate::subject::{Content, Disguise, Program};

/// Extensions of text that a shell, a desktop or an installer runs when it is opened.
const SCRIPTS: [(&str, &str); 31] = [
    ("bash", "shell script"),
    ("bat", "batch file of Windows"),
    ("cmd", "batch file of Windows"),
    ("command", "shell script that macOS opens"),
    ("cpl", "control panel item of Windows"),
    ("csh", "shell script"),
    ("desktop", "desktop entry"),
    ("fish", "shell script"),
    ("hta", "HTML application of Windows"),
    ("inf", "setup information of Windows"),
    ("jnlp", "launcher of a Java program"),
    ("jse", "script of Windows"),
    ("ksh", "shell script"),
    ("msc", "console of Windows"),
    ("ps1", "PowerShell script"),
    ("psd1", "PowerShell data"),
    ("psm1", "PowerShell module"),
    ("reg", "registry file of Windows"),
    ("scf", "shell command file of Windows"),
    ("scpt", "AppleScript"),
    ("applescript", "AppleScript"),
    ("scr", "screen saver of Windows"),
    ("service", "unit of systemd"),
    ("settingcontent-ms", "shortcut of Windows"),
    ("sh", "shell script"),
    ("url", "internet shortcut"),
    ("vbe", "script of Windows"),
    ("vbs", "script of Windows"),
    ("wsf", "script of Windows"),
    ("wsh", "script of Windows"),
    ("zsh", "shell script"),
];

impl Walker {
    /// A program for a processor or a virtual machine.
    pub(super) fn program(&mut self, node: &Node, format: Format, regions: &mut Vec<Region>) {
        let told = executable::read(&node.blob, format);
        regions.push(Region::new(0, told.end, "program"));
        self.judged(&node.blob, told.end);
        let machines = told.machines.join(", ");
        self.note(|part| {
            part.fact("kind", told.kind);
            part.fact("machine", machines.as_str());
            for entry in &told.entries {
                part.fact("entered by", entry.clone());
            }
        });
        let what = describe(format, &told, &machines);
        self.found_program(node, format, what, told.entries);
    }

    /// A package, an installer, a shortcut, an old Office document.
    pub(super) fn installer(&mut self, node: &Node, format: Format, regions: &mut Vec<Region>) {
        regions.push(Region::new(0, node.blob.len(), "recognised"));
        let what = match format {
            Format::Ar => "a Debian package or a static library",
            Format::Rpm => "an RPM package",
            Format::Xar => "a macOS installer package",
            Format::Dmg => "a macOS disk image",
            Format::Cab => "a Windows cabinet",
            Format::Lnk => "a Windows shortcut",
            _ => "an OLE compound file: a Windows installer, or a document that may have macros",
        };
        self.found_program(node, format, what.to_owned(), Vec::new());
    }

    /// Text behind `#!`. Python is read as Python elsewhere.
    pub(super) fn script(&mut self, node: &Node, regions: &mut Vec<Region>) {
        regions.push(Region::new(0, node.blob.len(), "script"));
        let head = node.blob.bytes_at(0, 256);
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_python = extension(&node.name).is_some_and(|extension| extension == "py");
        if is_python && matches!(node.role, Role::File | Role::Member | Role::Script) {
            return;
        }
        if self.judged_script(node, &String::from_utf8_lossy(line)) {
            return;
        }
        let line = vocabulary::Untrusted::from_bytes(line);
        let what = format!("a script (`{}`)", line.shortened(60));
        self.found_program(node, Format::Script, what, Vec::new());
    }

    /// Text that its name makes a script.
    pub(super) fn script_by_name(&mut self, node: &Node) {
        let Some(what) = script_by_name(&node.name) else { return };
        if !matches!(node.role, Role::File | Role::Member) || self.is_told(node) {
            return;
        }
        self.sink.not_data("script");
        let extension = extension(&node.name).unwrap_or_default();
        if crate::python::shell::is_script(&extension) {
            return; // judged as what it is
        }
        let program = Program::script(what);
        rules::apply(&node.place, &Content::Program(&program), &mut self.sink);
    }

    /// Whether a program was found at exactly this place.
    fn is_told(&self, node: &Node) -> bool {
        self.sink.findings.iter().any(|finding| {
            finding.rule().name == "executable-file" && *finding.place() == node.place
        })
    }

    fn found_program(
        &mut self,
        node: &Node,
        format: Format,
        what: String,
        entries: Vec<vocabulary::Untrusted>,
    ) {
        // A script is text, and text of any kind may begin like one.
        let formats: &[Format] = match format {
            Format::Script => &[Format::Script, Format::Text],
            _ => &[format],
        };
        let disguise = match node.role {
            Role::File | Role::Member | Role::Script => extension(&node.name)
                .filter(|extension| identify::contradiction(extension, formats).is_some())
                .map(|_| Disguise::Name),
            Role::Numbers | Role::Leftover | Role::Nested => Some(Disguise::Inside),
        };
        let program = Program { what, disguise, entries };
        rules::apply(&node.place, &Content::Program(&program), &mut self.sink);
    }

    /// A picture or a recording: no model loader loads one. What stands in it or behind it is looked
    /// for.
    pub(super) fn media(&mut self, node: &Node, format: Format, regions: &mut Vec<Region>) {
        regions.push(Region::new(0, node.blob.len(), "media"));
        let end = media::end(&node.blob, format);
        let behind = node.blob.len().saturating_sub(end);
        if behind > 0 {
            self.note(|part| part.fact("behind the end", format!("{behind} bytes")));
        }
        self.search(node, 1);
        if end > SEARCHED {
            self.search(node, end);
        }
    }

    /// Leaves out programs whose headers do not hold together, where any bytes may stand.
    pub(super) fn is_sound(blob: &Blob, format: Format) -> bool {
        match format {
            // By the path of an interpreter: other text may begin with the two marks.
            Format::Script => {
                matches!(blob.array_at(0), Some([b'#', b'!', b'/', _] | [b'#', b'!', b' ', b'/']))
            }
            Format::Elf
            | Format::Pe
            | Format::MachO
            | Format::JavaClass
            | Format::Wasm
            | Format::Dex => executable::read(blob, format).sound,
            _ => false,
        }
    }
}

/// What opens a text of this name.
pub(crate) fn script_by_name(name: &str) -> Option<&'static str> {
    let extension = extension(name)?;
    SCRIPTS.iter().find(|(held, _)| *held == extension).map(|(_, what)| *what)
}

/// A program in words.
fn describe(format: Format, told: &Executable, machines: &str) -> String {
    let name = match format {
        Format::Elf => "ELF",
        Format::Pe => "Windows",
        Format::MachO => "macOS",
        Format::Wasm => "WebAssembly",
        Format::JavaClass => "Java",
        Format::Dex => "Android",
        other => other.name(),
    };
    let sound = if told.sound { "" } else { ", with headers that do not hold together" };
    let machines = match machines {
        "" | "Java" | "WebAssembly" | "Dalvik" => String::new(),
        machines => format!(" for {machines}"),
    };
    let purpose = told.purpose().map(|purpose| format!(", {}", purpose.name())).unwrap_or_default();
    format!("{name} {}{machines}{purpose}{sound}", told.kind)
}
