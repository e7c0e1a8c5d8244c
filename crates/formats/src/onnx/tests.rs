use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::OddityKind as K;
use super::*;
use crate::harness;

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

/// A length-delimited field.
fn b(number: u64, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    [varint(number << 3 | 2), varint(payload.len() as u64), payload.to_vec()].concat()
}

/// A field that is a number.
fn n(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn node(op: &str, more: &[Vec<u8>]) -> Vec<u8> {
    b(1, [b(1, "x"), b(2, "y"), b(4, op), more.concat()].concat())
}

fn relu() -> Vec<u8> {
    node("Relu", &[])
}

fn tensor(fields: &[Vec<u8>]) -> Vec<u8> {
    b(5, fields.concat())
}

/// A model with these fields in its graph.
fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    [n(1, 10), b(7, graph.concat()), b(8, n(2, 21))].concat()
}

/// A tensor of four floats, these fields in place of its values.
fn floats(more: &[Vec<u8>]) -> Vec<u8> {
    model(&[relu(), tensor(&[n(1, 4), n(2, 1), b(8, "w"), more.concat()])])
}

fn pair(key: &str, value: &str) -> Vec<u8> {
    b(13, [b(1, key), b(2, value)].concat())
}

fn odd(bytes: &[u8]) -> Vec<K> {
    read(&Blob::from_vec(bytes.to_vec())).oddities.iter().map(|odd| odd.kind).collect()
}

#[test]
fn oddities_are_told() {
    let raw = b(9, [0; 16]);
    let twice = |fields: &[u8]| [model(&[relu()]), fields.to_vec()].concat();
    let cases: Vec<(&str, Vec<u8>, &[K])> = vec![
        ("plain", model(&[relu()]), &[]),
        ("raw", floats(std::slice::from_ref(&raw)), &[]),
        ("packed", floats(&[b(4, [0; 16])]), &[]),
        ("one by one", floats(&vec![[varint(4 << 3 | 5), vec![0; 4]].concat(); 4]), &[]),
        ("nothing", vec![], &[K::NoGraph, K::IrVersion, K::NoOperatorSet]),
        ("no graph", [n(1, 3), b(8, n(2, 1))].concat(), &[K::NoGraph]),
        ("old", [n(1, 2), b(7, relu())].concat(), &[]),
        ("no version", [b(7, relu()), b(8, n(2, 1))].concat(), &[K::IrVersion]),
        ("version 0", [n(1, 0), b(7, relu()), b(8, n(2, 1))].concat(), &[K::IrVersion]),
        ("newer", [n(1, 90), b(7, relu()), b(8, n(2, 1))].concat(), &[]),
        ("no operators", [n(1, 9), b(7, relu())].concat(), &[K::NoOperatorSet]),
        ("two graphs", twice(&b(7, relu())), &[K::DuplicateField]),
        ("two versions", twice(&n(1, 9)), &[K::DuplicateField]),
        ("two names", model(&[node("Relu", &[b(4, "Neg")])]), &[K::DuplicateField]),
        ("metadata", twice(&b(14, b(1, "k")).repeat(2)), &[K::DuplicateMetadata]),
        (
            "functions",
            twice(&b(25, [b(1, "f"), b(10, "d")].concat()).repeat(2)),
            &[K::DuplicateFunction],
        ),
        (
            "overloads",
            twice(&[b(25, b(1, "f")), b(25, [b(1, "f"), b(13, "2")].concat())].concat()),
            &[],
        ),
        ("too short", floats(&[b(9, [0; 15])]), &[K::WrongSize]),
        ("too long", floats(&[b(9, [0; 17])]), &[K::WrongSize]),
        ("too few", floats(&[b(4, [0; 12])]), &[K::WrongSize]),
        ("no values", floats(&[]), &[K::NoValues]),
        ("raw and not", floats(&[raw.clone(), b(4, [0; 16])]), &[K::TwoValues]),
        ("two fields", floats(&[b(4, [0; 16]), b(7, [0; 4])]), &[K::TwoValues]),
        ("other field", floats(&[b(7, [0; 4])]), &[K::WrongType]),
        ("negative", floats(&[n(1, u64::MAX), b(4, [0; 0])]), &[K::NegativeDimension]),
        ("overflow", floats(&[n(1, 1 << 62), raw.clone()]), &[K::Overflow]),
        ("bits overflow", floats(&[n(1, 1 << 58), raw.clone()]), &[K::Overflow]),
        (
            "unknown type",
            model(&[relu(), tensor(&[n(1, 4), n(2, 99), raw.clone()])]),
            &[K::UnknownType],
        ),
        ("no type", model(&[relu(), tensor(&[n(1, 4), raw.clone()])]), &[K::WrongType]),
        ("raw text", model(&[relu(), tensor(&[n(1, 4), n(2, 8), raw.clone()])]), &[K::RawText]),
        ("text", model(&[relu(), tensor(&[n(1, 2), n(2, 8), b(6, "a"), b(6, "b")])]), &[]),
        ("half bytes", model(&[relu(), tensor(&[n(1, 3), n(2, 22), b(9, [0; 2])])]), &[]),
        (
            "half bytes in numbers",
            model(&[relu(), tensor(&[n(1, 3), n(2, 22), b(5, [0; 2])])]),
            &[],
        ),
        (
            "same name",
            model(&[relu(), tensor(&[n(1, 0), n(2, 1), b(8, "w")]).repeat(2)]),
            &[K::DuplicateTensor],
        ),
        ("external", floats(&[pair("location", "w"), n(14, 1)]), &[]),
        ("both", floats(&[pair("location", "w"), n(14, 1), raw.clone()]), &[K::TwoValues]),
        ("no file", floats(&[n(14, 1)]), &[K::ExternalNoFile]),
        ("elsewhere", floats(&[n(14, 2), raw]), &[K::DataLocation]),
        ("keys", floats(&[pair("location", "w"), pair("mode", "w")]), &[K::ExternalUnknownKey]),
        ("prepacked", floats(&[pair("location", "w"), pair("prepacked_0", "w|1;")]), &[]),
        ("key twice", floats(&[pair("location", "w").repeat(2)]), &[K::ExternalDuplicateKey]),
        ("offset", floats(&[pair("location", "w"), pair("offset", "-1")]), &[K::ExternalNumber]),
        ("length", floats(&[pair("location", "w"), pair("length", "15")]), &[K::WrongSize]),
        ("long path", floats(&[pair("location", &"a/".repeat(4000))]), &[K::LongName]),
        ("wire", twice(&[0, 0]), &[K::Wire(protobuf::OddityKind::FieldZero)]),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(odd(&bytes), expected, "{name}");
    }
}

