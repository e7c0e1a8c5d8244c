//! Looks at a file and at everything nested in it.
//!
//! One [`Walker`] works on one file. Each piece of bytes, the file itself first, is a [`Node`]: it is
//! identified by its content in every way that fits, each reader that knows one of these formats
//! reads it, the rules look at what it read, and what it contains becomes nodes of their own. All of
//! that shares one budget. What no reader explained is looked at once more, as a node.

mod archives;
mod bytecode;
mod code;
mod documents;
mod hdf5;
mod keras;
mod legacy;
mod modelfile;
mod oldest;
mod onnx;
mod payloads;
mod pickles;
mod plain;
mod programs;
mod runs;
mod secrets;
mod templates;
mod tensorflow;

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Blob, Budget};
use formats::identify::{self, Format, Probes};
use formats::pickle::{
    self, Arrays, Ended, Event, EventKind, Heap, Likeness, Options, Stream, View, Watcher,
};
use formats::tensorflow::Kind;
use formats::{Region, stream};
use vocabulary::{Place, Span, Untrusted};

pub(crate) use code::{is_python, source_code};
pub(crate) use legacy::storage_of;
pub(crate) use payloads::where_it_stands;
pub(crate) use programs::script_by_name;

use crate::bundles::{Bundle, BundlePart};
use crate::configuration::{Reference, weights::Model};
use crate::inspect::{LINES, Part};
use crate::rules;
use crate::sink::Sink;
use crate::subject::{Content, EntryPoint};

/// Bytes of an unexplained range that are read to tell whether they are all zero.
const ZEROS: u64 = 64 << 20;
/// Unexplained ranges of one node that are looked at as nodes.
const RANGES: usize = 64;

/// Why a file of no known format is a gap.
pub(crate) const UNKNOWN: &str = "no reader knows this format";

/// Some bytes and what is known of them from outside.
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) blob: Blob,
    /// The name that a loader goes by; empty where there is none.
    pub(crate) name: String,
    /// Containers around it.
    pub(crate) depth: u32,
    pub(crate) role: Role,
}

/// What the container says that a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A file of the artifact.
    File,
    /// A member of an archive, or what a stream unpacks to.
    Member,
    /// A pickle of a TorchScript archive: its classes are source text of the archive.
    Script,
    /// Raw numbers of a tensor: any bytes are right.
    Numbers,
    /// Bytes that no format explains; perhaps they are something.
    Leftover,
    /// Bytes that a pickle hands to a loader.
    Nested,
}

/// Looks at one file.
pub(crate) struct Walker {
    pub(crate) budget: Budget,
    pub(crate) sink: Sink,
    /// Tensor names of the file itself, where it holds some and they could be read.
    pub(crate) tensors: Option<Vec<String>>,
    /// The index of a sharded checkpoint, where the file is one.
    pub(crate) index: Option<formats::index::Index>,
    /// The files beside the file that hold its data.
    pub(crate) external: Vec<formats::onnx::ExternalFile>,
    /// Of how many parts the file says that it is one, where it is one of several.
    pub(crate) parts: Option<u64>,
    /// The formats of the file itself.
    pub(crate) kinds: Vec<Format>,
    /// Code of the artifact that the file has a loader run.
    pub(crate) entry_points: Vec<EntryPoint>,
    /// The Python source in the file, read.
    pub(crate) python: Vec<crate::python::Module>,
    /// What the file and its members are to a TensorFlow checkpoint.
    pub(crate) bundles: Vec<Bundle>,
    /// What configurations of the file name: resolved once the files beside it are known.
    pub(crate) references: Vec<Reference>,
    /// Keys of configurations that are given the name of a repository, and that name.
    pub(crate) settings: Vec<(String, String)>,
    /// What the file says of a model, where it is its configuration.
    pub(crate) model: Option<Model>,
    /// Shapes of the embeddings of words, where the file holds weights.
    pub(crate) embeddings: BTreeMap<String, Vec<u64>>,
    /// The members of archives that were met, each with the archive around it.
    members: BTreeSet<(Vec<Untrusted>, String)>,
    /// All bytes of the file.
    root: Option<Blob>,
    /// Bytes that may still be searched for what begins inside them, and for credentials.
    to_search: u64,
    to_search_for_secrets: u64,
    /// Where in the file programs stand that were told.
    told: Vec<Span>,
    /// Where in the file the zip archives end that were read.
    ends: Vec<u64>,
    /// Where in the file the pickles begin that were read.
    pickles: BTreeSet<u64>,
    /// The parts around and at the current node, outermost first, where the walk is written down.
    record: Option<Vec<Part>>,
}

