//! What the analysis keeps of a Python file once its syntax tree is dropped.

use std::collections::BTreeMap;

use scan::effects::Effects;

/// An index into [`Program::functions`].
pub(super) type FunctionId = usize;
/// An index into [`Program::classes`].
pub(super) type ClassId = usize;

/// All files of all libraries.
#[derive(Default)]
pub(super) struct Program {
    pub(super) modules: BTreeMap<String, Module>,
    pub(super) functions: Vec<Function>,
    pub(super) classes: Vec<Class>,
}

/// One file.
#[derive(Default)]
pub(super) struct Module {
    /// The pack that it is written to.
    pub(super) library: usize,
    pub(super) is_package: bool,
    /// In order of appearance; a name bound in two branches has two.
    pub(super) names: BTreeMap<String, Vec<Binding>>,
    pub(super) stars: Vec<String>,
    /// A literal `__all__`.
    pub(super) exported: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Binding {
    Function(FunctionId),
    Class(ClassId),
    Module(String),
    Name { module: String, name: String },
    Data(Value),
}

/// A function, a method, or (merged into it) the functions inside it.
#[derive(Default)]
pub(super) struct Function {
    pub(super) module: String,
    pub(super) class: Option<ClassId>,
    pub(super) is_property: bool,
    /// By the last name of each decorator that is not known to hand the function on as it is.
    pub(super) odd_decorator: bool,
    /// What it does without a call: the environment read, state of the process changed.
    pub(super) own: Effects,
    pub(super) calls: Vec<Call>,
    /// What it returns or yields.
    pub(super) gives: Vec<Value>,
    /// Attributes of `self` that are read: they may be properties.
    pub(super) reads: Vec<String>,
}

/// One call expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) callee: Value,
    pub(super) arguments: Vec<Argument>,
    /// Whether it has two positional arguments or more.
    pub(super) texts: bool,
}

impl Call {
    /// Whether a parameter of a function inside this one, or of itself, may be what is called.
    pub(super) fn calls_given(&self) -> bool {
        match &self.callee {
            Value::Parameter => true,
            Value::Nested(calls) => *calls,
            Value::Any(values) => values.contains(&Value::Parameter),
            _ => false,
        }
    }
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    /// Of a keyword argument; `**` has none.
    pub(super) name: Option<String>,
    pub(super) value: Value,
}

pub(super) struct Class {
    pub(super) module: String,
    pub(super) name: String,
    pub(super) bases: Vec<Value>,
    pub(super) metaclass: Option<Value>,
    pub(super) is_dataclass: bool,
    pub(super) odd_decorator: bool,
    pub(super) methods: BTreeMap<String, Vec<Member>>,
}

/// What a name in a class body is bound to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    Function(FunctionId),
    Class(ClassId),
    Data(Value),
}

/// What is known of the value of an expression inside a function.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A constant of the source text.
    Literal,
    /// Text or a number.
    Plain,
    /// A container of builtin type, and values that it may hold; none where that is not known.
    Holds(Vec<Value>),
    /// A function inside the function, whose calls are part of it, and whether it may call what
    /// it is given.
    Nested(bool),
    /// A parameter, or something taken out of one.
    Parameter,
    /// The instance that the method was called on.
    Itself,
    /// The class that the method was called on, or the instance's class.
    ItsClass,
    /// `super()`.
    Super,
    /// A dotted name, from the module's names. A first part `@m` is the module `m` itself.
    Path(Vec<String>),
    /// An attribute of a value that has no path.
    Attribute(Box<Value>, String),
    /// What calling the value returned, and whether an argument of the enclosing call had a say.
    Returned(Box<Value>, bool),
    /// One of several.
    Any(Vec<Value>),
    Unknown,
}

impl Value {
    pub(super) fn attribute(self, name: &str) -> Self {
        match self {
            Self::Path(mut parts) => {
                parts.push(name.to_owned());
                Self::Path(parts)
            }
            Self::Itself if name == "__class__" => Self::ItsClass,
            Self::Any(values) => {
                Self::any(values.into_iter().map(|value| value.attribute(name)).collect())
            }
            other => Self::Attribute(Box::new(other), name.to_owned()),
        }
    }

    /// An item of the value, or a part of it by unpacking.
    pub(super) fn item(&self) -> Self {
        match self {
            Self::Parameter => Self::Parameter,
            Self::Literal => Self::Literal,
            Self::Holds(held) if !held.is_empty() => Self::any(held.clone()),
            Self::Itself | Self::Attribute(..) => {
                Self::Attribute(Box::new(self.clone()), "[]".to_owned())
            }
            Self::Any(values) => Self::any(values.iter().map(Self::item).collect()),
            _ => Self::Unknown,
        }
    }

    pub(super) fn any(values: Vec<Self>) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for value in values {
            let parts = match value {
                Self::Any(parts) => parts,
                one => vec![one],
            };
            for part in parts {
                if !flat.contains(&part) {
                    flat.push(part);
                }
            }
        }
        if flat.len() > 8 {
            flat.truncate(7);
            flat.push(Self::Unknown);
        }
        match flat.len() {
            0 => Self::Literal,
            1 => flat.remove(0),
            _ => Self::Any(flat),
        }
    }

    /// Whether an argument of the enclosing call can choose the value.
    pub(super) fn is_chosen(&self) -> bool {
        match self {
            Self::Literal | Self::Path(_) | Self::ItsClass | Self::Nested(_) => false,
            Self::Holds(held) => held.is_empty() || held.iter().any(Self::is_chosen),
            Self::Plain | Self::Parameter | Self::Itself | Self::Super | Self::Unknown => true,
            Self::Attribute(base, _) => base.is_chosen(),
            Self::Returned(base, chosen) => *chosen || base.is_chosen(),
            Self::Any(values) => values.iter().any(Self::is_chosen),
        }
    }

    /// Whether it is a container of builtin type.
    pub(super) fn is_container(&self) -> bool {
        match self {
            Self::Holds(_) => true,
            Self::Any(values) => values.iter().any(Self::is_container),
            _ => false,
        }
    }

    /// Whether it is an object that outlives the call: of a module, or a class.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            Self::Path(_) | Self::ItsClass => true,
            Self::Returned(maker, _) => matches!(
                &**maker,
                Self::Path(parts) if matches!(
                    parts.last().map(String::as_str),
                    Some("globals" | "vars" | "locals" | "import_module" | "__import__")
                )
            ),
            Self::Attribute(base, _) => base.is_shared(),
            Self::Any(values) => values.iter().any(Self::is_shared),
            _ => false,
        }
    }

    /// Whether it is the `__dict__` of something that the caller gave.
    pub(super) fn is_foreign_dictionary(&self) -> bool {
        match self {
            Self::Attribute(base, name) => name == "__dict__" && *base.root() == Self::Parameter,
            Self::Any(values) => values.iter().any(Self::is_foreign_dictionary),
            _ => false,
        }
    }

    /// What an attribute of an attribute is taken from.
    pub(super) fn root(&self) -> &Self {
        match self {
            Self::Attribute(base, _) => base.root(),
            other => other,
        }
    }
}