/// What is read of a model with something of everything: the parts of it that are told.
#[test]
fn a_model_is_listed() {
    let attribute = |fields: &[Vec<u8>]| b(5, fields.concat());
    let inner = [relu(), tensor(&[n(1, 1), n(2, 1), b(8, "deep"), b(9, [0; 4])])].concat();
    let branch = attribute(&[b(1, "then_branch"), b(6, inner)]);
    let constant = attribute(&[b(1, "value"), b(5, [n(1, 1), n(2, 7), b(7, [9])].concat())]);
    let text = attribute(&[b(1, "module"), b(4, "os")]);
    let dims = [b(1, b(2, "batch")), b(1, n(1, 3)), b(1, [])].concat();
    let kind = b(2, b(1, [n(1, 1), b(2, dims)].concat()));
    let bytes = [
        b(2, "pytorch"),
        b(25, [b(1, "F"), b(10, "d"), b(7, [b(4, "Neg")].concat())].concat()),
        b(
            7,
            [
                b(2, "main"),
                b(11, [b(1, "x"), kind].concat()),
                node("If", &[branch]),
                node("Constant", &[constant]),
                node("PyOp", &[b(7, "acme"), text]),
                b(15, [b(1, [n(1, 1), n(2, 1), b(9, [0; 4])].concat()), n(3, 5)].concat()),
            ]
            .concat(),
        ),
        b(8, [b(1, "acme"), n(2, 1)].concat()),
        b(8, [b(1, "ai.onnx"), n(2, 21)].concat()),
        b(14, [b(1, "names"), b(2, "{}")].concat()),
        n(1, 10),
    ]
    .concat();
    let blob = Blob::from_vec(bytes.clone());
    let read_model = read(&blob);
    let operators: Vec<String> = read_model
        .operators
        .iter()
        .map(|op| format!("{}::{} {} {:?}", op.domain, op.name, op.count, op.attributes))
        .collect();
    assert_eq!(
        operators,
        [
            "::Neg 1 []",
            "::Relu 1 []",
            "::If 1 []",
            "::Constant 1 []",
            "acme::PyOp 1 [(\"module\", \"os\")]"
        ]
    );
    let tensors: Vec<String> = read_model
        .tensors
        .iter()
        .map(|t| format!("{:?} {} {} {:?}", t.role, t.name, t.data_type.name(), t.shape))
        .collect();
    assert_eq!(
        tensors,
        ["Initializer deep float32 [1]", "Attribute  int64 [1]", "Sparse  float32 [1]"]
    );
    assert_eq!(read_model.inputs[0].kind.raw(), "float32 [batch, 3, ?]");
    assert_eq!((read_model.nodes, read_model.graphs), (5, 2));
    assert_eq!(read_model.opsets, [("acme".into(), 1), ("".into(), 21)]);
    assert_eq!(read_model.property("names").unwrap().value.raw(), "{}");
    assert_eq!(read_model.functions[0].name.raw(), "F");
    assert_eq!(read_model.oddities, []);
    assert_eq!(read_model.regions, [Region::new(0, blob.len(), "model")]);
    assert!(is_onnx(&blob));
    harness::survive(&bytes, |blob| {
        read(blob);
        is_onnx(blob);
    });
}

