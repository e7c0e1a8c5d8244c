//! Compiled Python modules.

use formats::Region;
use formats::marshal::Version;

use super::{Node, Walker};
use crate::judge::bytecode;
use crate::rules;
use crate::subject::Content;

impl Walker {
    /// A `.pyc`: a number for the version of Python, a header, and the module's code.
    pub(super) fn pyc(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let magic = node.blob.array_at(0).map_or(0, u16::from_le_bytes);
        let version = Version::of_magic(magic);
        let header = header_of(magic);
        regions.push(Region::new(0, node.blob.len(), "python bytecode"));
        let code = bytecode::judge(&node.blob.from(header), version);
        rules::apply(&node.place, &Content::Pyc(&code), &mut self.sink);
        if let Some(fault) = &code.fault {
            self.sink.could_not_look(&node.place, fault.clone());
        }
        self.note(|part| {
            part.fact("magic", magic.to_string());
            part.fact("python", code.versions.join(", "));
            part.fact("compiled from", code.filename.as_str());
            for module in &code.imports {
                part.program.push(format!("import {}", vocabulary::escape(module)));
            }
            part.program
                .extend(code.acts.iter().map(|act| format!("{}: {}", act.shown, act.because)));
            part.program.extend(code.unknown.iter().cloned());
        });
    }
}

/// Bytes before the code: the number and a time; since 3.3 the size of the source, since 3.7 flags.
fn header_of(magic: u16) -> u64 {
    match magic {
        3390..=3999 => 16,
        3220..=3389 => 12,
        _ => 8,
    }
}
