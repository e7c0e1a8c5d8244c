use artifact::{Blob, Budget};
use vocabulary::{Limits, Span};

use super::*;

fn read_of(bytes: Vec<u8>) -> Option<Checkpoint> {
    read(&Blob::from_vec(bytes), &Budget::new(Limits::default()))
}

/// Opcodes of `_rebuild_tensor_v2` of a part of storage `k`, which has six elements.
fn tensor(offset: u8, shape: [u8; 2], stride: [u8; 2], view: bool) -> Vec<u8> {
    let mut out = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    out.extend(b"(X\x07\0\0\0storagectorch\nShortStorage\nX\x01\0\0\0kX\x03\0\0\0cpuK\x06");
    out.extend(if view { b"NtQ".as_slice() } else { b"tQ" });
    out.extend([b'K', offset]);
    for [a, b] in [shape, stride] {
        out.extend([b'K', a, b'K', b, 0x86]);
    }
    out.extend(b"\x89NtR");
    out
}

/// `{"a": {"w": …}, "n": 3, "call": os.system()}` without the last part, unless it is asked for.
fn object(view: bool, call: bool) -> Vec<u8> {
    let mut out = b"\x80\x02}(X\x01\0\0\0a}X\x01\0\0\0w".to_vec();
    out.extend(tensor(1, [2, 2], [1, 2], view));
    out.extend(b"sX\x01\0\0\0nK\x03");
    if call {
        out.extend(b"X\x04\0\0\0callcos\nsystem\n)R");
    }
    out.extend(b"u.");
    out
}

fn legacy(call: bool) -> Vec<u8> {
    let mut out =
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    out.extend(object(true, call));
    out.extend(b"\x80\x02]X\x01\0\0\0ka.");
    out.extend(6u64.to_le_bytes());
    out.extend(0..12);
    out
}

/// A zip of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let at = u32::try_from(out.len()).unwrap();
        let len = u32::try_from(data.len()).unwrap().to_le_bytes();
        let mut fields = vec![0; 6];
        fields.extend([0, 0, 0x21, 0]);
        fields.extend(crc32fast::hash(data).to_le_bytes());
        fields.extend([len, len].concat());
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0, 0]);
        out.extend([b"PK\x03\x04".as_slice(), &fields, name.as_bytes(), data].concat());
        directory.extend([b"PK\x01\x02\0\0".as_slice(), &fields, &[0; 10]].concat());
        directory.extend([&at.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let (size, at) = (directory.len(), out.len());
    out.append(&mut directory);
    out.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count].concat());
    out.extend([size, at].map(|n| u32::try_from(n).unwrap().to_le_bytes()).concat());
    out.extend([0, 0]);
    out
}

fn archive(call: bool) -> Vec<u8> {
    let storage: Vec<u8> = (0..12).collect();
    let object = object(false, call);
    zip(&[("m/data.pkl", &object), ("m/byteorder", b"little"), ("m/data/k", &storage)])
}

#[test]
fn both_layouts_give_the_same_view() {
    for (bytes, layout) in [(archive(false), Layout::Zip), (legacy(false), Layout::Legacy)] {
        let data = bytes.windows(12).position(|w| (0..12).eq(w.iter().copied())).unwrap() as u64;
        let read = read_of(bytes).unwrap();
        assert_eq!(read.layout, layout);
        assert_eq!(read.oddities, []);
        assert_eq!(read.incomplete, None);
        let rows: Vec<Row<'_>> = read.rows().collect();
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(row.tensor.name.raw(), "a.w");
        assert_eq!(row.tensor.dtype, Some(DType::I16));
        assert_eq!(row.tensor.shape, [2, 2]);
        // Elements 1 to 4 of the storage.
        assert_eq!(row.tensor.data, Span::new(data + 2, data + 10));
        assert_eq!((row.key.raw(), row.device.raw(), row.offset), ("k", "cpu", 1));
        let left: Vec<_> = read.left.iter().map(|l| (l.path.raw(), l.kind, &*l.what)).collect();
        assert_eq!(left, [("n", LeftKind::Plain, "3")]);
    }
}

#[test]
fn a_call_is_left_and_told() {
    for bytes in [archive(true), legacy(true)] {
        let read = read_of(bytes).unwrap();
        assert_eq!(read.tensors.len(), 1);
        let call = read.left.iter().find(|left| left.kind == LeftKind::Object).unwrap();
        assert_eq!((call.path.raw(), &*call.what), ("call", "a call of `os.system`"));
        assert!(call.at.is_some());
    }
}

#[test]
fn every_view_that_is_given_stays_inside_its_storage() {
    for sample in [archive(true), legacy(true)] {
        crate::harness::survive(&sample, |blob| {
            let Some(read) = read(blob, &Budget::new(Limits::default())) else { return };
            for view in &read.tensors {
                let extent = Extent::of(view).unwrap();
                let there = read.storages[view.storage].data.len();
                assert!(extent.count == 0 || extent.bytes.end <= there);
            }
            assert!(read.rows().all(|row| row.tensor.data.end <= blob.len()));
        });
    }
}

#[test]
fn what_is_cut_off_is_never_whole() {
    for sample in [archive(false), legacy(false)] {
        for len in 0..sample.len() {
            let Some(read) = read_of(sample[..len].to_vec()) else { continue };
            let whole = read.incomplete.is_none()
                && read.oddities.is_empty()
                && read.left.iter().all(|left| left.kind == LeftKind::Plain);
            assert!(!whole, "cut at {len}");
        }
    }
}

#[test]
fn extents_count_what_is_touched() {
    let view = |shape: &[u64], stride: &[u64], offset| TensorView {
        name: "x".into(),
        dtype: DType::F32,
        shape: shape.to_vec(),
        stride: stride.to_vec(),
        offset,
        storage: 0,
        at: 0,
    };
    let of = |view: TensorView| Extent::of(&view).map(|e| (e.count, e.bytes.start, e.bytes.end));
    assert_eq!(of(view(&[], &[], 3)), Some((1, 12, 16)));
    assert_eq!(of(view(&[2, 3], &[3, 1], 0)), Some((6, 0, 24)));
    assert_eq!(of(view(&[3, 2], &[1, 3], 1)), Some((6, 4, 28)));
    assert_eq!(of(view(&[5], &[0], 2)), Some((5, 8, 12)));
    assert_eq!(of(view(&[0, u64::MAX, 9], &[1, 1, 1], 2)), Some((0, 8, 8)));
    assert_eq!(of(view(&[u64::MAX, 2], &[0, 0], 0)), None);
    assert_eq!(of(view(&[2], &[u64::MAX], 1)), None);
    assert_eq!(of(view(&[1], &[1], u64::MAX / 2)), None);
    assert_eq!(element_size(DType::F4), Some(1));
    assert_eq!(element_size(DType::Q4_0), None);
}
