use artifact::Blob;
use formats::{Region, sevenz, stream, tar, zip};

use super::{Node, Role, Walker, extension};
use crate::rules;
use crate::subject::Content;
use crate::torchscript;

impl Walker {
    pub(super) fn zip(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let archive = zip::read(&node.blob, &self.budget);
        regions.extend(archive.regions.iter().copied());
        self.zip_ends(&node.blob, &archive.regions);
        rules::apply(&node.place, &Content::Zip(&archive), &mut self.sink);
        self.note(|part| part.odd(&archive.oddities));
        if let Some(limit) = archive.exhausted {
            self.sink.exhausted(&node.place, limit);
        }
        let comment = archive.comment.raw().as_bytes();
        if !comment.is_empty() {
            let blob = Blob::from_vec(comment.to_vec());
            self.look(&Self::child(node, "(comment)", blob, Role::Leftover));
        }
        self.archive_entry_points(node, &archive);
        let torch = Torch::of(&archive);
        if let Some(layout) = torch.layout(&archive) {
            if node.role == Role::File {
                rename_zip(&mut self.sink.formats, layout);
            }
            self.note(|part| rename_zip(&mut part.formats, layout));
        }
        for member in archive.members.iter().filter(|member| !member.is_dir) {
            let name = member.name.raw().to_owned();
            let role = if torch.is_storage(&name) {
                Role::Numbers
            } else if torch.script {
                Role::Script
            } else {
                Role::Member
            };
            self.zip_member(node, (&archive, member), &name, role, torch.is_script(&name));
        }
    }

    fn zip_member(
        &mut self,
        node: &Node,
        (archive, member): (&zip::Archive, &zip::Member),
        name: &str,
        role: Role,
        script: bool,
    ) {
        let place = node.place.member(name);
        let mut opened = zip::open(&node.blob, member, &self.budget);
        if let Some(limit) = opened.exhausted {
            self.sink.exhausted(&place, limit);
        }
        if let Some(fault) = &opened.fault {
            self.sink.could_not_look(&place, fault.clone());
        }
        let is_decoded = member.method != zip::Method::Stored;
        if is_decoded && opened.blob.trouble().is_some() {
            return;
        }
        // The numbers of a tensor are not read for their checksum: a scan of a large checkpoint
        // reads what it must. What is parsed is.
        if !is_decoded && role != Role::Numbers && opened.checks.crc == zip::CrcCheck::NotChecked {
            match zip::check_crc(&opened.blob, member.crc, &self.budget) {
                Some(checked) if !member.unsized_data => opened.checks.crc = checked,
                Some(_) => {}
                None => self.sink.exhausted(&place, artifact::Exhausted::Seconds),
            }
        }
        rules::apply(&place, &Content::ZipMember(member, &opened), &mut self.sink);
        if member.is_symlink {
            let target = opened.blob.bytes_at(0, 4096);
            let target = String::from_utf8_lossy(&target).into_owned();
            rules::apply(&place, &Content::ArchiveLink(&target), &mut self.sink);
            // Loaders do not ask what kind of member it is: its content is looked at like any other.
        }
        let child = Self::child(node, name, opened.blob, role);
        if script {
            self.torchscript(&child);
        } else {
            self.look(&child);
            self.keras_member(archive, node, &child);
        }
    }

    fn torchscript(&mut self, node: &Node) {
        const LARGEST: u64 = 64 << 20;
        self.sink.not_data("torchscript");
        if node.blob.len() > LARGEST {
            self.sink.could_not_look(&node.place, "the source text is larger than 64 MiB");
            return;
        }
        let source = node.blob.bytes_at(0, usize::try_from(LARGEST).unwrap_or(usize::MAX));
        if let Some(trouble) = node.blob.trouble() {
            self.sink.could_not_look(&node.place, trouble.to_string());
            return;
        }
        let statements = torchscript::judge(&source);
        rules::apply(&node.place, &Content::TorchScript(&statements), &mut self.sink);
    }

    pub(super) fn tar(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let tape = tar::read(&node.blob, &self.budget);
        regions.extend(tape.regions.iter().copied());
        rules::apply(&node.place, &Content::Tar(&tape), &mut self.sink);
        self.note(|part| part.odd(&tape.oddities));
        if let Some(limit) = tape.exhausted {
            self.sink.exhausted(&node.place, limit);
        }
        if tape.oddities.iter().any(|odd| odd.kind == tar::TarOddity::Truncated) {
            self.sink.could_not_look(&node.place, "the archive ends inside a member");
        }
        // The oldest PyTorch layout: a tar whose `storages` and `tensors` are pickles with raw
        // numbers between them.
        let names: Vec<&str> = tape.members.iter().map(|m| m.name.raw()).collect();
        let torch = ["pickle", "storages", "tensors"].iter().all(|name| names.contains(name));
        for member in &tape.members {
            // Of an unknown kind, readers take a member for a file.
            let has_content = matches!(
                member.kind,
                tar::TarKind::File | tar::TarKind::Sparse | tar::TarKind::Other(_)
            );
            if !has_content {
                continue;
            }
            let name = member.name.raw();
            if member.kind == tar::TarKind::Sparse {
                let because = "a file with holes: what a reader makes of it is not put together";
                self.sink.could_not_look(&node.place.member(name), because);
            }
            let blob = node.blob.slice(member.data.start, member.data.len());
            let numbers = torch && matches!(name, "storages" | "tensors");
            let child = Self::child(node, name, blob, Role::Member);
            if numbers {
                let mut explained = Vec::new();
                self.oldest(&child, name, &mut explained);
                self.leftovers(&child, &explained);
            } else {
                self.look(&child);
            }
        }
    }

