use super::OddityKind as K;
use super::*;
use crate::DType;
use crate::harness;

/// Puts files together, also wrong ones.
struct Maker {
    bytes: Vec<u8>,
    endian: Endian,
    narrow: bool,
}

impl Maker {
    fn new(version: u32, endian: Endian, tensors: u64, pairs: u64) -> Self {
        let mut maker = Self { bytes: b"GGUF".to_vec(), endian, narrow: version == 1 };
        maker.u32(version);
        maker.length(tensors);
        maker.length(pairs);
        maker
    }

    fn v3(tensors: u64, pairs: u64) -> Self {
        Self::new(3, Endian::Little, tensors, pairs)
    }

    fn put(&mut self, little: &[u8]) -> &mut Self {
        match self.endian {
            Endian::Little => self.bytes.extend_from_slice(little),
            Endian::Big => self.bytes.extend(little.iter().rev()),
        }
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    fn length(&mut self, value: u64) -> &mut Self {
        if self.narrow {
            self.u32(u32::try_from(value).unwrap())
        } else {
            self.put(&value.to_le_bytes())
        }
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.length(text.len() as u64);
        self.bytes.extend_from_slice(text);
        self
    }

    fn pair_text(&mut self, key: &[u8], value: &[u8]) -> &mut Self {
        self.text(key).u32(8).text(value)
    }

    fn pair_u32(&mut self, key: &[u8], value: u32) -> &mut Self {
        self.text(key).u32(4).u32(value)
    }

    fn tensor(&mut self, name: &[u8], shape: &[u64], id: u32, offset: u64) -> &mut Self {
        self.text(name).u32(u32::try_from(shape.len()).unwrap());
        for size in shape {
            self.length(*size);
        }
        self.u32(id).put(&offset.to_le_bytes())
    }

    fn data(&mut self, len: usize) -> &mut Self {
        let start = self.bytes.len().next_multiple_of(32);
        self.bytes.resize(start + len, 0);
        self
    }

    fn read(&self) -> Gguf {
        read(&Blob::from_vec(self.bytes.clone()))
    }

    fn kinds(&self) -> Vec<K> {
        let mut kinds: Vec<K> = self.read().oddities.iter().map(|o| o.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

fn sample(version: u32, endian: Endian) -> Maker {
    let mut maker = Maker::new(version, endian, 2, 5);
    maker.pair_text(b"general.architecture", b"llama").pair_u32(b"general.alignment", 32);
    maker.text(b"tokenizer.ggml.tokens").u32(9).u32(8).length(2).text(b"a").text("é".as_bytes());
    maker.text(b"x.flag").u32(7).put(&[1]).text(b"x.scale").u32(12).put(&1.5f64.to_le_bytes());
    maker.tensor(b"t.weight", &[3, 2], 0, 0).tensor(b"q.weight", &[32], 2, 32).data(64);
    maker
}

#[test]
fn reads_every_version_in_both_orders() {
    for version in 1..=3 {
        for endian in [Endian::Little, Endian::Big] {
            let maker = sample(version, endian);
            let out = maker.read();
            assert_eq!(out.oddities, [], "{version} {endian:?}");
            assert_eq!((out.version, out.endian), (version, endian));
            assert_eq!((out.tensor_count, out.kv_count, out.kv.len()), (2, 5, 5));
            let tokens = out.get("tokenizer.ggml.tokens").unwrap().as_array().unwrap();
            assert_eq!((tokens.len, tokens.element), (2, ValueType::String));
            assert_eq!(tokens.items[1].as_text().unwrap().text.raw(), "é");
            assert_eq!(out.get("x.scale"), Some(&KvValue::Float(1.5, ValueType::F64)));
            assert_eq!(out.get("x.flag"), Some(&KvValue::Bool(true)));
            let start = out.data_start.unwrap();
            assert_eq!(start % 32, 0);
            let q = &out.tensors[1];
            assert_eq!((q.tensor.dtype, q.type_id), (Some(DType::Q4_0), 2));
            assert_eq!(q.tensor.data, Span::new(start + 32, start + 50));
            assert_eq!(out.tensors[0].tensor.shape, [3, 2]);
            let spans: Vec<_> = out.regions.iter().map(|r| r.span).collect();
            assert_eq!(Span::uncovered(&spans, maker.bytes.len() as u64), [], "{:?}", out.regions);
        }
    }
}

#[test]
fn names_faults_of_pairs() {
    let one = |fill: &dyn Fn(&mut Maker)| {
        let mut maker = Maker::v3(0, 1);
        fill(&mut maker);
        maker.kinds()
    };
    assert_eq!(one(&|m| _ = m.pair_text(b"a.b", b"x")), []);
    assert_eq!(one(&|m| _ = m.pair_text(b"", b"x")), [K::EmptyKey]);
    assert_eq!(one(&|m| _ = m.pair_text(b"tokenizer.chat_template\0x", b"x")), [K::NulInKey]);
    assert_eq!(one(&|m| _ = m.pair_text("schlüssel".as_bytes(), b"x")), [K::KeyNotAscii]);
    assert_eq!(one(&|m| _ = m.pair_text(&[b'k'; 65_536], b"x")), [K::LongKey]);
    assert_eq!(one(&|m| _ = m.pair_text(b"k", b"\xff")), [K::InvalidUtf8]);
    assert_eq!(one(&|m| _ = m.text(b"k").u32(7).put(&[2])), [K::BadBool]);
    assert_eq!(one(&|m| _ = m.text(b"k").u32(13).put(&[2])), [K::Truncated, K::UnknownValueType]);
    assert_eq!(
        one(&|m| _ = m.text(b"k").u32(9).u32(99).length(3)),
        [K::Truncated, K::UnknownValueType]
    );
    assert_eq!(one(&|m| _ = m.text(b"k").u32(9).u32(0).length(1 << 60)), [K::Truncated]);
    assert_eq!(one(&|m| _ = m.text(b"k").u32(9).u32(10).length(1 << 61)), [K::Truncated]);
    assert_eq!(one(&|m| _ = m.text(b"k").u32(9).u32(8).length(1 << 60).text(b"a")), [K::Truncated]);
    assert_eq!(one(&|m| _ = m.length(u64::MAX)), [K::Truncated, K::CountTooLarge].sorted());
    assert_eq!(one(&|m| _ = m.text(b"k").u32(8).length(u64::MAX)), [K::Truncated]);
    let nested = |m: &mut Maker| {
        m.text(b"k").u32(9).u32(9).length(1).u32(9).length(1).u32(0).length(2).put(&[1]).put(&[2]);
    };
    assert_eq!(one(&nested), [K::NestedArray]);
    let deep = |m: &mut Maker| {
        m.text(b"k").u32(9);
        for _ in 0..1000 {
            m.u32(9).length(1);
        }
    };
    assert_eq!(one(&deep), [K::Truncated, K::NestedArray, K::NestedTooDeep]);

    let two = |first: &[u8], second: &[u8]| {
        Maker::v3(0, 2).pair_text(first, b"x").pair_text(second, b"y").kinds()
    };
    assert_eq!(two(b"a", b"a"), [K::DuplicateKey]);
    assert_eq!(two(b"a", b"a\0b"), [K::DuplicateKey, K::NulInKey]);
    assert_eq!(two(b"a\0b", b"a"), [K::DuplicateKey, K::NulInKey]);
    assert_eq!(
        Maker::v3(0, u64::MAX).pair_text(b"a", b"x").kinds(),
        [K::Truncated, K::CountTooLarge]
    );
}

trait Sorted {
    fn sorted(self) -> Vec<K>;
}

impl<const N: usize> Sorted for [K; N] {
    fn sorted(mut self) -> Vec<K> {
        self.sort_unstable();
        self.to_vec()
    }
}

#[test]
fn names_faults_of_well_known_keys() {
    let align = |value| Maker::v3(0, 1).pair_u32(b"general.alignment", value).kinds();
    assert_eq!(align(8), []);
    assert_eq!(align(0), [K::BadAlignment]);
    assert_eq!(align(33), [K::BadAlignment]);
    assert_eq!(align(1 << 31), [K::HugeAlignment]);
    let wrong = Maker::v3(0, 1).pair_text(b"general.alignment", b"32").read();
    assert_eq!((wrong.oddities[0].kind, wrong.alignment), (K::WrongType, 32));
    // A template as an array, past scanners that look for text.
    let mut template = Maker::v3(0, 1);
    template.text(b"tokenizer.chat_template").u32(9).u32(8).length(1).text(b"{{ x }}");
    assert_eq!(template.kinds(), [K::WrongType]);
    let named = Maker::v3(0, 1).pair_u32(b"tokenizer.chat_template.tool", 1).kinds();
    assert_eq!(named, [K::WrongType]);
    let mut tokens = Maker::v3(0, 2);
    tokens.text(b"tokenizer.ggml.tokens").u32(9).u32(8).length(1).text(b"a");
    tokens.text(b"tokenizer.ggml.scores").u32(9).u32(6).length(0);
    assert_eq!(tokens.kinds(), [K::VocabularyLengths]);

    let split = |no: u16, count: u16, total: i32| {
        let mut maker = Maker::v3(0, 3);
        maker.text(b"split.no").u32(2).put(&no.to_le_bytes());
        maker.text(b"split.count").u32(2).put(&count.to_le_bytes());
        maker.text(b"split.tensors.count").u32(5).put(&total.to_le_bytes());
        maker.kinds()
    };
    assert_eq!(split(1, 2, 7), []);
    assert_eq!(split(0, 0, 7), []);
    assert_eq!(split(2, 2, 7), [K::Split]);
    assert_eq!(Maker::v3(0, 1).pair_u32(b"split.no", 1).kinds(), [K::WrongType, K::Split]);
}

#[test]
fn names_faults_of_tensors() {
    let one = |name: &[u8], shape: &[u64], id, offset, data| {
        Maker::v3(1, 0).tensor(name, shape, id, offset).data(data).kinds()
    };
    assert_eq!(one(b"t", &[8], 0, 0, 32), []);
    assert_eq!(one(b"t", &[8], 0, 0, 64), [K::TrailingBytes]);
    assert_eq!(one(b"t", &[8], 0, 0, 31), [K::PastEnd]);
    assert_eq!(one(b"t", &[8], 0, 32, 64), [K::Gap]);
    assert_eq!(one(b"t", &[4], 0, 4, 32), [K::Unaligned, K::Gap]);
    assert_eq!(one(b"t", &[0], 0, 0, 0), [K::ZeroDimension]);
    assert_eq!(one(b"t", &[1, 1, 1, 1, 8], 0, 0, 32), [K::TooManyDimensions]);
    assert_eq!(one(b"t", &[1 << 32, 1 << 32], 0, 0, 0), [K::Overflow]);
    assert_eq!(one(b"t", &[1 << 63], 0, 0, 0), [K::Overflow]);
    assert_eq!(one(b"t", &[(1 << 62) + 1], 28, 0, 0), [K::Overflow]);
    assert_eq!(one(b"t", &[8], 0, u64::MAX - 31, 0), [K::Overflow]);
    assert_eq!(one(b"t", &[8], 99, 0, 32), [K::UnknownDtype]);
    assert_eq!(one(b"t", &[33], 2, 0, 32), [K::PartialBlock]);
    assert_eq!(one(b"", &[8], 0, 0, 32), [K::EmptyName]);
    assert_eq!(one(&[b'n'; 64], &[8], 0, 0, 32), [K::LongName]);
    assert_eq!(one(b"a\0b", &[8], 0, 0, 32), [K::NulInName]);
    assert_eq!(one(b"\xff", &[8], 0, 0, 32), [K::InvalidUtf8]);

    let two = |name: &[u8], offset| {
        let mut maker = Maker::v3(2, 0);
        maker.tensor(b"a", &[16], 0, 0).tensor(name, &[8], 0, offset).data(96).kinds()
    };
    assert_eq!(two(b"b", 64), []);
    assert_eq!(two(b"a", 64), [K::DuplicateName]);
    assert_eq!(two(b"b", 32), [K::Overlap, K::TrailingBytes]);

    let mut hidden = Maker::v3(1, 0);
    hidden.tensor(b"t", &[8], 0, 0).put(&[1]).data(32);
    assert_eq!(hidden.kinds(), [K::Padding]);
    assert_eq!(Maker::v3(1 << 60, 0).kinds(), [K::Truncated, K::CountTooLarge]);
    let mut dims = Maker::v3(1, 0);
    dims.text(b"t").u32(u32::MAX);
    assert_eq!(dims.kinds(), [K::Truncated, K::CountTooLarge, K::TooManyDimensions]);
}

#[test]
fn names_faults_of_the_frame() {
    let kinds = |bytes: &[u8]| -> Vec<K> {
        read(&Blob::from_vec(bytes.to_vec())).oddities.iter().map(|o| o.kind).collect()
    };
    assert_eq!(kinds(b""), [K::BadMagic, K::Truncated]);
    assert_eq!(kinds(b"GGUF"), [K::Truncated]);
    assert_eq!(Maker::new(4, Endian::Little, 0, 0).kinds(), [K::UnknownVersion]);
    assert_eq!(Maker::new(0, Endian::Little, 0, 0).kinds(), [K::UnknownVersion]);
    assert_eq!(legacy(b"tjgg\x03"), Some(Legacy::Ggjt));
    assert_eq!(legacy(b"ggjt"), None);
}

#[test]
fn keeps_little_of_a_large_vocabulary() {
    let mut maker = Maker::v3(0, 1);
    maker.text(b"tokenizer.ggml.tokens").u32(9).u32(8).length(250_000);
    for n in 0..250_000u32 {
        maker.text(format!("token{n}").as_bytes());
    }
    let out = maker.read();
    assert_eq!(out.oddities, []);
    let tokens = out.kv[0].value.as_array().unwrap();
    assert_eq!((tokens.len, tokens.items.len()), (250_000, MAX_ITEMS));
    // Arrays in arrays keep nothing but their lengths.
    let mut maker = Maker::v3(0, 1);
    maker.text(b"k").u32(9).u32(9).length(1000);
    for _ in 0..1000 {
        maker.u32(0).length(100).bytes.extend_from_slice(&[1; 100]);
    }
    let out = maker.read();
    let array = out.kv[0].value.as_array().unwrap();
    assert_eq!(array.items.len(), MAX_ITEMS);
    assert!(array.items.iter().all(|i| i.as_array().is_some_and(|a| a.items.is_empty())));
    assert_eq!(out.kv[0].at.end, maker.bytes.len() as u64);
}

#[test]
fn survives_anything() {
    for endian in [Endian::Little, Endian::Big] {
        for version in [1, 3] {
            harness::survive(&sample(version, endian).bytes, |blob| {
                read(blob);
            });
        }
    }
}

#[test]
fn agrees_with_the_gguf_package() {
    let folder = tempfile::tempdir().unwrap();
    let write = r#"
import numpy as np, gguf
Q = gguf.GGMLQuantizationType
def write(name, fill, endian=gguf.GGUFEndian.LITTLE, align=None):
    w = gguf.GGUFWriter(name + ".gguf", "llama", endianess=endian)
    if align: w.add_custom_alignment(align)
    fill(w)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
def pairs(w):
    w.add_name("n\u00e9"); w.add_file_type(1); w.add_quantization_version(2); w.add_context_length(8)
    w.add_uint8("a.u8", 1); w.add_int8("a.i8", -1); w.add_uint16("a.u16", 1); w.add_int16("a.i16", -1)
    w.add_uint64("a.u64", 2**63); w.add_int64("a.i64", -2**62); w.add_float32("a.f", 1.5); w.add_float64("a.d", 2.5)
    w.add_bool("a.b", True); w.add_array("a.a", [1, 2, 3]); w.add_array("a.s", ["x", "\u6a21"])
    w.add_tokenizer_model("llama"); w.add_token_list([f"t{n}" for n in range(2000)])
    w.add_token_scores([0.5] * 2000); w.add_token_types([1] * 2000); w.add_token_merges(["a b"])
    w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_add_bos_token(True)
    w.add_chat_template([{"name": "default", "template": "{{ x }}"}, {"name": "tool_use", "template": "{{ y }}"}])
    w.add_precompiled_charsmap(b"\x01\x02")
def tensors(w):
    pairs(w)
    for n, t in enumerate(["f4", "f2", "f8", "i1", "i2", "i4", "i8"]):
        w.add_tensor(f"t.{n}", np.ones((3, 5), t))
    for q, (block, size) in gguf.GGML_QUANT_SIZES.items():
        if block > 1 and q != Q.Q8_1:
            w.add_tensor(f"q.{q.name}", np.zeros((2, size * 3), np.uint8), raw_dtype=q)
    w.add_tensor("bf16", np.zeros((2, 6), np.uint8), raw_dtype=Q.BF16)
write("empty", lambda w: None)
write("pairs", pairs)
write("tensors", tensors)
write("big", lambda w: (pairs(w), w.add_tensor("t", np.ones((3, 5), "f4"))), gguf.GGUFEndian.BIG)
for align in (8, 64, 4096): write(f"align{align}", tensors, align=align)
for name in ["tensors", "align64"]:
    r = gguf.GGUFReader(name + ".gguf")
    for t in r.tensors:
        print(name, t.name, t.tensor_type.name, t.data_offset, t.n_bytes, ",".join(str(int(n)) for n in t.shape))
"#;
    let Some(said) = harness::python("numpy, gguf", write, folder.path()) else { return };
    let files = harness::files(folder.path(), "gguf");
    assert_eq!(files.len(), 7);
    let mut ours = Vec::new();
    for path in &files {
        let blob = harness::load(path);
        let out = read(&blob);
        assert_eq!(out.oddities, [], "{}", path.display());
        let spans: Vec<_> = out.regions.iter().map(|r| r.span).collect();
        assert_eq!(Span::uncovered(&spans, blob.len()), []);
        let stem = path.file_stem().unwrap().to_str().unwrap();
        for TensorInfo { tensor, .. } in &out.tensors {
            let shape: Vec<_> = tensor.shape.iter().map(u64::to_string).collect();
            ours.push(format!(
                "{stem} {} {} {} {} {}",
                tensor.name,
                tensor.dtype.unwrap(),
                tensor.data.start,
                tensor.data.len(),
                shape.join(",")
            ));
        }
    }
    assert!(said.lines().count() > 60);
    for line in said.lines() {
        assert!(ours.iter().any(|our| our == line), "{line}");
    }
}