impl Walker {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            sink: Sink::default(),
            tensors: None,
            index: None,
            external: Vec::new(),
            parts: None,
            kinds: Vec::new(),
            entry_points: Vec::new(),
            python: Vec::new(),
            bundles: Vec::new(),
            references: Vec::new(),
            settings: Vec::new(),
            model: None,
            embeddings: BTreeMap::new(),
            members: BTreeSet::new(),
            root: None,
            to_search: payloads::SEARCHED_IN_ALL,
            to_search_for_secrets: payloads::SEARCHED_IN_ALL,
            told: Vec::new(),
            ends: Vec::new(),
            pickles: BTreeSet::new(),
            record: None,
        }
    }

    /// Writes the walk down from now on.
    pub(crate) fn record(&mut self) {
        self.record = Some(vec![Part::default()]);
    }

    /// What was written down: the part of the first node.
    pub(crate) fn take_record(&mut self) -> Option<Part> {
        self.record.take()?.pop()?.parts.pop()
    }

    /// Adds to the current part, where the walk is written down.
    pub(crate) fn note(&mut self, act: impl FnOnce(&mut Part)) {
        if let Some(part) = self.record.as_mut().and_then(|parts| parts.last_mut()) {
            act(part);
        }
    }

    /// Whether the walk is written down.
    pub(crate) fn records(&self) -> bool {
        self.record.is_some()
    }

    /// Looks at a node and at everything in it.
    pub(crate) fn look(&mut self, node: &Node) {
        if let Some(parts) = &mut self.record {
            let name = node.place.member.last().unwrap_or(&node.place.file).clone();
            parts.push(Part { name, bytes: node.blob.len(), ..Part::default() });
        }
        self.look_inside(node);
        if let Some(parts) = &mut self.record
            && let Some(part) = parts.pop()
            && let Some(outer) = parts.last_mut()
            && outer.parts.len() < LINES
        {
            outer.parts.push(part);
        }
    }

    fn look_inside(&mut self, node: &Node) {
        if let Err(limit) =
            self.budget.check_depth(node.depth).and_then(|()| self.budget.check_time())
        {
            self.sink.exhausted(&node.place, limit);
            return;
        }
        let mut formats = identify(&node.blob);
        if formats.iter().any(|format| matches!(format, Format::Json | Format::Yaml)) {
            formats.retain(|format| *format != Format::Text);
        }
        if node.role == Role::File {
            self.root.get_or_insert_with(|| node.blob.clone());
            self.kinds.clone_from(&formats);
            self.sink.formats = formats.iter().map(|f| f.name().to_owned()).collect();
        }
        let mut formats = Self::relevant(node, formats);
        documents::as_named(node, &mut formats);
        self.met(node);
        if formats.is_empty() && matches!(node.role, Role::File | Role::Member) {
            // Too broken to be known by its content: a loader goes by the name and meets it anyway.
            formats.extend(promised(&node.name));
        } else if is_saved_model(&node.name) && !formats.contains(&Format::SavedModel) {
            // TensorFlow goes by the name alone, and passes over what makes it look like another.
            formats.push(Format::SavedModel);
        }
        if Self::is_source(node) {
            self.python(node);
            if formats.is_empty() {
                // Another encoding of text, which the source declares.
                formats.push(Format::Text);
            }
        }
        self.note(|part| {
            part.formats = formats.iter().map(|f| f.name().to_owned()).collect();
            if node.role == Role::Numbers && formats.is_empty() {
                part.formats.push("storage".to_owned());
            }
        });
        self.contradiction(node, &formats);
        self.checkpoint(node, &formats);
        let mut regions = Vec::new();
        for format in &formats {
            self.read(node, *format, &formats, &mut regions);
        }
        if formats.iter().any(|format| is_textual(*format)) {
            self.secrets_of_text(node);
        }
        if let Some(trouble) = node.blob.trouble() {
            self.sink.could_not_look(&node.place, trouble.to_string());
            return;
        }
        if formats.is_empty() {
            self.unknown(node);
            return;
        }
        self.leftovers(node, &regions);
    }

    /// Lists the tensors of a PyTorch checkpoint, where the walk is written down.
    fn checkpoint(&mut self, node: &Node, formats: &[Format]) {
        let torch = [Format::Zip, Format::TorchLegacy, Format::Pickle, Format::Tar];
        if !self.records() || node.role != Role::File || !formats.iter().any(|f| torch.contains(f))
        {
            return;
        }
        let Some(checkpoint) = formats::torch::read(&node.blob, &self.budget) else { return };
        self.note(|part| {
            for row in checkpoint.rows() {
                let dtype = row.tensor.dtype.map_or("?", |dtype| dtype.name());
                part.tensor(&row.tensor, dtype.to_owned());
            }
        });
    }

    /// Leaves out the readings that the node's role rules out.
    fn relevant(node: &Node, mut formats: Vec<Format>) -> Vec<Format> {
        // The numbers of a checkpoint are known by their name to whoever reads them.
        let role = match node.role {
            Role::File | Role::Member if tensorflow::is_data(&node.name) => Role::Numbers,
            role => role,
        };
        match role {
            Role::File | Role::Member | Role::Script => {}
            Role::Numbers => formats.retain(|format| {
                // Numbers may look like anything; only what loaders find by its magic counts.
                matches!(
                    format,
                    Format::Zip | Format::SevenZ | Format::Hdf5 | Format::Gguf | Format::Npy
                ) || (*format == Format::Pickle && is_pickle_among_numbers(&node.blob))
                    || (*format != Format::Script && Self::is_sound(&node.blob, *format))
            }),
            Role::Leftover | Role::Nested => formats.retain(|format| {
                let is_text =
                    matches!(format, Format::Text | Format::Json | Format::Yaml | Format::Empty);
                !is_text
                    && (!format.is_executable()
                        || *format == Format::Pyc
                        || Self::is_sound(&node.blob, *format))
            }),
        }
        formats
    }

    fn read(&mut self, node: &Node, format: Format, all: &[Format], regions: &mut Vec<Region>) {
        if !format.is_data_only() && !format.is_container() {
            self.sink.not_data(format.name());
        }
        match format {
            Format::Pickle => self.pickle(node, regions),
            Format::TorchLegacy => {
                if !all.contains(&Format::Pickle) {
                    self.pickle(node, regions);
                }
            }
            Format::Zip => self.zip(node, regions),
            Format::Tar => self.tar(node, regions),
            Format::SevenZ => self.sevenz(node, regions),
            Format::Safetensors => self.safetensors(node, regions),
            Format::Gguf => self.gguf(node, regions),
            Format::Npy => self.npy(node, regions),
            Format::Onnx => self.onnx(node, regions),
            Format::Hdf5 => self.hdf5(node, regions),
            Format::Json => self.json(node, regions),
            Format::Yaml => self.yaml(node, regions),
            Format::Text => self.text(node, regions),
            Format::SavedModel => self.graphs(node, Kind::SavedModel, regions),
            Format::MetaGraph => self.graphs(node, Kind::MetaGraph, regions),
            Format::GraphDef => self.graphs(node, Kind::Graph, regions),
            Format::CheckpointIndex => self.checkpoint_index(node, regions),
            Format::Fingerprint => self.fingerprint(node, regions),
            Format::KerasMetadata => self.keras_metadata(node, regions),
            Format::TensorBoard => self.tensorboard(node, regions),
            Format::Wandb => self.wandb(node, regions),
            Format::Pyc => self.pyc(node, regions),
            Format::Empty => {}
            Format::GitLfsPointer => {
                regions.push(Region::new(0, node.blob.len(), "pointer"));
                self.pointer(node);
            }
            Format::Script => self.script(node, regions),
            Format::Elf
            | Format::Pe
            | Format::MachO
            | Format::JavaClass
            | Format::Wasm
            | Format::Dex => self.program(node, format, regions),
            format if format.is_installer() => self.installer(node, format, regions),
            format if format.is_media() => self.media(node, format, regions),
            format => match codec(format) {
                Some(codec) => self.stream(node, codec, regions),
                None => self.named_only(node, format, regions),
            },
        }
    }

    /// A format that is recognised and has no reader here.
    fn named_only(&mut self, node: &Node, format: Format, regions: &mut Vec<Region>) {
        regions.push(Region::new(0, node.blob.len(), "recognised"));
        let because = format!("it is {} and no reader here judges that", format.name());
        self.sink.could_not_look(&node.place, because);
    }

    fn unknown(&mut self, node: &Node) {
        match node.role {
            // Whether it is what its name says, the index beside it tells.
            Role::File | Role::Member if tensorflow::is_data(&node.name) => {
                self.bundle(node, BundlePart::Data);
            }
            Role::File | Role::Member | Role::Script => {
                self.sink.not_data("unknown");
                self.sink.could_not_look(&node.place, UNKNOWN);
            }
            Role::Nested => {
                rules::apply(&node.place, &Content::HandedOver, &mut self.sink);
                self.sink.could_not_look(
                    &node.place,
                    "a pickle hands these bytes to a loader, and no reader knows their format",
                );
            }
            Role::Numbers | Role::Leftover => {}
        }
        if node.role != Role::Numbers {
            self.search(node, 1);
        }
    }

    fn contradiction(&mut self, node: &Node, formats: &[Format]) {
        if !matches!(node.role, Role::File | Role::Member) {
            return;
        }
        let Some(extension) = extension(&node.name) else { return };
        if let Some(contradiction) = identify::contradiction(&extension, formats) {
            let content =
                Content::Contradiction { extension: &extension, contradiction: &contradiction };
            rules::apply(&node.place, &content, &mut self.sink);
        }
    }

    /// Looks at what no reader explained.
    pub(super) fn leftovers(&mut self, node: &Node, regions: &[Region]) {
        if matches!(node.role, Role::Numbers) {
            return;
        }
        let spans: Vec<Span> = regions.iter().map(|region| region.span).collect();
        // Ranges that hold something.
        let mut n = 0usize;
        for span in Span::uncovered(&spans, node.blob.len()) {
            let part = node.blob.slice(span.start, span.len());
            let zero = is_zero(&part);
            let content = Content::Unexplained { span, zero };
            rules::apply(&node.place, &content, &mut self.sink);
            if zero {
                continue;
            }
            n = n.saturating_add(1);
            if n <= 1000 && node.role == Role::File {
                self.sink.unexplained.push(span);
            }
            if n > RANGES {
                let because = "more ranges that no reader explains than are looked into";
                self.sink.could_not_look(&node.place, because);
            } else {
                self.look(&Node {
                    place: node.place.member(format!("bytes {}..{}", span.start, span.end)),
                    blob: part,
                    name: String::new(),
                    depth: node.depth.saturating_add(1),
                    role: Role::Leftover,
                });
            }
        }
    }

    /// A node inside this one.
    pub(crate) fn child(node: &Node, name: &str, blob: Blob, role: Role) -> Node {
        Node {
            place: node.place.member(name),
            blob,
            name: name.to_owned(),
            depth: node.depth.saturating_add(1),
            role,
        }
    }
}

