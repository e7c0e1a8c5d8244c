//! Small files of `samples.txt`: read as libhdf5 reads them, and read however they are broken.

use std::collections::BTreeSet;

use super::*;

/// A small file and what libhdf5 reads from it.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    lines: Vec<String>,
}

pub(super) fn samples() -> Vec<Sample> {
    let mut out: Vec<Sample> = Vec::new();
    for line in include_str!("samples.txt").lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        if word == "file" {
            out.push(Sample { name: rest, bytes: Vec::new(), lines: Vec::new() });
            continue;
        }
        let sample = out.last_mut().unwrap();
        match word {
            "hex" => sample.bytes.extend(
                (0..rest.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&rest[at..at + 2], 16).unwrap()),
            ),
            "zeros" => sample.bytes.resize(sample.bytes.len() + rest.parse::<usize>().unwrap(), 0),
            _ => sample.lines.push(rest.to_owned()),
        }
    }
    out
}

fn sample(name: &str) -> Vec<u8> {
    samples().into_iter().find(|sample| sample.name == name).unwrap().bytes
}

fn kinds(bytes: Vec<u8>) -> BTreeSet<OddityKind> {
    read(&Blob::from_vec(bytes)).oddities.iter().map(|odd| odd.kind).collect()
}

/// Reads everything that can be read.
fn exhaust(bytes: Vec<u8>) -> Hdf5 {
    let file = read(&Blob::from_vec(bytes));
    for object in &file.objects {
        for attribute in &object.attributes {
            file.pieces(&attribute.value);
            file.texts(&attribute.value, 100);
        }
        if let Some((value, _)) = file.value(object, 1 << 16, &budget()) {
            file.elements(&value);
            file.pieces(&value);
        }
    }
    file
}

#[test]
fn reads_what_libhdf5_told_of_the_samples() {
    let samples = samples();
    assert_eq!(samples.len(), 11);
    for sample in samples {
        let file = read(&Blob::from_vec(sample.bytes.clone()));
        assert_eq!(file.oddities, [], "{}", sample.name);
        assert_eq!(listing(&file), sample.lines, "{}", sample.name);
        let end = sample.bytes.len() as u64;
        let mut spans: Vec<Span> = file.regions.iter().map(|region| region.span).collect();
        spans.extend(&file.free);
        spans.push(Span::new(0, file.superblock.unwrap().at));
        assert_eq!(Span::uncovered(&spans, end), [], "{}", sample.name);
    }
}

#[test]
fn survives_broken_samples() {
    for sample in samples() {
        let bytes = sample.bytes;
        for len in 0..bytes.len() {
            // Zeros are long, and no two of them differ.
            if bytes[len] != 0 || len % 64 == 0 {
                let file = exhaust(bytes[..len].to_vec());
                assert!(!file.oddities.is_empty(), "{} of {len} bytes", sample.name);
            }
        }
        for at in (0..bytes.len()).filter(|at| bytes[*at] != 0 || bytes[at.saturating_sub(1)] != 0)
        {
            for with in [0, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80, bytes[at].wrapping_add(8)] {
                let mut broken = bytes.clone();
                broken[at] = with;
                exhaust(broken);
            }
        }
    }
}

#[test]
fn tells_every_changed_byte_of_checksummed_structures() {
    let bytes = sample("simple-latest");
    let file = read(&Blob::from_vec(bytes.clone()));
    let covered = |at: u64| {
        let mut regions = file.regions.iter().filter(|region| region.what != "data");
        regions.any(|region| region.span.start <= at && at < region.span.end)
    };
    for at in (0..bytes.len()).filter(|at| covered(*at as u64)) {
        let mut broken = bytes.clone();
        broken[at] ^= 4;
        assert!(!kinds(broken).is_empty(), "byte {at}");
    }
}

/// Replaces the first eight bytes after `before` that are this number.
fn with(bytes: &[u8], number: u64, other: u64, before: &[u8]) -> Vec<u8> {
    let find = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part);
    let start = find(before).unwrap();
    let number = number.to_le_bytes();
    let at = bytes[start..].windows(8).position(|window| window == number).unwrap() + start;
    let mut out = bytes.to_vec();
    out[at..at + 8].copy_from_slice(&other.to_le_bytes());
    out
}

