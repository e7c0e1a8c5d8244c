//! Configurations of transformers, diffusers, sentence-transformers and PEFT.

use formats::json::{Node, Value};
use vocabulary::Untrusted;

use super::callables::{self, Judged, is_dotted, is_identifier};
use super::values::{Leads, joined, leads};
use super::{Kind, Missing, Reader, Target, classes, is_truthy};

/// Modules that transformers makes of code from a repository.
const REMOTE_MODULES: &str = "transformers_modules";
/// Repositories of native kernels that transformers trusts.
const KERNELS: &str = "kernels-community/";

impl<'a> Reader<'a> {
    pub(super) fn hugging_face(&mut self, node: &'a Node, keys: &[&'a str]) {
        for member in node.members() {
            let Some(key) = member.key.as_str() else { continue };
            let (value, at) = (&member.value, member.value.span.start);
            match key.raw() {
                "auto_map" => self.auto_map(value),
                "custom_pipelines" => {
                    for task in value.members() {
                        let implementations = task.value.get_all("impl");
                        implementations.for_each(|class| self.auto_map(class));
                    }
                }
                "trust_remote_code" if is_truthy(value) => self.trusts(keys, at),
                "attn_implementation"
                | "_attn_implementation"
                | "_attn_implementation_internal"
                | "experts_implementation"
                | "_experts_implementation"
                | "_experts_implementation_internal" => self.kernel(value),
                // sentence-transformers imports the tokenizer of word embeddings by its whole name.
                "tokenizer_class" if value.as_str().is_some_and(|name| is_dotted(name.raw())) => {
                    value.as_str().into_iter().for_each(|name| self.module_class(name, at));
                }
                "tokenizer_class"
                | "processor_class"
                | "image_processor_type"
                | "feature_extractor_type"
                | "video_processor_type" => self.class(key.raw(), value),
                "architectures" if keys.is_empty() => {
                    value.items().iter().for_each(|class| self.class("architectures", class));
                }
                "model_type" if keys.is_empty() => self.model_type(node, value),
                "_class_name" => self.class_name(value),
                "base_model_name_or_path" => self.base_model(node, value),
                "adapters" => self.experts(node, value),
                "auto_mapping" => self.auto_mapping(value),
                "megatron_core" => {
                    if let Some(module) = value.as_str() {
                        self.imported("megatron_core", module, at);
                    }
                }
                "activation_fn"
                | "activation_function"
                | "sbert_ce_default_activation_function" => {
                    if let Some(name) = value.as_str()
                        && is_dotted(name.raw())
                    {
                        self.callable("activation_function", name.raw(), at, Kind::ActingCallable);
                    }
                }
                "vocab_file"
                | "tokenizer_file"
                | "added_tokens_file"
                | "special_tokens_map_file"
                | "merges_file"
                | "spm_file" => self.own_file(key, value),
                _ => {}
            }
        }
        if keys.is_empty() {
            self.components(node);
        }
        self.modules(node, keys);
    }

    /// `"module.Class"`, `"org/repo--module.Class"`, or those in lists and mappings.
    fn auto_map(&mut self, value: &'a Node) {
        let at = value.span.start;
        match &value.value {
            Value::String(text) => self.class_reference(text, at),
            Value::Array(items) => items.iter().for_each(|item| self.auto_map(item)),
            Value::Object(members) => members.iter().for_each(|m| self.auto_map(&m.value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::Alias(_) | Value::Junk(_) | Value::Omitted => {
                self.gap("what its `auto_map` names cannot be told");
            }
        }
    }

    fn class_reference(&mut self, text: &Untrusted, at: u64) {
        let shown = text.shortened(120);
        let (repository, class) = match text.raw().split_once("--") {
            Some((repository, class)) => (Some(repository), class),
            None => (None, text.raw()),
        };
        if let Some(repository) = repository {
            let (kind, message) = match leads(repository) {
                Leads::Inside => (
                    Kind::ForeignCode,
                    format!("`auto_map` takes its code from another repository: `{shown}`"),
                ),
                Leads::Remote => {
                    (Kind::ForeignCode, format!("`auto_map` takes its code from `{shown}`"))
                }
                Leads::Up | Leads::Absolute => (
                    Kind::UnsafePath,
                    format!("`auto_map` takes its code from a folder of this machine: `{shown}`"),
                ),
            };
            let evidence = vec![("repository", repository.to_owned())];
            self.remark_with(kind, at, message, evidence);
            return;
        }
        // The loader splits at the dot: all before it is a file, folders and all.
        let (module, object) = class.rsplit_once('.').unwrap_or((class, ""));
        if leads(module) != Leads::Inside {
            let message = format!("`auto_map` leads out of the folder: `{shown}`");
            self.remark(Kind::UnsafePath, at, message);
            return;
        }
        let mut paths = Vec::new();
        for folder in self.folders() {
            paths.push(format!("{}.py", joined(folder, module)));
            paths.push(format!("{}.py", joined(folder, &module.replace('.', "/"))));
        }
        paths.dedup();
        let object = Some(object.to_owned()).filter(|object| !object.is_empty());
        self.refer("auto_map", text.raw(), paths, Target::Code(object), Missing::Gap, at);
    }

    fn trusts(&mut self, keys: &[&'a str], at: u64) {
        // What a caller passes stands at the top; below it a loader takes it for the caller's word.
        if keys.is_empty() || !self.base.ends_with(".json") {
            let message = "it says `trust_remote_code` for a loader; whoever loads decides that";
            self.remark(Kind::Odd, at, message);
            return;
        }
        let path = Untrusted::new(keys.join(".")).shortened(120);
        let message =
            format!("`{path}.trust_remote_code` is set: loaders that pass it on ask nobody");
        self.remark(Kind::UnaskedCode, at, message);
    }

    /// `"org/repository:function"`: native code that the loader fetches when it makes the layers.
    fn kernel(&mut self, value: &'a Node) {
        for member in value.members() {
            self.kernel(&member.value);
        }
        let Some(text) = value.as_str() else { return };
        if !text.raw().contains('/') {
            return;
        }
        let shown = text.shortened(120);
        let name = text.raw().rsplit('|').next().unwrap_or_default();
        let kind = if name.starts_with(KERNELS) { Kind::ForeignCode } else { Kind::UnaskedCode };
        let message = format!("its layers take native kernels from another repository: `{shown}`");
        self.remark(kind, value.span.start, message);
    }

    fn class(&mut self, key: &str, value: &'a Node) {
        let Some(name) = value.as_str() else { return };
        // With a map of its own code, the name is that of a class in it.
        if !self.own && !name.raw().is_empty() && !classes::transformers(name.raw()) {
            let shown = name.shortened(80);
            let message = format!("no release of transformers has the `{key}` `{shown}`");
            self.remark(Kind::UnknownClass, value.span.start, message);
        }
    }

    fn model_type(&mut self, node: &'a Node, value: &'a Node) {
        let Some(name) = value.as_str() else { return };
        let own = self.own || self.beside_it(node, "architectures").is_none();
        if !own && !name.raw().is_empty() && !classes::model_type(name.raw()) {
            let message =
                format!("no release of transformers has the `model_type` `{}`", name.shortened(80));
            self.remark(Kind::UnknownClass, value.span.start, message);
        }
    }

    /// diffusers: the class of a pipeline or of a part, or `[module, class]` of a file beside it.
    fn class_name(&mut self, value: &'a Node) {
        let at = value.span.start;
        match (value.as_str(), value.items()) {
            (Some(name), _)
                if !self.own
                    && !classes::diffusers(name.raw())
                    && !classes::transformers(name.raw()) =>
            {
                let shown = name.shortened(80);
                let message = format!("no release of diffusers has the class `{shown}`");
                self.remark(Kind::UnknownClass, at, message);
            }
            (None, [module, class, ..]) => {
                let (Some(module), Some(class)) = (module.as_str(), class.as_str()) else { return };
                if module.raw() == "diffusers" {
                    return;
                }
                self.beside("_class_name", "", module, class, Missing::Gap, at);
            }
            _ => {}
        }
    }

    /// A Python file in the folder of this one, or in a folder in that.
    fn beside(
        &mut self,
        by: &'static str,
        folder: &str,
        module: &Untrusted,
        class: &Untrusted,
        missing: Missing,
        at: u64,
    ) {
        let path = format!("{folder}/{}.py", module.raw());
        if leads(module.raw()) != Leads::Inside {
            let message = format!("`{by}` leads out of the folder: `{}`", module.shortened(80));
            self.remark(Kind::UnsafePath, at, message);
            return;
        }
        let named = format!("{}.{}", module.raw(), class.raw());
        let paths =
            vec![joined(self.folder, &path), joined(self.folder, &format!("{}.py", module.raw()))];
        self.refer(by, &named, paths, Target::Code(Some(class.raw().to_owned())), missing, at);
    }

    /// The parts of a diffusers pipeline: `"unet": ["diffusers", "UNet2DConditionModel"]`.
    fn components(&mut self, node: &'a Node) {
        let class = node.get("_class_name").and_then(Node::as_str);
        let pipeline = class.is_some_and(|class| class.raw().ends_with("Pipeline"));
        // The lists in the configuration of a part are of blocks, and nothing imports those.
        if !self.base.ends_with("model_index.json") && !pipeline {
            return;
        }
        for member in node.members() {
            let Some(part) = member.key.as_str() else { continue };
            if part.raw() == "_class_name" {
                continue;
            }
            // A modular pipeline says more of each part.
            let more = member.value.items().get(2);
            if let Some(more) = more {
                self.part_elsewhere(part, more);
            }
            let hint = member.value.items().get(2).and_then(|more| more.get("type_hint"));
            let hint = hint.filter(|hint| hint.items().len() == 2);
            let [library, class, ..] = hint.unwrap_or(&member.value).items() else { continue };
            let (Some(library), Some(class)) = (library.as_str(), class.as_str()) else { continue };
            let at = member.value.span.start;
            if !is_identifier(library.raw().split('.').next().unwrap_or_default()) {
                if leads(library.raw()) != Leads::Inside {
                    self.beside(
                        "model_index.json",
                        part.raw(),
                        library,
                        class,
                        Missing::Nothing,
                        at,
                    );
                }
                continue;
            }
            // A file of the part's folder goes before the library of that name.
            self.beside("model_index.json", part.raw(), library, class, Missing::Nothing, at);
            if classes::pipeline(library.raw()) {
                continue;
            }
            let name = format!("{}.{}", library.raw(), class.raw());
            let judged = match self.judge(&name, true) {
                Judged::Foreign => {
                    self.beside(
                        "model_index.json",
                        part.raw(),
                        library,
                        class,
                        Missing::Unknown,
                        at,
                    );
                    continue;
                }
                judged => judged,
            };
            self.tell("model_index.json", &name, judged, at, Kind::ActingCallable);
        }
    }

    /// Where a modular pipeline has a part from, if it is not this folder.
    fn part_elsewhere(&mut self, part: &Untrusted, more: &'a Node) {
        for key in ["pretrained_model_name_or_path", "repo"] {
            for place in more.get_all(key) {
                let one = place.as_str().into_iter();
                for from in one.chain(place.items().iter().filter_map(Node::as_str)) {
                    if matches!(from.raw(), "" | "." | "./") {
                        continue;
                    }
                    let (part, from) = (part.shortened(80), from.shortened(120));
                    let message = format!("the part `{part}` is loaded from `{from}`");
                    self.remark(Kind::OtherParts, place.span.start, message);
                }
            }
        }
    }

    /// The adapters that an X-LoRA adapter mixes, each by its name and the place that it is loaded
    /// from.
    fn experts(&mut self, node: &'a Node, value: &'a Node) {
        let of_peft = self.base == "adapter_config.json" || node.get("peft_type").is_some();
        if !of_peft {
            return;
        }
        for adapter in value.members() {
            let Some(from) = adapter.value.as_str().filter(|from| !from.raw().is_empty()) else {
                continue;
            };
            let name = adapter.key.as_str().map(|name| name.shortened(80)).unwrap_or_default();
            let from = from.shortened(120);
            let message = format!("the adapter `{name}` is loaded from `{from}`");
            self.remark(Kind::OtherParts, adapter.value.span.start, message);
        }
    }

    /// sentence-transformers: the modules of a model, each a class and a folder.
    fn modules(&mut self, node: &'a Node, keys: &[&'a str]) {
        let listed = self.base == "modules.json";
        for member in node.members() {
            let (Some(key), Some(value)) = (member.key.as_str(), member.value.as_str()) else {
                continue;
            };
            let at = member.value.span.start;
            let is_class = listed && key.raw() == "type"
                || self.base == "router_config.json" && keys.last() == Some(&"types")
                || key.raw() == "type" && value.raw().starts_with("sentence_transformers.");
            if is_class && is_dotted(value.raw()) {
                self.module_class(value, at);
            }
            if listed && key.raw() == "path" && leads(value.raw()) != Leads::Inside {
                let message = format!("a module's folder is `{}`", value.shortened(120));
                self.remark(Kind::UnsafePath, at, message);
            }
        }
    }

    fn module_class(&mut self, name: &Untrusted, at: u64) {
        // A file beside the list goes before an installed module of that name.
        if !name.raw().starts_with("sentence_transformers.") {
            let (module, class) = name.raw().rsplit_once('.').unwrap_or((name.raw(), ""));
            let paths = self.module_paths(module);
            let target = Target::Code(Some(class.to_owned()));
            self.refer("modules.json", name.raw(), paths, target, Missing::Nothing, at);
        }
        self.callable("modules.json", name.raw(), at, Kind::ActingCallable);
    }

    fn base_model(&mut self, node: &'a Node, value: &'a Node) {
        let Some(base) = value.as_str().filter(|base| !base.raw().is_empty()) else { return };
        if self.base != "adapter_config.json" && self.beside_it(node, "peft_type").is_none() {
            return;
        }
        let (at, shown) = (value.span.start, base.shortened(120));
        match leads(base.raw()) {
            Leads::Inside | Leads::Remote => {
                let message = format!("it only changes the weights of `{shown}`");
                self.remark(Kind::OtherBase, at, message);
            }
            Leads::Up | Leads::Absolute => {
                let message =
                    format!("its base model is a folder of somebody's machine: `{shown}`");
                self.remark(Kind::Odd, at, message);
            }
        }
    }

    /// PEFT imports the module that the class of the base model was in.
    fn auto_mapping(&mut self, value: &'a Node) {
        for library in value.get_all("parent_library") {
            if let Some(module) = library.as_str() {
                self.imported("auto_mapping.parent_library", module, library.span.start);
            }
        }
    }

    /// A module that is imported for its own sake.
    pub(super) fn imported(&mut self, by: &'static str, module: &Untrusted, at: u64) {
        if module.raw().is_empty() {
            return;
        }
        if module.raw().split('.').next() == Some(REMOTE_MODULES) {
            let message =
                format!("the base model's class is custom code: `{}`", module.shortened(120));
            self.remark(Kind::OwnCode, at, message);
            return;
        }
        match callables::of_import(module.raw()) {
            Judged::Foreign => {
                let paths = self.module_paths(module.raw());
                self.refer(by, module.raw(), paths, Target::Code(None), Missing::Unknown, at);
            }
            judged => self.tell(by, module.raw(), judged, at, Kind::ActingCallable),
        }
    }

    fn own_file(&mut self, key: &Untrusted, value: &'a Node) {
        let Some(path) = value.as_str() else { return };
        // Absolute paths and addresses are what old releases wrote of their caches.
        if leads(path.raw()) == Leads::Up {
            let message =
                format!("`{}` leads out of the folder: `{}`", key.raw(), path.shortened(120));
            self.remark(Kind::Odd, value.span.start, message);
        }
    }
}
