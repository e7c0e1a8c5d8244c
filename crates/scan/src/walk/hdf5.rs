//! HDF5: the rules, and everything in it that is something on its own.

use artifact::Blob;
use formats::Region;
use formats::hdf5::{self, Class, Datatype, Hdf5, Kind, OddityKind, Target, Where};
use formats::identify::Format;
use vocabulary::Span;

use super::{Node, Role, Walker, identify, is_zero};
use crate::rules;
use crate::subject::Content;

/// Bytes of one data set that are looked through for what stands in its elements.
const ELEMENTS: u64 = 64 << 20;
/// Bytes at the beginning of numbers that tell whether they are something else.
const HEAD: u64 = 64 << 10;
/// Ranges of free space that are looked at.
const RANGES: usize = 10_000;
/// Bytes of an attribute's text that `inspect` shows.
const SHOWN: usize = 1000;

impl Walker {
    pub(super) fn hdf5(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let file = hdf5::read(&node.blob);
        regions.extend(file.regions.iter().copied());
        rules::apply(&node.place, &Content::Hdf5(&file), &mut self.sink);
        self.note(|part| write_down(part, &file));
        for odd in file.oddities.iter().filter(|odd| hides(odd.kind)) {
            let because = format!("a part of the file cannot be read: {}", odd.detail);
            self.sink.could_not_look(&node.place.at(odd.at), because);
        }
        if let Some(limit) = file.limit {
            self.sink.could_not_look(&node.place, limit.to_string());
        }
        if node.role == Role::File {
            self.tensors = Some(file.tensors().map(|t| t.name.raw().to_owned()).collect());
        }
        let elsewhere = !file.external_storage.is_empty()
            || !file.virtual_sources.is_empty()
            || file
                .links
                .iter()
                .any(|link| matches!(link.target, Target::External { .. } | Target::User { .. }));
        if elsewhere || file.limit.is_some() {
            self.sink.not_data("hdf5");
        }
        for object in &file.objects {
            if let Err(limit) = self.budget.check_time() {
                self.sink.exhausted(&node.place, limit);
                break;
            }
            for attribute in &object.attributes {
                let name = format!("{}@{}", object.path.raw(), attribute.name.raw());
                let pieces = file.pieces(&attribute.value);
                self.keras_attribute(node, &name, attribute.name.raw(), &pieces);
                self.pieces(node, &name, pieces, None);
            }
            if object.kind != Kind::Datatype {
                self.elements(node, &file, object);
            }
        }
        user_block(node, &file, regions);
        empty_lines(node, &file, regions);
        self.free_space(node, &file, regions);
    }

    /// Looks into the elements of a data set: at what holds bytes or text, all of it; at numbers,
    /// what they begin with.
    fn elements(&mut self, node: &Node, file: &Hdf5, object: &hdf5::Object) {
        let Some(datatype) = &object.datatype else { return };
        if let Some(fill) = &object.fill {
            self.pieces(
                node,
                &format!("{} (fill value)", object.path.raw()),
                file.pieces(fill),
                None,
            );
        }
        if matches!(object.place, Where::Nowhere | Where::External | Where::Virtual) {
            return;
        }
        let name = object.path.raw();
        let dimensions = object.shape.iter().flatten().filter(|extent| **extent > 1).count();
        if datatype.has_pieces() || (datatype.is_byte() && dimensions <= 1) {
            let Some((value, data)) = file.value(object, ELEMENTS, &self.budget) else { return };
            // Text of a fixed length in the columns of a table is nothing that a loader loads.
            let trouble = data.trouble.filter(|_| may_be_loaded(datatype));
            self.pieces(node, name, file.pieces(&value), trouble);
            return;
        }
        let begins = match object.place {
            Where::Inside(span) => node.blob.slice(span.start, span.len()),
            _ => file.data(object, HEAD, &self.budget).bytes,
        };
        let child = Self::child(node, name, begins, Role::Numbers);
        if is_something(&child) {
            self.look(&child);
        }
    }

    /// Looks at the pieces of one value that are something.
    fn pieces(
        &mut self,
        node: &Node,
        name: &str,
        pieces: Vec<Option<Blob>>,
        trouble: Option<String>,
    ) {
        let several = pieces.len() > 1;
        let mut missing = false;
        for (index, piece) in pieces.into_iter().enumerate() {
            let Some(piece) = piece else {
                missing = true;
                continue;
            };
            if let Err(limit) = self.budget.check_time() {
                self.sink.exhausted(&node.place, limit);
                return;
            }
            let name = if several { format!("{name}[{index}]") } else { name.to_owned() };
            let child = Self::child(node, &name, piece, Role::Leftover);
            if is_something(&child) {
                self.look(&child);
            }
        }
        let missing = missing.then(|| "some of its elements cannot be found".to_owned());
        if let Some(because) = trouble.or(missing) {
            self.sink.could_not_look(&node.place.member(name), because);
        }
    }

    /// Free space holds what stood there before, so it may be anything; only what it begins with
    /// is told, and no stream, because that is what chunks are.
    fn free_space(&mut self, node: &Node, file: &Hdf5, regions: &mut Vec<Region>) {
        let mut looked = 0usize;
        for span in &file.free {
            regions.push(Region::new(span.start, span.end, "free space"));
            let part = node.blob.slice(span.start, span.len());
            if is_zero(&part) {
                continue;
            }
            looked = looked.saturating_add(1);
            if looked > RANGES {
                let because = "more ranges of free space than are looked into";
                self.sink.could_not_look(&node.place, because);
                return;
            }
            self.range(node, *span, part);
        }
    }

