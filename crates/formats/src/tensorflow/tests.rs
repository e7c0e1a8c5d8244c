use super::*;
use crate::harness::survive;

const GRAPH: &str = r#"
node { name: "path" op: "Const"
  attr { key: "dtype" value { type: DT_STRING } }
  attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { } string_val: "/etc/" 'host\156ame' } } } }
node { name: "read" op: "ReadFile" input: "path" input: "^other" }
node < name: "call" op: "PartitionedCall", attr { key: "f" value { func { name: "g" } } }; >
library { function { signature { name: "g" input_arg { name: "x" type: DT_STRING } }
  node_def { name: "print" op: "PrintV2" input: "x"  # a comment
    attr { key: "output_stream" value { s: "file:///tmp/x" } } }
  ret { key: "y" value: "x" } } }
versions { producer: 1 bad_consumers: [1, 2] }
"#;

fn text(text: &str) -> Blob {
    Blob::from_vec(text.as_bytes().to_vec())
}

fn saved(graph: &str) -> String {
    format!(
        "saved_model_schema_version: 1\nmeta_graphs {{ meta_info_def {{ tags: \"serve\" \
         any_info {{ [type.googleapis.com/x.Y] {{ a: 1 }} }} }} graph_def {{ {graph} }} \
         collection_def {{ key: \"saved_model_assets\" value {{ any_list {{ value {{ \
         [type.googleapis.com/tensorflow.AssetFileDef] {{ tensor_info {{ name: \"path:0\" }} \
         filename: \"../v.txt\" }} }} }} }} }} }}"
    )
}

#[test]
fn reads_text_and_its_translation() {
    let blob = text(GRAPH);
    assert_eq!(text_likeness(&blob), Some(Kind::Graph));
    let model = read_text(&blob, Kind::Graph);
    assert_eq!(model.oddities, []);
    let graph = &model.meta_graphs[0];
    assert_eq!(graph.nodes.len(), 3);
    assert_eq!(graph.nodes[1].inputs.len(), 2);
    let AttrValue::Tensor(texts, true) = &graph.nodes[0].attrs[0].value else {
        panic!("{:?}", graph.nodes[0])
    };
    assert_eq!(texts[0].text.raw(), "/etc/hostname");
    assert_eq!(graph.functions[0].args[0].raw(), "x");
    assert_eq!(graph.functions[0].nodes[0].op.raw(), "PrintV2");
    let AttrValue::Functions(names) = &graph.nodes[2].attrs[0].value else { panic!() };
    assert_eq!(names[0].raw(), "g");

    // The translation is the binary form, and is known as such.
    assert_eq!(likeness(&model.wire), [Kind::Graph]);
    let again = read(&model.wire, Kind::Graph);
    assert_eq!(again.meta_graphs[0].nodes.len(), 3);
    assert_eq!(again.regions.len(), 1);
}

#[test]
fn reads_what_surrounds_a_graph() {
    let model = read_text(&text(&saved(GRAPH)), Kind::SavedModel);
    assert_eq!(model.oddities, []);
    let graph = &model.meta_graphs[0];
    assert_eq!(graph.tags[0].raw(), "serve");
    assert_eq!(graph.assets[0].file.raw(), "../v.txt");
    assert_eq!(graph.assets[0].tensor.raw(), "path:0");
    assert_eq!(likeness(&model.wire), [Kind::SavedModel]);
    assert_eq!(text_likeness(&text(&saved(GRAPH))), Some(Kind::SavedModel));
}

#[test]
fn takes_nothing_else_for_a_graph() {
    for other in ["version: 1\nkey: value\n", "library:\n  - a\n", "item { id: 1 name: 'cat' }", ""]
    {
        assert_eq!(text_likeness(&text(other)), None, "{other}");
    }
    // A sentencepiece model, an ONNX model, a map of labels: messages with other fields.
    for other in [
        &b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02\x0a\x0a\x0a\x01a\x15\0\0\0\0"[..],
        b"\x08\x08\x12\x07pytorch\x3a\x10\x0a\x0e\x0a\x01x\x12\x01y\x1a\x02n0\x22\x02Or",
        b"\x0a\x07\x08\x01\x12\x03cat",
    ] {
        assert_eq!(likeness(&Blob::from_vec(other.to_vec())), [], "{other:?}");
    }
}

/// Fields that nobody knows, in front of it, do not hide a graph.
#[test]
fn a_graph_behind_six_million_fields_is_one() {
    let model = read_text(&text(&saved(GRAPH)), Kind::SavedModel);
    let mut bytes = b"\x78\0".repeat(6_000_000);
    bytes.extend(model.wire.bytes_at(0, 1 << 20));
    assert_eq!(likeness(&Blob::from_vec(bytes)), [Kind::SavedModel]);
}

