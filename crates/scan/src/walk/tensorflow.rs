//! TensorFlow graphs and what stands beside them.

use formats::Region;
use formats::tensorflow::{self as tf, Kind};

use super::{Node, Role, Walker};
use crate::bundles::{Bundle, BundlePart};
use crate::rules;
use crate::subject::Content;
use crate::tensorflow::{self, Class};

/// Whether a name is that of a checkpoint's numbers: `PREFIX.data-00000-of-00001`.
pub(super) fn is_data(name: &str) -> bool {
    let Some((_, numbers)) = name.rsplit_once(".data-") else { return false };
    let Some((shard, shards)) = numbers.split_once("-of-") else { return false };
    [shard, shards].iter().all(|n| n.len() == 5 && n.bytes().all(|b| b.is_ascii_digit()))
}

impl Walker {
    /// Notes what a node is to a checkpoint; what the files of it say together is told later.
    pub(super) fn bundle(&mut self, node: &Node, part: BundlePart) {
        if matches!(node.role, Role::File | Role::Member) {
            let (place, len) = (node.place.clone(), node.blob.len());
            self.bundles.push(Bundle { place, len, part });
        }
    }

    pub(super) fn graphs(&mut self, node: &Node, kind: Kind, regions: &mut Vec<Region>) {
        let binary = tf::likeness(&node.blob).contains(&kind);
        let is_text = !binary && tf::text_likeness(&node.blob) == Some(kind);
        let model =
            if is_text { tf::read_text(&node.blob, kind) } else { tf::read(&node.blob, kind) };
        regions.extend(model.regions.iter().copied());
        let judgement = tensorflow::judge(&model);
        rules::apply(&node.place, &Content::TensorFlow(&model, &judgement), &mut self.sink);
        if judgement.more {
            let because = "the graph does more beyond computing than is kept of it";
            self.sink.could_not_look(&node.place, because);
        }
        for odd in &model.oddities {
            if odd.kind == tf::OddityKind::NotRetained {
                let because = format!("not all of the graph is kept in memory: {}", odd.detail);
                self.sink.could_not_look(&node.place, because);
            }
        }
        if let Some(trouble) = model.wire.trouble() {
            self.sink.could_not_look(&node.place, trouble.to_string());
        }
        self.note(|part| {
            for graph in &model.meta_graphs {
                let tags: Vec<&str> = graph.tags.iter().map(vocabulary::Untrusted::raw).collect();
                part.fact("graph", tags.join(", "));
                part.fact("written by", graph.version.clone());
                part.fact("nodes", graph.nodes.len().to_string());
                part.fact("functions", graph.functions.len().to_string());
                for signature in &graph.signatures {
                    part.fact("signature", signature.name.clone());
                }
                for asset in &graph.assets {
                    part.fact("asset", asset.file.clone());
                }
            }
            for (operator, count) in &judgement.operators {
                part.fact(format!("operator {operator}"), count.to_string());
            }
            for (library, count) in &judgement.libraries {
                part.fact(format!("operators of {library}"), count.to_string());
            }
            for deed in judgement.deeds.iter().filter(|deed| deed.class != Class::Unknown) {
                part.program.push(deed.message.clone());
            }
            part.odd(&model.oddities);
        });
        for span in judgement.nested.iter().take(64) {
            let name = format!("graph at {}", span.start);
            let blob = model.wire.slice(span.start, span.len());
            let child = Self::child(node, &name, blob, Role::Nested);
            self.look(&child);
        }
        self.keras_objects(node, &model);
    }

    /// Configurations of Keras objects, as TensorFlow up to 2.6 wrote them into the object graph.
    fn keras_objects(&mut self, node: &Node, model: &tf::Model) {
        for object in model.meta_graphs.iter().flat_map(|graph| &graph.objects) {
            if let tf::ObjectKind::User(identifier, metadata) = &object.kind
                && identifier.raw().starts_with("_tf_keras_")
                && !metadata.span.is_empty()
            {
                let blob = model.wire.slice(metadata.span.start, metadata.span.len());
                let name = format!("metadata at {}", metadata.span.start);
                self.keras_text(node, &name, blob);
            }
        }
    }

    pub(super) fn keras_metadata(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let Some((objects, whole)) = tf::read_keras_metadata(&node.blob) else { return };
        if whole {
            regions.push(Region::new(0, node.blob.len(), "keras metadata"));
        } else {
            self.sink.could_not_look(&node.place, "the objects of Keras do not read to their end");
        }
        for object in &objects {
            let blob = node.blob.slice(object.metadata.start, object.metadata.len());
            self.keras_text(node, object.path.raw(), blob);
        }
        self.note(|part| {
            for object in &objects {
                part.fact(object.path.clone(), object.identifier.clone());
            }
        });
    }

    pub(super) fn checkpoint_index(&mut self, node: &Node, regions: &mut Vec<Region>) {
        /// Bytes of an index that are hashed.
        const HASHED: usize = 16 << 20;
        let index = tf::read_checkpoint(&node.blob);
        regions.extend(index.regions.iter().copied());
        rules::apply(&node.place, &Content::Checkpoint(&index), &mut self.sink);
        for odd in &index.oddities {
            if matches!(
                odd.kind,
                tf::CheckpointOddityKind::NotRetained | tf::CheckpointOddityKind::Packed
            ) {
                self.sink.could_not_look(&node.place, odd.detail.to_string());
            }
        }
        let ends = index.ends().into_iter().map(|(shard, of)| (shard, of.end)).collect();
        let bytes = node.blob.bytes_at(0, HASHED);
        let hash = (bytes.len() as u64 == node.blob.len()).then(|| tf::farm_hash(&bytes));
        self.bundle(node, BundlePart::Index { shards: index.shards, ends, hash });
        if node.role == Role::File {
            let names = index.tensors.iter().map(|tensor| tensor.name.raw().to_owned());
            self.tensors = Some(names.collect());
        }
        self.note(|part| {
            part.fact("files of data", index.shards.to_string());
            for entry in &index.tensors {
                let tensor = formats::Tensor {
                    name: entry.name.clone(),
                    dtype: None,
                    shape: entry.shape.clone(),
                    data: entry.data,
                };
                part.tensor(&tensor, entry.dtype_name().to_owned());
            }
            part.odd(&index.oddities);
        });
    }

    pub(super) fn fingerprint(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let Some(read) = tf::read_fingerprint(&node.blob) else { return };
        if read.is_whole {
            regions.push(Region::new(0, node.blob.len(), "fingerprint"));
        }
        if read.checkpoint_hash != 0 {
            self.bundle(node, BundlePart::Fingerprint(read.checkpoint_hash));
        }
        self.note(|part| {
            let hash = |value: u64| format!("{value:016x}");
            part.fact("saved model, not verified", hash(read.saved_model_checksum));
            part.fact("graph, not verified", hash(read.graph_def_program_hash));
            part.fact("signatures, not verified", hash(read.signature_def_hash));
            part.fact("object graph, not verified", hash(read.saved_object_graph_hash));
            part.fact("index of the variables", hash(read.checkpoint_hash));
            part.fact("uuid", read.uuid.clone());
        });
    }
}
