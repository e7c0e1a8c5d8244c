//! The fields of a bill.

use serde::Serialize;

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $field:ident = $name:literal;)+) => {
        /// What can be said of a model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Field {
            $($(#[doc = $doc])+ $field,)+
        }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$field,)+];

            /// Its name, as properties of a bill have it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name,)+
                }
            }
        }
    };
}

fields! {
    /// Its name.
    Name = "name";
    /// Its version.
    Version = "version";
    /// What it is, in a sentence.
    Description = "description";
    /// Who made it.
    Supplier = "supplier";
    /// What it does: `text-generation`, `image-classification`.
    Task = "task";
    /// The family of its architecture: `llama`, `bert`.
    Family = "architecture-family";
    /// The class of its architecture: `LlamaForCausalLM`.
    Architecture = "architecture";
    /// How many numbers its tensors have in all.
    Parameters = "parameters";
    /// The element types of its tensors, with how many numbers each has.
    Precision = "precision";
    /// How it is quantized.
    Quantization = "quantization";
    /// How many tokens it takes.
    Context = "context-length";
    /// How many tokens it knows.
    Vocabulary = "vocabulary-size";
    /// The class of its tokenizer.
    Tokenizer = "tokenizer";
    /// What goes in.
    Input = "input";
    /// What comes out.
    Output = "output";
    /// The library that loads it.
    Library = "library";
    /// Languages.
    Language = "language";
    /// How it came from what it came from: `finetune`, `quantized`, `adapter`.
    Relation = "base-model-relation";
    /// A hyper-parameter of its training.
    Hyper = "hyper-parameter";
    /// How often its training looked at the data, and similar totals.
    Training = "training";
    /// What it is for.
    Intended = "intended-use";
    /// What it cannot do.
    Limitation = "limitation";
    /// What it may do wrong to somebody.
    Risk = "risk";
    /// Energy and emissions.
    Energy = "energy";
    /// A program that it needs.
    Dependency = "software-dependency";
    /// What a trusted party looked for in it, and how that ended.
    Assessment = "assessment";
}