    fn range(&mut self, node: &Node, span: Span, part: Blob) {
        let name = format!("bytes {}..{}", span.start, span.end);
        let child = Self::child(node, &name, part, Role::Leftover);
        let found = Self::relevant(&child, identify(&child.blob));
        if found.iter().any(|format| !matches!(format, Format::Zlib | Format::Lzma)) {
            self.look(&child);
        }
    }
}

/// Whether the bytes are anything but data or text.
fn is_something(child: &Node) -> bool {
    child.blob.len() > 1 && !Walker::relevant(child, identify(&child.blob)).is_empty()
}

/// Whether bytes of an element may be handed to a loader: those whose length the element itself
/// tells, and bytes that are the whole of a data set.
fn may_be_loaded(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Compound(members) => members.iter().any(|m| may_be_loaded(&m.datatype)),
        Class::Array { base, .. } => may_be_loaded(base),
        Class::Sequence(_) | Class::VariableText { .. } | Class::Opaque { .. } => true,
        _ => datatype.is_byte(),
    }
}

/// Editors and version control leave empty lines behind the end of a file.
fn empty_lines(node: &Node, file: &Hdf5, regions: &mut Vec<Region>) {
    const MOST: u64 = 16;
    let Some(end) = file.superblock.as_ref().map(|superblock| superblock.end) else { return };
    let tail = node.blob.from(end);
    if tail.len() <= MOST && tail.bytes_at(0, 16).iter().all(u8::is_ascii_whitespace) {
        regions.push(Region::new(end, node.blob.len(), "empty lines"));
    }
}

/// What stands before the superblock is no business of the format. Text is what programs
/// put there, and the header of MATLAB.
fn user_block(node: &Node, file: &Hdf5, regions: &mut Vec<Region>) {
    let Some(at) = file.superblock.as_ref().map(|superblock| superblock.at) else { return };
    let block = node.blob.slice(0, at);
    let bytes = block.bytes_at(0, 64 << 10);
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last.saturating_add(1));
    let text = bytes.get(..end).and_then(|text| std::str::from_utf8(text).ok());
    let is_text = text.is_some_and(|text| {
        text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
    });
    let is_known = bytes.starts_with(b"MATLAB 7.") && at == 512;
    if is_known || (is_text && at <= bytes.len() as u64) {
        regions.push(Region::new(0, at, "user block"));
    }
}

/// Whether something may stand where the reader could not go.
fn hides(kind: OddityKind) -> bool {
    matches!(
        kind,
        OddityKind::CacheImage
            | OddityKind::CannotDecode
            | OddityKind::TooDeep
            | OddityKind::TooLarge
            | OddityKind::UnknownVersion
    )
}

fn write_down(part: &mut crate::inspect::Part, file: &Hdf5) {
    if let Some(superblock) = &file.superblock {
        let at = superblock.at;
        part.fact("superblock", format!("version {} at {at}", superblock.version));
    }
    for object in &file.objects {
        for attribute in &object.attributes {
            let name = format!("{}@{}", object.path.raw(), attribute.name.raw());
            let mut few = attribute.value.clone();
            let elements =
                few.shape.iter().flatten().fold(1u64, |n, extent| n.saturating_mul(*extent));
            few.shape = few.shape.map(|_| vec![elements.min(4)]);
            let texts = file.texts(&few, SHOWN);
            let told = if texts.is_empty() {
                attribute.value.datatype.name()
            } else {
                let texts: Vec<String> =
                    texts.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect();
                texts.join(", ")
            };
            part.fact(name, told);
        }
        if object.kind == Kind::Dataset {
            let shape = object.shape.clone().unwrap_or_default();
            let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
            let datatype = object.datatype.as_ref().map_or("?".to_owned(), Datatype::name);
            let place = match object.place {
                Where::Nowhere => "never written".to_owned(),
                Where::Inside(span) => format!("bytes {}..{}", span.start, span.end),
                Where::Chunks { count, bytes } => format!("{count} chunks of {bytes} bytes"),
                Where::External => "in other files".to_owned(),
                Where::Virtual => "in other data sets".to_owned(),
                Where::Unknown => "somewhere".to_owned(),
            };
            let filters: Vec<String> = object.filters().iter().map(ToString::to_string).collect();
            let by = if filters.is_empty() {
                String::new()
            } else {
                format!(", {}", filters.join(", "))
            };
            part.fact(
                object.path.clone(),
                format!("{datatype} [{}], {place}{by}", shape.join(", ")),
            );
        }
    }
    for link in &file.links {
        let told = match &link.target {
            Target::Hard(path) => format!("the same as {}", path.raw()),
            Target::Soft(path) => format!("a link to {}", path.raw()),
            Target::External { file, path } => {
                format!("a link to {} in {}", path.raw(), file.raw())
            }
            Target::User { kind, bytes } => format!("a link of kind {kind}, {bytes} bytes"),
        };
        part.fact(link.path.clone(), told);
    }
    part.odd(&file.oddities);
}
