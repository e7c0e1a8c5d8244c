//! The source text inside a TorchScript archive, judged as code.
//!
//! TorchScript is a subset of Python that `torch.jit.load` compiles. It has no `import` and no
//! `open`; what it can do to a machine goes through operators. So every dotted name that is called
//! is looked at, by a scan over tokens that has no parser to disagree with.

/// A call in TorchScript source that does more than arithmetic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Byte offset of the name.
    pub(crate) at: u64,
    /// The dotted name.
    pub(crate) name: String,
    /// What it does.
    pub(crate) because: &'static str,
    /// Whether it is dangerous, or only not known.
    pub(crate) dangerous: bool,
}

/// Operators that reach out of the model, by the last part of their name.
const DANGEROUS: [(&str, &str); 9] = [
    ("from_file", "it maps a file of the host into a tensor"),
    ("save", "it writes a file"),
    ("_save_parameters", "it writes a file"),
    ("load", "it reads a file"),
    ("_load_for_lite_interpreter", "it reads a file"),
    ("import_ir_module", "it loads another module"),
    ("PythonOp", "it calls Python"),
    ("_pickle_load_obj", "it unpickles bytes"),
    ("read_file", "it reads a file"),
];

/// Operator namespaces that come with PyTorch and its first-party libraries.
const KNOWN_NAMESPACES: [&str; 17] = [
    "aten",
    "prim",
    "prims",
    "quantized",
    "quantized_decomposed",
    "_quantized",
    "prepacked",
    "profiler",
    "static_runtime",
    "sparse",
    "onnx",
    "inductor",
    "mkldnn",
    "mkldnn_prepacked",
    "c10d_functional",
    "torchvision",
    "torchaudio",
];

/// Namespaces of native classes that hold packed numbers.
const KNOWN_CLASSES: [&str; 5] = ["quantized.", "xnnpack.", "mkldnn.", "sparse.", "rnn."];

/// The statements of `source` that do more than arithmetic.
pub(crate) fn judge(source: &[u8]) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut tokens = Tokens { source, at: 0 };
    while let Some((at, name)) = tokens.name() {
        let mut parts = name.split('.');
        let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let last = name.rsplit('.').next().unwrap_or_default();
        let operator = matches!(first, "torch" | "ops" | "prim" | "aten");
        // A name counts whether or not `(` follows: `f = torch.save` and `(torch.save)(x)` call it.
        let dangerous = DANGEROUS.iter().find(|(n, _)| operator && *n == last);
        let bare = matches!(name.as_str(), "torch" | "ops");
        let custom = name.strip_prefix("__torch__.torch.classes.");
        if let Some((_, because)) = dangerous {
            found.push(Statement { at, name, because, dangerous: true });
        } else if first == "ops" && !KNOWN_NAMESPACES.contains(&second) {
            let because = "it is an operator of a library that does not come with PyTorch";
            found.push(Statement { at, name, because, dangerous: false });
        } else if bare {
            let because = "it hands the operators on under another name";
            found.push(Statement { at, name, because, dangerous: false });
        } else if custom.is_some_and(|class| !KNOWN_CLASSES.iter().any(|k| class.starts_with(k))) {
            let because = "it is a native class that does not come with every model";
            found.push(Statement { at, name, because, dangerous: false });
        } else if tokens.is_call()
            && matches!(name.as_str(), "open" | "eval" | "exec" | "__import__" | "compile")
        {
            let because = "TorchScript has no such function: only Python would run it";
            found.push(Statement { at, name, because, dangerous: true });
        }
        if found.len() >= 1000 {
            break;
        }
    }
    found
}

struct Tokens<'a> {
    source: &'a [u8],
    at: usize,
}

impl Tokens<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at.saturating_add(ahead)).copied()
    }

    fn step(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Whether `(` follows.
    fn is_call(&self) -> bool {
        self.peek(0) == Some(b'(')
    }

    /// The next dotted name outside strings and comments.
    fn name(&mut self) -> Option<(u64, String)> {
        loop {
            match self.peek(0)? {
                b'#' => self.skip_line(),
                quote @ (b'"' | b'\'') => self.skip_string(quote),
                b if b.is_ascii_alphabetic() || b == b'_' => {
                    let start = self.at;
                    let name = self.dotted();
                    return Some((start as u64, name));
                }
                b if b.is_ascii_digit() => {
                    // A number's letters (`1e5`, `0x1f`) are no name.
                    while self.peek(0).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
                        self.step(1);
                    }
                }
                _ => self.step(1),
            }
        }
    }

    fn dotted(&mut self) -> String {
        let mut name = String::new();
        loop {
            match self.peek(0) {
                Some(b) if b.is_ascii_alphanumeric() || b == b'_' || b == b'.' => {
                    name.push(char::from(b));
                    self.step(1);
                }
                Some(b' ' | b'\t') => {
                    // `torch . save (` is still a call of `torch.save`.
                    let mut ahead = 1;
                    while matches!(self.peek(ahead), Some(b' ' | b'\t')) {
                        ahead = ahead.saturating_add(1);
                    }
                    match self.peek(ahead) {
                        Some(b'.' | b'(') => self.step(ahead),
                        _ if name.ends_with('.') => self.step(ahead),
                        _ => return name,
                    }
                }
                _ => return name,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|b| b != b'\n') {
            self.step(1);
        }
    }

    fn skip_string(&mut self, quote: u8) {
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        self.step(if triple { 3 } else { 1 });
        while let Some(b) = self.peek(0) {
            if b == b'\\' {
                self.step(2);
            } else if triple
                && b == quote
                && self.peek(1) == Some(quote)
                && self.peek(2) == Some(quote)
            {
                self.step(3);
                return;
            } else if !triple && (b == quote || b == b'\n') {
                self.step(1);
                return;
            } else {
                self.step(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_calls_that_reach_out() {
        let source = br#"
class M(Module):
  training : bool
  def forward(self: __torch__.M, x: Tensor) -> Tensor:
    # torch.save(x)
    s = "torch.save(x)"
    _0 = torch.from_file("/etc/passwd", False, 10)
    ops . aten.save (x, "/tmp/x")
    y = ops.mylib.run(x)
    linear = self.linear
    return (linear).forward(torch.add(x, 1e5), )
"#;
        let found: Vec<_> = judge(source).into_iter().map(|s| (s.name, s.dangerous)).collect();
        assert_eq!(
            found,
            [
                ("torch.from_file".to_owned(), true),
                ("ops.aten.save".to_owned(), true),
                ("ops.mylib.run".to_owned(), false)
            ]
        );
    }

    #[test]
    fn ends_on_any_bytes() {
        for source in [&b"\""[..], b"'''", b"a.", b"a . ", b"\\", b"\xff(", b"#"] {
            judge(source);
        }
    }
}
