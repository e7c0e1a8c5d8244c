//! The rules, one file and one page each.
//!
//! To add one: `<name>.rs` with its [`Rule`] and its `check`, `<name>.md` with its page, one `mod`
//! line and one line in [`ALL`].

mod archive_irregular;
mod archive_unsafe_path;
mod base_model_elsewhere;
mod code_from_another_repository;
mod config_names_callable;
mod config_odd_value;
mod config_unknown_callable;
mod config_unsafe_path;
mod config_weights_mismatch;
mod custom_code;
mod embedded_executable;
mod executable_file;
mod extension_mismatch;
mod gguf_malformed;
mod hdf5_external_file;
mod hdf5_malformed;
mod hdf5_unsafe_path;
mod hidden_bytes;
mod hub_cache_mismatch;
mod index_mismatch;
mod index_unsafe_path;
mod keras_code_execution;
mod keras_custom_object;
mod keras_file_access;
mod keras_foreign_object;
mod keras_lambda;
mod link_outside;
mod modelfile_source;
mod notebook_active_output;
mod npy_malformed;
mod object_array;
mod onnx_custom_operator;
mod onnx_external_data;
mod onnx_malformed;
mod onnx_metadata_code;
mod onnx_operator_effect;
mod part_from_elsewhere;
mod pickle_code_execution;
mod pickle_expansion;
mod pickle_file_access;
mod pickle_import_tampering;
mod pickle_indirect_call;
mod pickle_malformed;
mod pickle_native_code;
mod pickle_native_parser;
mod pickle_nested;
mod pickle_network_access;
mod pickle_parser_differential;
mod pickle_unknown_callable;
mod possible_secret;
mod python_bytecode;
mod python_bytecode_runs;
mod python_code;
mod python_effect;
mod python_hostile_code;
mod python_import_effect;
mod python_import_execution;
mod python_odd_source;
mod python_program;
mod python_use_execution;
mod remote_code_unasked;
mod requirements_direct_source;
mod requirements_foreign_source;
mod safetensors_malformed;
mod script_code;
mod script_hostile_command;
mod secret_in_file;
mod template_added_text;
mod template_condition_on_content;
mod template_dropped_message;
mod template_hidden_characters;
mod template_hidden_instruction;
mod template_malformed;
mod template_resource;
mod template_sandbox_escape;
mod template_unlisted_text;
mod tensorflow_caller_file;
mod tensorflow_checkpoint_malformed;
mod tensorflow_code_execution;
mod tensorflow_file_access;
mod tensorflow_fingerprint_mismatch;
mod tensorflow_idle_operator;
mod tensorflow_malformed;
mod tensorflow_network_access;
mod tensorflow_unknown_operator;
mod torchscript_code;
mod torchscript_unknown_operator;
mod unknown_model_class;
mod yaml_python_tag;
mod zip_tampered;

use vocabulary::{Place, Rule};

use crate::configuration::Kind;
use crate::judge::{Act, Class};
use crate::python::reach::Level;
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates;
use crate::tensorflow;