#[test]
fn what_the_schema_does_not_have_is_explained_by_nobody() {
    let unknown = b(99, "a payload");
    let front = [unknown.clone(), model(&[relu()])].concat();
    let regions = |bytes: Vec<u8>| read(&Blob::from_vec(bytes)).regions;
    let (len, all) = (unknown.len() as u64, front.len() as u64);
    assert_eq!(regions(front), [Region::new(len, all, "model")]);
    // A known number of another wire type, in a node.
    let inside = model(&[node("Relu", &[n(4, 7)])]);
    assert_eq!(regions(inside).len(), 2);
    let broken = [model(&[relu()]), vec![0, 1, 2, 3]].concat();
    let kept = broken.len() as u64 - 4;
    assert_eq!(regions(broken), [Region::new(0, kept, "model")]);
}

#[test]
fn models_are_told_from_other_protocol_buffers() {
    let cases: &[(&str, &str, bool)] = &[
        (
            "a TensorFlow graph",
            "0a5a0a1173657276696e675f64656661756c745f78120b506c616365686f6c6465722a1a0a0e5f6f75747075745f73686170657312080a063a04120208022a0b0a056474797065120230012a0f0a05736861706512063a0412020802",
            false,
        ),
        (
            "a saved model",
            "080112b83e0af90a12c90a0a440a05416464563212060a017822015412060a01792201541a060a017a220154221d0a01541204747970653a120a10320e",
            false,
        ),
        (
            "a graph of saved objects",
            "3a740a350a0508011201660a0e0802120a7369676e617475726573221c0a145f67656e657269635f757365725f6f626a6563741204080110010a3b0a0b0803120774726163655f30220c0a0a5f7573657276616c75650a1e0a1c08",
            false,
        ),
        ("a tensor", "080310074a18000000000000000001000000000000000200000000000000", false),
        (
            "words of sentencepiece",
            "0a0e0a053c756e6b3e150000000018020a0c0a033c733e1500000000180312420a0d626f746368616e2e7478741207",
            false,
        ),
        ("a network of caffe2", "0a036e65741a0664616720203a046461746142037072 6f62", false),
        ("text", "0a0a48656c6c6f0a", false),
        ("a graph without nodes", "080a 3a0312016742021015", false),
        ("a model", "080a 3a0a 0a06 2204 52656c75 1200", true),
        ("a model behind a field that nobody knows", "f2060161 3a08 0a06 2204 52656c75", true),
        ("a model behind a group", "9b06 0801 9c06 3a08 0a06 2204 52656c75", true),
    ];
    for (name, hex, expected) in cases {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect();
        assert_eq!(is_onnx(&Blob::from_vec(bytes)), *expected, "{name}");
    }
}

