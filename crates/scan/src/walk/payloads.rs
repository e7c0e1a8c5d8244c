use artifact::Blob;
use formats::Region;
use formats::identify::Format;
use formats::payload::{Marks, Search};
use formats::pickle::{self, Arrays, Ended, Likeness, Options};
use vocabulary::Span;

use super::{Node, Role, Sense, Walker};
use crate::subject::Disguise;

/// Bytes of a range that are searched.
pub(super) const SEARCHED: u64 = 64 << 20;
/// Bytes of a file and everything nested in it that are searched, together.
pub(super) const SEARCHED_IN_ALL: u64 = 256 << 20;
/// Things that are looked at in one range.
const HITS: usize = 64;
/// What runs on a processor that serves or trains; kernels for graphics cards stand in tensors and
/// libraries by right.
const KERNELS: [&str; 2] = ["CUDA", "AMD GPU"];

impl Walker {
    /// Looks for programs, archives, streams and pickles that begin in the middle of bytes.
    pub(super) fn search(&mut self, node: &Node, from: u64) {
        let wanted = node.blob.len().saturating_sub(from).min(SEARCHED);
        let len = wanted.min(self.to_search);
        self.to_search = self.to_search.saturating_sub(len);
        let upto = from.saturating_add(len);
        if len < wanted && self.searched_alone(node) {
            let because = "more bytes may hide something than are searched";
            self.sink.could_not_look(&node.place, because);
        }
        let mut search = Search::new(&node.blob, &imports);
        let mut at = from;
        for n in 0.. {
            if n >= HITS {
                let because = "more programs and archives inside than are looked into";
                self.sink.could_not_look(&node.place, because);
                return;
            }
            if let Err(limit) = self.budget.check_time() {
                self.sink.exhausted(&node.place, limit);
                return;
            }
            let Some(found) = search.next(at, upto) else { break };
            let end = found.end.unwrap_or(node.blob.len());
            let len = end.saturating_sub(found.at);
            self.look(&Node {
                place: node.place.member(format!("bytes {}..{end}", found.at)),
                blob: node.blob.slice(found.at, len),
                name: String::new(),
                depth: node.depth.saturating_add(1),
                role: Role::Leftover,
            });
            // What does not tell its end was looked at with everything behind it.
            match found.end {
                Some(end) if end > found.at => at = end,
                _ => break,
            }
        }
        if search.gave_up() {
            let because = "more bytes look like the beginning of a program than are followed";
            self.sink.could_not_look(&node.place, because);
        }
    }

    /// Whether nothing else tells that the node holds bytes which nobody explained.
    fn searched_alone(&self, node: &Node) -> bool {
        !self.sink.gaps.iter().any(|gap| gap.place == node.place) && node.role != Role::Leftover
    }

    /// Notes that a program stands at the front of these bytes and was told.
    pub(super) fn judged(&mut self, blob: &Blob, len: u64) {
        if let Some(at) = self.root.as_ref().and_then(|root| blob.offset_in(root)) {
            self.told.push(Span::new(at, at.saturating_add(len)));
        }
    }

    /// Notes the end records of a zip that was read.
    pub(super) fn zip_ends(&mut self, blob: &Blob, regions: &[Region]) {
        let Some(at) = self.root.as_ref().and_then(|root| blob.offset_in(root)) else { return };
        for region in regions.iter().filter(|region| region.what == "end record") {
            self.ends.push(at.saturating_add(region.span.end));
        }
    }

    /// Notes that a pickle was read from an offset.
    pub(super) fn pickle_begins(&mut self, blob: &Blob, from: u64) {
        if let Some(at) = self.root.as_ref().and_then(|root| blob.offset_in(root)) {
            self.pickles.insert(at.saturating_add(from));
        }
    }

    /// Looks at what was seen while the bytes of the file were digested, and is not told yet.
    pub(crate) fn marks(&mut self, node: &Node, marks: &Marks) {
        let mut hits = 0usize;
        for mark in marks.found() {
            if self.told.iter().any(|span| span.start <= mark.at && mark.at < span.end) {
                continue;
            }
            let Some((format, at, end)) = mark.confirm(&node.blob) else { continue };
            let is_told = match format {
                Format::Zip => {
                    self.ends.contains(&end) || self.ends.contains(&mark.at.saturating_add(22))
                }
                Format::Pickle => self.pickles.contains(&at),
                _ => self.told.iter().any(|span| span.start <= at && at < span.end),
            };
            let blob = node.blob.slice(at, end.saturating_sub(at));
            if is_told || !worth_telling(&blob, format) {
                continue;
            }
            hits = hits.saturating_add(1);
            if hits > HITS {
                let because = "more programs and archives inside than are looked into";
                self.sink.could_not_look(&node.place, because);
                return;
            }
            self.judged(&blob, blob.len());
            self.look(&Node {
                place: node.place.member(format!("bytes {at}..{end}")),
                blob,
                name: String::new(),
                depth: node.depth.saturating_add(1),
                role: Role::Leftover,
            });
        }
        if marks.left_out() {
            let because = "more bytes look like the beginning of a program than are followed";
            self.sink.could_not_look(&node.place, because);
        }
    }
}

/// Whether something in the middle of a file is more than a kernel of a graphics card.
fn worth_telling(blob: &Blob, format: Format) -> bool {
    match format {
        Format::Elf => {
            let told = formats::executable::read(blob, format);
            !told.machines.is_empty() && !told.machines.iter().any(|name| KERNELS.contains(name))
        }
        Format::Pickle => imports(blob, false),
        _ => true,
    }
}

/// Whether a pickle begins here that imports something. One that only text marks has to be sound up
/// to its end.
fn imports(blob: &Blob, whole: bool) -> bool {
    const FOLLOWED: u64 = 4096;
    let head = blob.bytes_at(0, 4096);
    if !whole && pickle::looks_like_pickle(&head) != Likeness::Certain {
        return false;
    }
    let mut first = Sense { import: None };
    let options = Options { max_opcodes: FOLLOWED, ..Options::bounded(Arrays::Plain) };
    let (stream, _) = pickle::interpret(blob, 0, &options, &mut first);
    let Some(import) = first.import else { return false };
    if whole {
        matches!(stream.ended, Ended::Stop) && stream.oddities.is_empty() && stream.opcodes > 3
    } else {
        stream.oddities.iter().all(|odd| odd.at > import)
    }
}

/// In words, for a finding.
pub(crate) fn where_it_stands(disguise: Disguise) -> &'static str {
    match disguise {
        Disguise::Name => "under the name of data",
        Disguise::Inside => "inside other bytes",
    }
}