/// A rule and what it does with a subject.
pub(crate) struct Entry {
    /// The rule.
    pub(crate) rule: &'static Rule,
    /// Looks at one subject; most subjects are none of its business.
    pub(crate) check: fn(&Place, &Content<'_>, &mut Sink),
}

/// Declares the rule of a file: its name, severity, threats and identifiers elsewhere. The summary
/// is what a finding of it says in one line; the page stands beside the file.
macro_rules! rule {
    (
        $name:literal, $severity:ident, $summary:literal,
        threats: [$($threat:ident),+ $(,)?],
        cwe: [$($cwe:literal),* $(,)?],
        atlas: [$($atlas:literal),* $(,)?],
        aisvs: [$($aisvs:literal),* $(,)?] $(,)?
    ) => {
        #[doc = $summary]
        pub(crate) static RULE: vocabulary::Rule = vocabulary::Rule {
            name: $name,
            summary: $summary,
            severity: vocabulary::Severity::$severity,
            threats: &[$(vocabulary::Threat::$threat),+],
            maps_to: vocabulary::MapsTo {
                cwe: &[$($cwe),*],
                atlas: &[$($atlas),*],
                aisvs: &[$($aisvs),*],
            },
            page: include_str!(concat!($name, ".md")),
        };
    };
}
pub(crate) use rule;

/// Every rule of the static check.
pub(crate) static ALL: &[Entry] = &[
    Entry { rule: &archive_unsafe_path::RULE, check: archive_unsafe_path::check },
    Entry { rule: &base_model_elsewhere::RULE, check: base_model_elsewhere::check },
    Entry { rule: &code_from_another_repository::RULE, check: code_from_another_repository::check },
    Entry { rule: &config_names_callable::RULE, check: config_names_callable::check },
    Entry { rule: &config_odd_value::RULE, check: config_odd_value::check },
    Entry { rule: &config_unknown_callable::RULE, check: config_unknown_callable::check },
    Entry { rule: &config_unsafe_path::RULE, check: config_unsafe_path::check },
    Entry { rule: &config_weights_mismatch::RULE, check: config_weights_mismatch::check },
    Entry { rule: &custom_code::RULE, check: custom_code::check },
    Entry { rule: &remote_code_unasked::RULE, check: remote_code_unasked::check },
    Entry { rule: &requirements_direct_source::RULE, check: requirements_direct_source::check },
    Entry { rule: &requirements_foreign_source::RULE, check: requirements_foreign_source::check },
    Entry { rule: &unknown_model_class::RULE, check: unknown_model_class::check },
    Entry { rule: &yaml_python_tag::RULE, check: yaml_python_tag::check },
    Entry { rule: &embedded_executable::RULE, check: embedded_executable::check },
    Entry { rule: &executable_file::RULE, check: executable_file::check },
    Entry { rule: &extension_mismatch::RULE, check: extension_mismatch::check },
    Entry { rule: &gguf_malformed::RULE, check: gguf_malformed::check },
    Entry { rule: &hdf5_external_file::RULE, check: hdf5_external_file::check },
    Entry { rule: &hdf5_malformed::RULE, check: hdf5_malformed::check },
    Entry { rule: &hdf5_unsafe_path::RULE, check: hdf5_unsafe_path::check },
    Entry { rule: &hidden_bytes::RULE, check: hidden_bytes::check },
    Entry { rule: &hub_cache_mismatch::RULE, check: hub_cache_mismatch::check },
    Entry { rule: &index_mismatch::RULE, check: index_mismatch::check },
    Entry { rule: &index_unsafe_path::RULE, check: index_unsafe_path::check },
    Entry { rule: &link_outside::RULE, check: link_outside::check },
    Entry { rule: &modelfile_source::RULE, check: modelfile_source::check },
    Entry { rule: &npy_malformed::RULE, check: npy_malformed::check },
    Entry { rule: &object_array::RULE, check: object_array::check },
    Entry { rule: &onnx_custom_operator::RULE, check: onnx_custom_operator::check },
    Entry { rule: &onnx_external_data::RULE, check: onnx_external_data::check },
    Entry { rule: &onnx_malformed::RULE, check: onnx_malformed::check },
    Entry { rule: &onnx_metadata_code::RULE, check: onnx_metadata_code::check },
    Entry { rule: &onnx_operator_effect::RULE, check: onnx_operator_effect::check },
    Entry { rule: &part_from_elsewhere::RULE, check: part_from_elsewhere::check },
    Entry { rule: &pickle_code_execution::RULE, check: pickle_code_execution::check },
    Entry { rule: &pickle_expansion::RULE, check: pickle_expansion::check },
    Entry { rule: &pickle_file_access::RULE, check: pickle_file_access::check },
    Entry { rule: &pickle_import_tampering::RULE, check: pickle_import_tampering::check },
    Entry { rule: &pickle_indirect_call::RULE, check: pickle_indirect_call::check },
    Entry { rule: &pickle_malformed::RULE, check: pickle_malformed::check },
    Entry { rule: &pickle_native_code::RULE, check: pickle_native_code::check },
    Entry { rule: &pickle_native_parser::RULE, check: pickle_native_parser::check },
    Entry { rule: &pickle_nested::RULE, check: pickle_nested::check },
    Entry { rule: &pickle_network_access::RULE, check: pickle_network_access::check },
    Entry { rule: &pickle_parser_differential::RULE, check: pickle_parser_differential::check },
    Entry { rule: &pickle_unknown_callable::RULE, check: pickle_unknown_callable::check },
    Entry { rule: &possible_secret::RULE, check: possible_secret::check },
    Entry { rule: &secret_in_file::RULE, check: secret_in_file::check },
    Entry { rule: &safetensors_malformed::RULE, check: safetensors_malformed::check },
    Entry { rule: &template_added_text::RULE, check: template_added_text::check },
    Entry {
        rule: &template_condition_on_content::RULE,
        check: template_condition_on_content::check,
    },
    Entry { rule: &template_dropped_message::RULE, check: template_dropped_message::check },
    Entry { rule: &template_hidden_characters::RULE, check: template_hidden_characters::check },
    Entry { rule: &template_hidden_instruction::RULE, check: template_hidden_instruction::check },
    Entry { rule: &template_malformed::RULE, check: template_malformed::check },
    Entry { rule: &template_resource::RULE, check: template_resource::check },
    Entry { rule: &template_sandbox_escape::RULE, check: template_sandbox_escape::check },
    Entry { rule: &template_unlisted_text::RULE, check: template_unlisted_text::check },
    Entry { rule: &tensorflow_caller_file::RULE, check: tensorflow_caller_file::check },
    Entry {
        rule: &tensorflow_checkpoint_malformed::RULE,
        check: tensorflow_checkpoint_malformed::check,
    },
    Entry { rule: &tensorflow_code_execution::RULE, check: tensorflow_code_execution::check },
    Entry { rule: &tensorflow_file_access::RULE, check: tensorflow_file_access::check },
    Entry {
        rule: &tensorflow_fingerprint_mismatch::RULE,
        check: tensorflow_fingerprint_mismatch::check,
    },
    Entry { rule: &tensorflow_idle_operator::RULE, check: tensorflow_idle_operator::check },
    Entry { rule: &tensorflow_malformed::RULE, check: tensorflow_malformed::check },
    Entry { rule: &tensorflow_network_access::RULE, check: tensorflow_network_access::check },
    Entry { rule: &tensorflow_unknown_operator::RULE, check: tensorflow_unknown_operator::check },
    Entry { rule: &torchscript_code::RULE, check: torchscript_code::check },
    Entry { rule: &torchscript_unknown_operator::RULE, check: torchscript_unknown_operator::check },
    Entry { rule: &notebook_active_output::RULE, check: notebook_active_output::check },
    Entry { rule: &python_import_execution::RULE, check: python_import_execution::check },
    Entry { rule: &python_import_effect::RULE, check: python_import_effect::check },
    Entry { rule: &python_use_execution::RULE, check: python_use_execution::check },
    Entry { rule: &python_effect::RULE, check: python_effect::check },
    Entry { rule: &python_hostile_code::RULE, check: python_hostile_code::check },
    Entry { rule: &python_program::RULE, check: python_program::check },
    Entry { rule: &python_code::RULE, check: python_code::check },
    Entry { rule: &python_odd_source::RULE, check: python_odd_source::check },
    Entry { rule: &script_code::RULE, check: script_code::check },
    Entry { rule: &script_hostile_command::RULE, check: script_hostile_command::check },
    Entry { rule: &keras_code_execution::RULE, check: keras_code_execution::check },
    Entry { rule: &keras_custom_object::RULE, check: keras_custom_object::check },
    Entry { rule: &keras_file_access::RULE, check: keras_file_access::check },
    Entry { rule: &keras_foreign_object::RULE, check: keras_foreign_object::check },
    Entry { rule: &keras_lambda::RULE, check: keras_lambda::check },
    Entry { rule: &python_bytecode::RULE, check: python_bytecode::check },
    Entry { rule: &python_bytecode_runs::RULE, check: python_bytecode_runs::check },
    Entry { rule: &archive_irregular::RULE, check: archive_irregular::check },
    Entry { rule: &zip_tampered::RULE, check: zip_tampered::check },
];

/// Shows a subject to every rule.
pub(crate) fn apply(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    for entry in ALL {
        (entry.check)(place, content, sink);
    }
}

/// The findings of a rule that speaks of one class of acts.
fn acts_of(
    rule: &'static Rule,
    class: Class,
    place: &Place,
    content: &Content<'_>,
    sink: &mut Sink,
) {
    let Content::Pickle(acts) = content else { return };
    tell_acts(rule, &[class], place, acts, sink);
}

/// The findings of a rule that speaks of some classes of acts of a Keras model.
fn keras_acts_of(
    rule: &'static Rule,
    classes: &[Class],
    place: &Place,
    content: &Content<'_>,
    sink: &mut Sink,
) {
    let Content::Keras(config) = content else { return };
    tell_acts(rule, classes, place, &config.acts, sink);
}

fn tell_acts(rule: &'static Rule, classes: &[Class], place: &Place, acts: &[Act], sink: &mut Sink) {
    for act in acts.iter().filter(|act| classes.contains(&act.class)) {
        let times = match act.count {
            1 => String::new(),
            n => format!(", {n} times"),
        };
        let message = format!("`{}`: {}{times}", act.shown, act.because);
        let mut finding = rule.found(place.at(act.at), message);
        if !act.path.is_empty() {
            finding = finding.with("callable", act.path.as_str());
        }
        if act.written != act.path && !act.written.is_empty() {
            finding = finding.with("written-as", act.written.as_str());
        }
        if !act.effects.is_empty() {
            let effects: Vec<String> = act.effects.iter().map(|e| (*e).to_owned()).collect();
            finding = finding.with("effects", effects);
        }
        sink.found(finding);
    }
}

/// The findings of a rule that speaks of Python that counts in one way.
fn python_acts_of(
    rule: &'static Rule,
    level: Level,
    place: &Place,
    content: &Content<'_>,
    sink: &mut Sink,
) {
    let Content::Python(conclusion) = content else { return };
    for reached in conclusion.acts.iter().filter(|reached| reached.level == level) {
        let act = &reached.act;
        let mut message = format!("line {}: `{}` {}", act.line, act.shown, act.kind.words());
        if let Some(because) = &act.because {
            message.push_str(&format!(": {because}"));
        }
        if !reached.way.is_empty() {
            message.push_str(&format!("; {}", reached.way));
        }
        let finding = rule
            .found(place.at(act.at), message)
            .with("callable", act.path.as_str())
            .with("line", u64::from(act.line));
        sink.found(finding);
    }
}

/// The findings of a rule that speaks of one kind of notes on templates.
fn notes_of(
    rule: &'static Rule,
    kind: templates::Kind,
    place: &Place,
    content: &Content<'_>,
    sink: &mut Sink,
) {
    let Content::Template(judged) = content else { return };
    for note in judged.notes.iter().filter(|note| note.kind == kind) {
        let mut finding = rule.found(place.at(note.at), note.message.as_str());
        if let Some((family, _)) = judged.family {
            finding = finding.with("nearest-family", family);
        }
        sink.found(finding);
    }
}

/// The findings of a rule that speaks of one class of what TensorFlow graphs do.
fn deeds_of(
    rule: &'static Rule,
    class: tensorflow::Class,
    place: &Place,
    content: &Content<'_>,
    sink: &mut Sink,
) {
    let Content::TensorFlow(_, judgement) = content else { return };
    for deed in judgement.deeds.iter().filter(|deed| deed.class == class) {
        let place = deed.at.map_or_else(|| place.clone(), |at| place.at(at));
        let mut finding = rule.found(place, deed.message.as_str()).with("node", deed.node.clone());
        if !deed.operator.raw().is_empty() {
            finding = finding.with("operator", deed.operator.clone());
        }
        if let Some(function) = &deed.function {
            finding = finding.with("function", function.clone());
        }
        sink.found(finding);
    }
}

/// How many nodes use an operator.
fn nodes(operator: &formats::onnx::Operator) -> String {
    match operator.count {
        1 => "1 node".to_owned(),
        n => format!("{n} nodes"),
    }
}

/// The findings of a rule that speaks of one kind of remark on configurations.
fn remarks_of(
    rule: &'static Rule,
    kind: Kind,
    place: &Place,
    content: &Content<'_>,
    sink: &mut Sink,
) {
    let Content::Configuration(remarks) = content else { return };
    for remark in remarks.iter().filter(|remark| remark.kind == kind) {
        let mut finding = rule.found(place.at(remark.at), remark.message.as_str());
        for (name, value) in &remark.evidence {
            finding = finding.with(name, value.as_str());
        }
        sink.found(finding);
    }
}

/// Whether a name, joined to a folder, leads out of it: absolute, with a drive, or climbing.
pub(crate) fn leaves_its_folder(name: &str) -> bool {
    let name = name.replace('\\', "/");
    name.starts_with('/')
        || name.starts_with('~')
        || name.as_bytes().get(1) == Some(&b':')
        || name.split('/').any(|part| part == "..")
}