#[test]
fn texts_in_the_raw_form_are_read() {
    // Two texts as `tensor_content`: their lengths, then the texts.
    let node = br#"node { name: "c" op: "Const" attr { key: "value" value { tensor {
        dtype: DT_STRING tensor_shape { dim { size: 2 } } tensor_content: "\001\004a/tmp" } } } }"#;
    let model = read_text(&Blob::from_vec(node.to_vec()), Kind::Graph);
    let AttrValue::Tensor(texts, true) = &model.meta_graphs[0].nodes[0].attrs[0].value else {
        panic!()
    };
    let texts: Vec<&str> = texts.iter().map(|text| text.text.raw()).collect();
    assert_eq!(texts, ["a", "/tmp"]);
}

#[test]
fn a_value_that_is_replaced_is_odd() {
    let model =
        read_text(&text(r#"node { name: "a" op: "Identity" op: "ReadFile" }"#), Kind::Graph);
    assert_eq!(model.oddities[0].kind, OddityKind::Twice);
    let model = read_text(&text(r#"node { name: "a" op: "Identity" "#), Kind::Graph);
    assert_eq!(model.oddities[0].kind, OddityKind::Syntax);
    let model = read_text(&text(r#"node { name: "a" op: "Identity" } node { op: {"#), Kind::Graph);
    assert_eq!(model.oddities[0].kind, OddityKind::Syntax);
    assert_eq!(model.meta_graphs[0].nodes.len(), 2);
}

#[test]
fn deep_and_wide_texts_end() {
    let deep = "node { attr { value { func { attr { value { func { ".repeat(20_000);
    let model = read_text(&text(&deep), Kind::Graph);
    assert_eq!(model.oddities[0].kind, OddityKind::Syntax);
    let wide = "a: [".repeat(100_000);
    read_text(&text(&wide), Kind::Graph);
}

#[test]
fn survives_anything() {
    survive(GRAPH.as_bytes(), |blob| {
        text_likeness(blob);
        read_text(blob, Kind::Graph);
    });
    let wire = read_text(&text(&saved(GRAPH)), Kind::SavedModel).wire;
    let bytes = wire.bytes_at(0, 1 << 20);
    survive(&bytes, |blob| {
        likeness(blob);
        for kind in [Kind::SavedModel, Kind::MetaGraph, Kind::Graph] {
            read(blob, kind);
        }
    });
}

/// The index of a checkpoint with one tensor, as TensorFlow 2.21 writes it.
fn index() -> Vec<u8> {
    INDEX_HEX
        .as_bytes()
        .chunks_exact(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}

const INDEX_HEX: &str = "\
    00000608011a02080100011377080112081202080212020801280835304704680000000001000000\
    00b5045aa9000000000100000000c0f2a1b0000102780028000000000100000000947982842d083a\
    0e00000000000000000000000000000000000000000000000000000000000000000000000057fb80\
    8b247547db";

#[test]
fn reads_the_index_of_a_checkpoint() {
    let bytes = index();
    let blob = Blob::from_vec(bytes.clone());
    assert!(is_index(&blob));
    let read = read_checkpoint(&blob);
    assert_eq!(read.oddities, []);
    assert_eq!(read.shards, 1);
    assert_eq!(read.tensors.len(), 1);
    let entry = &read.tensors[0];
    assert_eq!(
        (entry.name.raw(), entry.dtype_name(), entry.data),
        ("w", "float32", Span::new(0, 8))
    );
    assert_eq!(entry.shape, [2, 1]);
    let spans: Vec<Span> = read.regions.iter().map(|region| region.span).collect();
    assert_eq!(Span::uncovered(&spans, blob.len()), []);
    survive(&bytes, |blob| {
        is_index(blob);
        read_checkpoint(blob);
    });
}

#[test]
fn hashes_as_farmhash_does() {
    for (len, hash) in [
        (0, 11_160_318_154_034_397_263),
        (1, 13_745_158_429_558_087_051),
        (3, 4_662_423_180_930_907_492),
        (4, 17_566_270_577_251_613_586),
        (7, 5_759_834_791_111_993_764),
        (8, 907_454_142_650_066_470),
        (16, 9_140_634_717_936_656_744),
        (17, 14_506_534_093_795_057_959),
        (32, 11_907_377_154_618_496_232),
        (33, 14_001_582_926_318_596_329),
        (64, 389_040_666_157_116_578),
        (65, 8_638_051_931_306_504_420),
        (128, 7_379_187_116_787_024_497),
        (129, 10_961_879_714_037_014_659),
        (500, 9_038_384_600_869_339_353_u64),
    ] {
        let bytes: Vec<u8> = (0..len).map(|n: u32| (n * 7 + 3).to_le_bytes()[0]).collect();
        assert_eq!(farm_hash(&bytes), hash, "{len} bytes");
    }
}