fn position(bytes: &[u8], part: &[u8]) -> u64 {
    bytes.windows(part.len()).position(|window| window == part).unwrap() as u64
}

#[test]
fn ends_on_structures_that_lead_into_themselves() {
    let bytes = sample("simple-earliest");
    let (tree, node) = (position(&bytes, b"TREE"), position(&bytes, b"SNOD"));
    let mut cyclic = with(&bytes, node, tree, b"TREE");
    assert!(kinds(cyclic.clone()).contains(&OddityKind::Shared));
    cyclic[usize::try_from(tree).unwrap() + 5] = 1;
    assert!(kinds(cyclic).contains(&OddityKind::Shared));
    // A group that contains itself is no fault.
    let file = read(&Blob::from_vec(bytes.clone()));
    let group = file.object("/group").unwrap();
    let numbers = file.object("/group/numbers").unwrap();
    let node = bytes.windows(4).rposition(|window| window == b"SNOD").unwrap();
    let mut round = bytes.clone();
    let entry = with(&bytes[node..], numbers.at, group.at, b"SNOD");
    round[node..].copy_from_slice(&entry);
    let file = read(&Blob::from_vec(round));
    assert_eq!(file.oddities, []);
    assert_eq!(file.links.len(), 2);
}

#[test]
fn takes_no_size_at_its_word() {
    let bytes = sample("simple-earliest");
    for huge in [1 << 31, 1 << 40, 1 << 62, 1 << 63, u64::MAX - 1, u64::MAX] {
        // Every number of eight bytes in turn.
        for at in (0..bytes.len() - 8).step_by(4) {
            let mut lies = bytes.clone();
            lies[at..at + 8].copy_from_slice(&u64::to_le_bytes(huge));
            exhaust(lies);
        }
    }
}

#[test]
fn lists_what_leads_out_of_the_file() {
    let file = read(&Blob::from_vec(sample("outside-latest")));
    let target = Target::External { file: "other.h5".into(), path: "/there".into() };
    assert_eq!((file.links.len(), &file.links[0].target), (1, &target));
    let part = &file.external_storage[0];
    assert_eq!((part.file.raw(), part.offset, part.size), ("raw.bin", 1, 4));
    let file = read(&Blob::from_vec(sample("virtual-latest")));
    let files: Vec<&str> = file.virtual_sources.iter().map(|source| source.file.raw()).collect();
    assert_eq!(files, [".", "source1.h5", "source2.h5", "source3.h5"]);
}

#[test]
fn gives_text_attributes_whole_or_in_parts() {
    let file = read(&Blob::from_vec(sample("strings-latest")));
    assert_eq!(file.attribute_text("/", "model_config", 100).as_deref(), Some(&b"{}"[..]));
    assert_eq!(file.attribute_text("/", "model_config", 1).as_deref(), Some(&b"{"[..]));
    assert_eq!(file.attribute_text("/", "training_config", 100), None);
    assert_eq!(file.attribute_text("/nowhere", "model_config", 100), None);
    let bytes = sample("simple-earliest");
    let at = usize::try_from(position(&bytes, b"text\0")).unwrap();
    let mut part = bytes.clone();
    part[at..at + 4].copy_from_slice(b"tex0");
    let file = read(&Blob::from_vec(part));
    assert_eq!(file.attribute_text("/", "tex", 100).as_deref(), Some(&b"fixed"[..]));
}

#[test]
fn names_its_tensors() {
    let file = read(&Blob::from_vec(sample("simple-earliest")));
    let tensors: Vec<Tensor> = file.tensors().collect();
    assert_eq!(tensors.len(), 1);
    assert_eq!(tensors[0].name.raw(), "group/numbers");
    assert_eq!((tensors[0].dtype, &tensors[0].shape), (Some(crate::DType::I16), &vec![2, 3]));
    assert_eq!(tensors[0].data.len(), 12);
}
