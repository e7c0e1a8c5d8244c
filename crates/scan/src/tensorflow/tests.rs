use artifact::Blob;
use formats::tensorflow::{Kind, read_text};

use super::*;

/// A `SavedModel` with this graph, which gives `y` of `x`, and what stands beside the graph.
fn saved(graph: &str, beside: &str) -> Vec<String> {
    let text = format!(
        "meta_graphs {{ graph_def {{ {graph} }} {beside} signature_def {{ key: \"s\" value {{ \
         outputs {{ key: \"y\" value {{ name: \"y:0\" }} }} }} }} }}"
    );
    told(&text, Kind::SavedModel)
}

fn told(text: &str, kind: Kind) -> Vec<String> {
    let model = read_text(&Blob::from_vec(text.as_bytes().to_vec()), kind);
    assert_eq!(model.oddities, [], "{text}");
    let deeds = judge(&model).deeds;
    deeds.into_iter().map(|deed| format!("{:?}: {}", deed.class, deed.message)).collect()
}

fn constant(name: &str, text: &str) -> String {
    format!(
        "node {{ name: \"{name}\" op: \"Const\" attr {{ key: \"value\" value {{ tensor {{ \
         dtype: DT_STRING string_val: \"{text}\" }} }} }} }} "
    )
}

#[test]
fn tells_what_is_done_to_what_and_when() {
    let read = constant("p", "/x") + r#"node { name: "y" op: "ReadFile" input: "p" }"#;
    assert_eq!(saved(&read, ""), ["File: `ReadFile` reads `/x`, when the model is called"]);
    let init =
        r#"collection_def { key: "saved_model_main_op" value { node_list { value: "y" } } }"#;
    assert_eq!(saved(&read, init), ["File: `ReadFile` reads `/x`, on loading"]);
    let later = constant("p", "/x")
        + r#"node { name: "z" op: "ReadFile" input: "p" }
        node { name: "y" op: "NoOp" }"#;
    let never = "Idle: `ReadFile` reads `/x`, only if somebody runs it by its name";
    assert_eq!(saved(&later, ""), [never]);
    let joined = constant("a", "/x/")
        + r#"node { name: "c" op: "Placeholder" }
        node { name: "p" op: "StringJoin" input: "a" input: "c" }
        node { name: "y" op: "WriteFile" input: "p" input: "c" }"#;
    let made = "File: `WriteFile` writes what is made of `/x/…`, when the model is called";
    assert_eq!(saved(&joined, ""), [made]);
}

#[test]
fn what_a_loader_gives_is_calm() {
    let saver = r#"node { name: "c" op: "Placeholder" }
        node { name: "j" op: "StringJoin" input: "c" input: "t" }
        node { name: "s" op: "ShardedFilename" input: "j" input: "n" input: "n" }
        node { name: "n" op: "Const" attr { key: "value" value { tensor { dtype: DT_INT32 } } } }
        node { name: "w" op: "SaveV2" input: "s" input: "t" input: "t" input: "n" }
        node { name: "y" op: "NoOp" } "#;
    let saver = constant("t", "_temp/part") + saver;
    let beside = r#"saver_def { filename_tensor_name: "c:0" save_tensor_name: "w" }"#;
    assert_eq!(saved(&saver, beside), [""; 0]);
    let table = constant("p", "/home/me/vocab.txt")
        + r#"node { name: "h" op: "HashTableV2" } node { name: "y" op: "NoOp" }
        node { name: "i" op: "InitializeTableFromTextFileV2" input: "h" input: "p" }"#;
    let beside = r#"asset_file_def { tensor_info { name: "p:0" } filename: "vocab.txt" }
        collection_def { key: "legacy_init_op" value { node_list { value: "i" } } }"#;
    assert_eq!(saved(&table, beside), [""; 0]);
    assert_eq!(saved(&table, "").len(), 1);
}

#[test]
fn the_graph_of_a_training_may_name_its_files() {
    let graph = constant("p", "/data/train")
        + r#"node { name: "d" op: "TFRecordDataset" input: "p" }
        node { name: "f" op: "PyFunc" }"#;
    let meta = told(&format!("graph_def {{ {graph} }}"), Kind::MetaGraph);
    assert!(meta.iter().all(|line| line.starts_with("Idle")) && meta.len() == 2, "{meta:?}");
    let frozen = told(&graph, Kind::Graph);
    assert!(frozen[0].starts_with("File") && frozen[1].starts_with("Code"), "{frozen:?}");
}

#[test]
fn loops_and_depth_end() {
    let mut graph = String::new();
    for n in 0..3000 {
        let next = (n + 1) % 3000;
        graph.push_str(&format!(
            "node {{ name: \"n{n}\" op: \"ConcatV2\" input: \"n{next}\" input: \"n{next}\" }} \
             node {{ name: \"r{n}\" op: \"ReadFile\" input: \"n{n}\" }} "
        ));
    }
    assert!(told(&graph, Kind::Graph).len() >= 1000);
    let calls = r#"library {
        function { signature { name: "f" input_arg { name: "a" } }
          node_def { name: "c" op: "g" input: "a" } }
        function { signature { name: "g" input_arg { name: "a" } }
          node_def { name: "c" op: "f" input: "a" } node_def { name: "r" op: "ReadFile" input: "a" } }
        } node { name: "c" op: "f" input: "c" }"#;
    assert_eq!(told(calls, Kind::Graph).len(), 1);
}