/// Whether credentials are looked for in all of it.
fn is_textual(format: Format) -> bool {
    matches!(format, Format::Text | Format::Json | Format::Yaml | Format::Script)
}

/// The name under which TensorFlow loads a model from a folder.
fn is_saved_model(name: &str) -> bool {
    name.rsplit(['/', '\\']).next() == Some("saved_model.pb")
}

/// The format of tensors that a name promises.
fn promised(name: &str) -> Option<Format> {
    if is_saved_model(name) {
        return Some(Format::SavedModel);
    }
    match extension(name)?.as_str() {
        "safetensors" => Some(Format::Safetensors),
        "gguf" => Some(Format::Gguf),
        "npy" => Some(Format::Npy),
        "h5" | "hdf5" => Some(Format::Hdf5),
        _ => None,
    }
}

/// Every format that the content fits.
pub(crate) fn identify(blob: &Blob) -> Vec<Format> {
    let pickle = |head: &[u8]| likeness(blob, head) != pickle::Likeness::No;
    let stream = |head: &[u8]| stream::identify(head).map(format_of);
    identify::identify(blob, &Probes { pickle: &pickle, stream: &stream })
}

/// How much a blob that begins with `head` looks like a pickle.
///
/// A line or a text that is longer than what is looked at hides every opcode behind it; so where
/// the head ends in the first few of them, the interpreter goes on as far as the first import.
pub(crate) fn likeness(blob: &Blob, head: &[u8]) -> Likeness {
    /// Opcodes that are followed.
    const FOLLOWED: u64 = 1024;
    let told = pickle::looks_like_pickle(head);
    if told != Likeness::No || (head.len() as u64) >= blob.len() {
        return told;
    }
    let mut first = Sense { import: None };
    let options = Options { max_opcodes: FOLLOWED, ..Options::bounded(Arrays::Plain) };
    let (stream, _) = pickle::interpret(blob, 0, &options, &mut first);
    let Some(import) = first.import else {
        // So many opcodes without a fault are no accident, even where they are all the same.
        let goes_on = matches!(stream.ended, Ended::Exhausted(_)) && is_sound(&stream, stream.end);
        return if goes_on { Likeness::Plausible } else { told };
    };
    if is_sound(&stream, import) { Likeness::Plausible } else { told }
}