    pub(super) fn sevenz(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let archive = sevenz::read(&node.blob, &self.budget);
        regions.extend(archive.regions.iter().copied());
        rules::apply(&node.place, &Content::SevenZ(&archive), &mut self.sink);
        self.note(|part| part.odd(&archive.oddities));
        if let Some(limit) = archive.exhausted {
            self.sink.exhausted(&node.place, limit);
        }
        if let Some(fault) = &archive.fault {
            self.sink.could_not_look(&node.place, fault.clone());
        }
        if archive.members.iter().any(|m| m.blob.as_ref().is_some_and(|b| b.trouble().is_some())) {
            return;
        }
        for member in &archive.members {
            if let Some(fault) = &member.fault {
                let place = node.place.member(member.name.raw());
                self.sink.could_not_look(&place, fault.clone());
            }
            let Some(blob) = member.blob.clone() else { continue };
            self.look(&Self::child(node, member.name.raw(), blob, Role::Member));
        }
    }

    pub(super) fn stream(&mut self, node: &Node, codec: stream::Codec, regions: &mut Vec<Region>) {
        let unpacked = stream::open(&node.blob, codec, &self.budget);
        regions.push(Region::new(0, unpacked.consumed, "compressed stream"));
        if let Some(limit) = unpacked.exhausted {
            self.sink.exhausted(&node.place, limit);
        }
        if let Some(trouble) = unpacked.blob.trouble() {
            self.sink.could_not_look(&node.place, trouble.to_string());
            return;
        }
        // What only begins like a stream somewhere in other bytes may be no stream.
        let by_chance = node.role == Role::Leftover && super::identify(&unpacked.blob).is_empty();
        if let Some(fault) = unpacked.fault.as_ref().filter(|_| !by_chance) {
            let because = format!("the {} stream is broken: {fault}", codec.name());
            self.sink.could_not_look(&node.place, because);
        }
        let name = match &unpacked.name {
            Some(name) => name.raw().to_owned(),
            None => node.name.rsplit_once('.').map_or("", |(stem, _)| stem).to_owned(),
        };
        let role = if by_chance { Role::Leftover } else { Role::Member };
        let mut child = Self::child(node, &name, unpacked.blob, role);
        child.place = node.place.member(format!("({})", codec.name()));
        self.look(&child);
    }
}

/// How PyTorch would read a zip archive.
struct Torch {
    /// The folder that everything stands in, with its `/`.
    prefix: Option<String>,
    script: bool,
    /// The folder of a `torch.export` archive, with its `/`.
    export: Option<String>,
}

impl Torch {
    fn of(archive: &zip::Archive) -> Self {
        let names = || archive.members.iter().map(|member| member.name.raw());
        let prefix = names()
            .find_map(|name| name.strip_suffix("data.pkl"))
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
            .map(ToOwned::to_owned);
        // As `torch.load` asks: beside `data.pkl`, in the folder that everything stands in.
        let script = prefix.as_ref().is_some_and(|prefix| {
            names().any(|name| name.strip_prefix(prefix.as_str()) == Some("constants.pkl"))
        });
        let export = names()
            .find_map(|name| name.strip_suffix("archive_format"))
            .filter(|prefix| prefix.ends_with('/'))
            .map(ToOwned::to_owned);
        Self { prefix, script, export }
    }

    /// The name of the layout, where it is a known one.
    fn layout(&self, archive: &zip::Archive) -> Option<&'static str> {
        let mut files = archive.members.iter().filter(|member| !member.is_dir).peekable();
        if self.export.is_some() {
            Some("torch-export")
        } else if self.script {
            Some("torchscript")
        } else if self.prefix.is_some() {
            Some("torch")
        } else if files.peek().is_some() && files.all(|file| file.name.raw().ends_with(".npy")) {
            Some("npz")
        } else {
            None
        }
    }

    /// Whether a member holds the raw numbers of a tensor: `<prefix>data/17`.
    fn is_storage(&self, name: &str) -> bool {
        let exported = |prefix: &String| {
            name.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                let folders = ["data/weights/", "data/constants/"];
                folders.iter().any(|folder| rest.starts_with(folder)) && extension(rest).is_none()
            })
        };
        if self.export.as_ref().is_some_and(exported) {
            return true;
        }
        let Some(prefix) = &self.prefix else { return false };
        let Some(rest) = name.strip_prefix(prefix.as_str()) else { return false };
        ["data/", "constants/", "xl_model_weights/", "tensors/"].iter().any(|folder| {
            rest.strip_prefix(folder).is_some_and(|n| {
                !n.is_empty() && !n.contains('/') && n.bytes().all(|b| b.is_ascii_digit())
            })
        }) || matches!(
            rest,
            "byteorder"
                | "version"
                | ".format_version"
                | ".storage_alignment"
                | ".data/serialization_id"
        )
    }

    fn is_script(&self, name: &str) -> bool {
        self.script && name.contains("code/") && extension(name).is_some_and(|e| e == "py")
    }
}

/// A zip of a known layout goes by the layout's name.
fn rename_zip(formats: &mut Vec<String>, layout: &str) {
    formats.retain(|format| format != "zip");
    formats.push(layout.to_owned());
}
