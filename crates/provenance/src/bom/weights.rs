//! Weights: how many numbers of which kind, and what a GGUF or safetensors file says of itself.

use std::collections::BTreeMap;

use artifact::{Blob, Budget};
use formats::gguf::{self, KvValue};
use formats::{DType, safetensors, torch};
use vocabulary::{Limits, Untrusted};

use super::{Bom, Claim, Field, Origin, Tier, licence};
use crate::statement::DigestSet;

/// Numbers of tensors by their type, over all files.
#[derive(Default)]
pub(super) struct Count {
    by_type: BTreeMap<String, u64>,
    files: Vec<String>,
    /// Whether some of it is counted in a way that is not that of the model.
    unsure: bool,
}

/// Formats of weights that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Safetensors,
    Gguf,
    Torch,
}

/// By the name, which is what a loader goes by.
pub(super) fn kind(name: &str, blob: &Blob) -> Option<Kind> {
    let extension = name.rsplit('.').next().unwrap_or_default();
    match extension {
        "safetensors" => Some(Kind::Safetensors),
        "pt" | "pth" | "bin" | "ckpt" => {
            let magic = blob.array_at::<4>(0);
            if magic == Some(*b"GGUF") { Some(Kind::Gguf) } else { Some(Kind::Torch) }
        }
        _ => (blob.array_at(0) == Some(*b"GGUF")).then_some(Kind::Gguf),
    }
}

pub(super) fn read(kind: Kind, blob: &Blob, path: &str, count: &mut Count, bom: &mut Bom) {
    match kind {
        Kind::Safetensors => of_safetensors(blob, path, count, bom),
        Kind::Gguf => of_gguf(blob, path, count, bom),
        Kind::Torch => {
            let budget = Budget::new(Limits::default());
            let Some(checkpoint) = torch::read(blob, &budget) else { return };
            for row in checkpoint.rows() {
                count.add(row.tensor.dtype.map(DType::name), &row.tensor.shape);
            }
            count.files.push(path.to_owned());
        }
    }
}

impl Count {
    fn add(&mut self, dtype: Option<&str>, shape: &[u64]) {
        let numbers = shape.iter().try_fold(1u64, |all, size| all.checked_mul(*size));
        match (dtype, numbers) {
            (Some(dtype), Some(numbers)) => {
                let of = self.by_type.entry(dtype.to_owned()).or_default();
                *of = of.saturating_add(numbers);
            }
            _ => self.unsure = true,
        }
    }

    /// Writes the totals into the bill.
    pub(super) fn tell(&self, bom: &mut Bom) {
        if self.by_type.is_empty() {
            return;
        }
        let source = match self.files.as_slice() {
            [one] => one.clone(),
            files => format!("the tensors of {} files", files.len()),
        };
        let list: Vec<String> =
            self.by_type.iter().map(|(dtype, count)| format!("{dtype}: {count}")).collect();
        bom.say(Field::Precision, Claim::new(list.join(", "), Tier::Inferred, &source));
        // Packed weights (several numbers in one element) are not counted one by one.
        let packed = bom.get(Field::Quantization).is_some_and(|claim| {
            let text = claim.value.raw();
            ["gptq", "awq", "bitsandbytes", "aqlm", "quanto"].iter().any(|p| text.contains(p))
        });
        if !packed && !self.unsure {
            let all = self.by_type.values().fold(0u64, |sum, count| sum.saturating_add(*count));
            bom.say(Field::Parameters, Claim::new(all.to_string(), Tier::Inferred, &source));
        }
    }
}

fn of_safetensors(blob: &Blob, path: &str, count: &mut Count, bom: &mut Bom) {
    let file = safetensors::read(blob);
    for entry in file.effective() {
        count.add(entry.tensor.dtype.map(DType::name), &entry.tensor.shape);
    }
    count.files.push(path.to_owned());
    let get = |name: &str| file.metadata.iter().find(|(key, _)| key.raw() == name);
    for (name, field) in [
        ("modelspec.title", Field::Name),
        ("modelspec.architecture", Field::Family),
        ("modelspec.author", Field::Supplier),
        ("modelspec.description", Field::Description),
        ("modelspec.version", Field::Version),
    ] {
        if let Some((_, value)) = get(name) {
            bom.say(field, Claim::new(value.clone(), Tier::Declared, path));
        }
    }
    for name in ["license", "modelspec.license"] {
        if let Some((_, value)) = get(name) {
            bom.licences.push(licence::named(value, None, path));
        }
    }
}

/// What a GGUF file says of itself, as free text.
const GENERAL: &[(&str, Field)] = &[
    ("general.name", Field::Name),
    ("general.version", Field::Version),
    ("general.description", Field::Description),
    ("general.author", Field::Supplier),
    ("general.organization", Field::Supplier),
    ("general.languages", Field::Language),
];

fn of_gguf(blob: &Blob, path: &str, count: &mut Count, bom: &mut Bom) {
    let file = gguf::read(blob);
    for info in &file.tensors {
        count.add(info.tensor.dtype.map(DType::name), &info.tensor.shape);
    }
    count.files.push(path.to_owned());
    let text = |key: &str| -> Option<Untrusted> {
        file.get(key).and_then(KvValue::as_text).map(|text| text.text.clone())
    };
    for (key, field) in GENERAL {
        let one = text(key).into_iter();
        let list = file.get(key).and_then(KvValue::as_array).map(|a| a.items.as_slice());
        let items = list.unwrap_or_default().iter().filter_map(KvValue::as_text).take(64);
        for value in one.chain(items.map(|text| text.text.clone())) {
            bom.say(*field, Claim::new(value, Tier::Declared, path));
        }
    }
    if let Some(value) = text("general.license") {
        let link = text("general.license.link");
        bom.licences.push(licence::named(&value, link, path));
    }
    if let Some(family) = text("general.architecture") {
        let number =
            |name: &str| file.get(&format!("{}.{name}", family.raw())).and_then(KvValue::as_u64);
        if let Some(length) = number("context_length") {
            bom.say(Field::Context, Claim::new(length.to_string(), Tier::Inferred, path));
        }
        bom.say(Field::Family, Claim::new(family, Tier::Inferred, path));
    }
    let quantized = file.tensors.iter().filter_map(|info| info.tensor.dtype);
    let quantized = quantized.filter(|dtype| dtype.is_quantized());
    let mut names: Vec<&str> = quantized.map(DType::name).collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        bom.say(Field::Quantization, Claim::new(names.join(", "), Tier::Inferred, path));
    }
    for n in 0..16 {
        let key = |name: &str| text(&format!("general.base_model.{n}.{name}"));
        let Some(name) = key("name").or_else(|| key("repo_url")) else { break };
        let claim = Claim::new(name, Tier::Declared, path);
        bom.parents.push(Origin { claim, digest: DigestSet::new(), uri: key("repo_url") });
    }
}