/// Text in front of a model, as fields that nobody knows.
#[test]
fn a_model_behind_much_text_is_told() {
    let text = b(15, "abcdefghijklmnopqrstuvwxyz0123456789 ,.").repeat(50_000);
    assert!(text.is_ascii() && text.len() > 1 << 20);
    assert!(is_onnx(&Blob::from_vec([text, model(&[relu()])].concat())));
}

/// Two gigabytes in one tensor: a model in front of it and behind it, zeros in between.
struct Huge {
    front: Vec<u8>,
    back: Vec<u8>,
    zeros: u64,
    read: AtomicU64,
}

impl artifact::ReadAt for Huge {
    fn len(&self) -> u64 {
        (self.front.len() + self.back.len()) as u64 + self.zeros
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let behind = self.front.len() as u64 + self.zeros;
        for (at, byte) in (offset..).zip(buffer.iter_mut()) {
            *byte = match usize::try_from(at).unwrap() {
                at if at < self.front.len() => self.front[at],
                _ if at >= behind => self.back[usize::try_from(at - behind).unwrap()],
                _ => 0,
            };
        }
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        buffer.len()
    }
}

#[test]
fn weights_are_not_read() {
    let zeros = 2u64 << 30;
    let fields = [n(1, zeros / 4), n(2, 1), b(8, "w"), varint(9 << 3 | 2), varint(zeros)].concat();
    let in_tensor = fields.len() as u64 + zeros;
    let graph = [relu(), varint(5 << 3 | 2), varint(in_tensor), fields].concat();
    let in_graph = graph.len() as u64 + zeros;
    let front = [n(1, 10), varint(7 << 3 | 2), varint(in_graph), graph].concat();
    let source = Arc::new(Huge { front, back: b(8, n(2, 21)), zeros, read: 0.into() });
    let blob = Blob::new(source.clone());
    assert!(is_onnx(&blob));
    let model = read(&blob);
    assert_eq!(model.oddities, []);
    assert_eq!(model.tensors[0].data.map(Span::len), Some(zeros));
    assert_eq!(model.opsets.len(), 1);
    assert!(source.read.load(Ordering::Relaxed) < 1 << 20);
}

#[test]
fn what_is_kept_is_bounded() {
    let many: Vec<Vec<u8>> = (0..6000).map(|at| node(&format!("Op{at}"), &[])).collect();
    let model_of = |graph: &[Vec<u8>]| read(&Blob::from_vec(model(graph)));
    let operators = model_of(&many);
    assert_eq!((operators.operators.len(), operators.nodes), (MAX_OPERATORS, 6000));
    assert!(operators.oddities.iter().all(|odd| odd.kind == K::NotRetained));
    assert!(!operators.oddities.is_empty());
    let unknown: Vec<Vec<u8>> = (0..5000).flat_map(|_| [b(99, "x"), relu()]).collect();
    assert!(model_of(&unknown).regions.len() <= MAX_UNEXPLAINED + 1);

    // A thousand graphs in each other.
    let mut deep = relu();
    for _ in 0..1_000 {
        deep = node("If", &[b(5, [b(1, "then_branch"), b(6, deep)].concat())]);
    }
    let deep = model_of(&[deep]);
    assert!(deep.oddities.iter().any(|odd| odd.kind == K::TooDeep));
    // And as many types.
    let mut kind = b(1, n(1, 1));
    for _ in 0..1_000 {
        kind = b(4, b(1, kind));
    }
    let typed = model_of(&[relu(), b(11, [b(1, "x"), b(2, kind)].concat())]);
    assert!(typed.oddities.iter().any(|odd| odd.kind == K::TooDeep));
}