/// Whether an unpickler gets through a stream as far as an offset.
fn is_sound(stream: &Stream, upto: u64) -> bool {
    stream.oddities.iter().all(|odd| odd.at > upto || odd.kind.is_tolerated())
}

/// Waits for the first import that names something.
struct Sense {
    import: Option<u64>,
}

impl Watcher for Sense {
    fn event(&mut self, heap: &Heap, event: &Event) {
        if let EventKind::Import { target } = event.kind
            && self.import.is_none()
            && let View::Global(global) = heap.view(target)
            && global.known().is_none_or(|(module, name)| is_path(module) && is_path(name))
        {
            self.import = Some(event.at);
        }
    }
}

fn is_path(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

/// Whether bytes that stand in the place of numbers are a pickle: one that says so, or one that
/// imports something before anything that an unpickler stops at.
fn is_pickle_among_numbers(blob: &Blob) -> bool {
    /// Bytes and opcodes that are followed.
    const HEAD: u64 = 64 << 10;
    const FOLLOWED: u64 = 4096;
    if certain_pickle(blob) {
        return true;
    }
    let mut first = Sense { import: None };
    let options = Options { max_opcodes: FOLLOWED, ..Options::bounded(Arrays::Plain) };
    let head = blob.slice(0, blob.len().min(HEAD));
    let (stream, _) = pickle::interpret(&head, 0, &options, &mut first);
    first.import.is_some_and(|import| is_sound(&stream, import))
}

pub(crate) fn certain_pickle(blob: &Blob) -> bool {
    pickle::looks_like_pickle(&blob.bytes_at(0, 4096)) == pickle::Likeness::Certain
}

fn format_of(codec: stream::Codec) -> Format {
    match codec {
        stream::Codec::Gzip => Format::Gzip,
        stream::Codec::Zlib => Format::Zlib,
        stream::Codec::Bzip2 => Format::Bzip2,
        stream::Codec::Xz => Format::Xz,
        stream::Codec::LzmaAlone => Format::Lzma,
        stream::Codec::Lz4 => Format::Lz4,
        stream::Codec::Zstd => Format::Zstd,
        stream::Codec::JoblibZf => Format::JoblibZf,
    }
}

fn codec(format: Format) -> Option<stream::Codec> {
    Some(match format {
        Format::Gzip => stream::Codec::Gzip,
        Format::Zlib => stream::Codec::Zlib,
        Format::Bzip2 => stream::Codec::Bzip2,
        Format::Xz => stream::Codec::Xz,
        Format::Lzma => stream::Codec::LzmaAlone,
        Format::Lz4 => stream::Codec::Lz4,
        Format::Zstd => stream::Codec::Zstd,
        Format::JoblibZf => stream::Codec::JoblibZf,
        _ => return None,
    })
}

/// The extension of the last part of a path, lower case, without its dot.
pub(crate) fn extension(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, extension) = base.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
}

pub(crate) fn is_zero(blob: &Blob) -> bool {
    if blob.len() > ZEROS {
        return false;
    }
    let mut at = 0u64;
    while at < blob.len() {
        let bytes = blob.bytes_at(at, 64 << 10);
        if bytes.is_empty() || bytes.iter().any(|b| *b != 0) {
            return false;
        }
        at = at.saturating_add(bytes.len() as u64);
    }
    true
}
