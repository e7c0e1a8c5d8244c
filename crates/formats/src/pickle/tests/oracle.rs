//! The interpreter against Python itself, where there is one.

use std::fmt::Write;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::super::oddity::{PickleOddity, Reading};
use super::super::opcodes::{self as op, Operand};
use super::super::{
    Arrays, Ended, Event, EventKind, Heap, Name, Options, Unwatched, Value, View, Watcher,
    interpret,
};
use super::Random;
use artifact::Blob;

const SCRIPT: &str = include_str!("oracle.py");

/// Runs the script; nothing, with the reason printed, where there is no Python 3.
#[allow(clippy::disallowed_methods, reason = "the oracle is Python; it loads stubs alone")]
fn python(mode: &str, input: &str) -> Option<Vec<String>> {
    let spawned = Command::new("python3")
        .args(["-c", SCRIPT, mode])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: `python3` cannot be run: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

#[derive(Default)]
struct Imports(Vec<String>);

impl Watcher for Imports {
    fn event(&mut self, heap: &Heap, event: &Event) {
        if let EventKind::Import { target } = event.kind {
            self.0.push(path(heap, target));
        }
    }
}

fn path(heap: &Heap, value: Value) -> String {
    let global = heap.global(value).unwrap();
    let part = |name: &Name| name.known().unwrap_or("?").to_owned();
    format!("{}.{}", part(&global.module), part(&global.name))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A value as `oracle.py` writes it.
fn canon(heap: &Heap, value: Value, depth: usize) -> String {
    if depth > 12 {
        return "~".to_owned();
    }
    let content = || hex(&heap.bytes(value, usize::MAX >> 8).unwrap());
    match heap.view(value) {
        View::None => "None".to_owned(),
        View::Bool(it) => if it { "True" } else { "False" }.to_owned(),
        View::Int(it) => it.to_string(),
        View::BigInt => "big".to_owned(),
        View::Float(it) => format!("f{}", hex(&it.to_be_bytes())),
        View::Text(_) => format!("t{}", content()),
        View::Bytes(_) => format!("b{}", content()),
        View::ByteArray(_) => format!("a{}", content()),
        View::Tuple(items) => format!("({})", each(heap, items.shown, depth)),
        View::List(items) => format!("[{}]", each(heap, items.shown, depth)),
        View::Set(items) => format!("s{{{}}}", sorted(heap, items.shown, depth)),
        View::FrozenSet(items) => format!("z{{{}}}", sorted(heap, items.shown, depth)),
        View::Dict(pairs) => format!("{{{}}}", entries(heap, pairs.shown, depth)),
        View::Global(_) => format!("G{}", path(heap, value)),
        View::Call(call) => {
            let args = canon(heap, call.args, depth);
            let kwargs = call.kwargs.map_or("{}".to_owned(), |it| canon(heap, it, depth));
            let callee = canon(heap, call.callee, depth + 1);
            let states = each(heap, &call.states, depth);
            let items = each(heap, &call.items, depth);
            let pairs = entries(heap, &call.pairs, depth);
            format!("C<{callee};{args};{kwargs};[{states}];[{items}];{{{pairs}}}>")
        }
        View::PersistentId(id) => format!("P({})", canon(heap, id, depth + 1)),
        // What `oracle.py` gives for a buffer.
        View::Buffer => "b78".to_owned(),
        View::Array(_) | View::Missing | View::Forgotten => "?".to_owned(),
    }
}

fn each(heap: &Heap, values: &[Value], depth: usize) -> String {
    let all: Vec<_> = values.iter().map(|value| canon(heap, *value, depth + 1)).collect();
    all.join(",")
}

fn sorted(heap: &Heap, values: &[Value], depth: usize) -> String {
    let mut all: Vec<_> = values.iter().map(|value| canon(heap, *value, depth + 1)).collect();
    all.sort();
    all.join(",")
}

fn entries(heap: &Heap, pairs: &[(Value, Value)], depth: usize) -> String {
    let entry = |(key, value): &(Value, Value)| {
        format!("{}:{}", canon(heap, *key, depth + 1), canon(heap, *value, depth + 1))
    };
    pairs.iter().map(entry).collect::<Vec<_>>().join(",")
}

#[test]
fn what_python_writes_is_read_as_python_reads_it() {
    let Some(lines) = python("corpus", "") else { return };
    assert!(lines.len() > 100, "{}", lines.len());
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, data, count, found, expected] = fields[..] else { panic!("{line}") };
        let blob = Blob::from_vec(unhex(data));
        for options in [Options::bounded(Arrays::Plain), Options::full(Arrays::Joblib)] {
            let mut imports = Imports::default();
            let (stream, heap) = interpret(&blob, 0, &options, &mut imports);
            assert_eq!(stream.ended, Ended::Stop, "{name}");
            assert_eq!(stream.end, blob.len(), "{name}");
            assert_eq!(stream.opcodes.to_string(), count, "{name}");
            assert_eq!(stream.oddities, [], "{name}");
            let all = if imports.0.is_empty() { "-".to_owned() } else { imports.0.join(" ") };
            assert_eq!(all, found, "{name}");
            assert_eq!(canon(&heap, stream.result.unwrap(), 0), expected, "{name}");
        }
    }
}

/// What [`PickleOddity::ParserDifferential`] says of a vector is what the implementations do.
#[test]
fn differentials_are_as_told() {
    let named: Vec<_> = super::vectors::all()
        .filter(|(name, _)| *name != "FRAME that ends in an operand")
        .collect();
    let input: String = named.iter().map(|(_, bytes)| hex(bytes) + "\n").collect();
    let Some(lines) = python("judge", &input) else { return };
    for ((name, bytes), line) in named.iter().zip(lines) {
        let blob = Blob::from_vec(bytes.to_vec());
        let options = Options::bounded(Arrays::Plain);
        let (stream, _) = interpret(&blob, 0, &options, &mut Unwatched);
        if let ([one], Ended::Stop) = (stream.oddities.as_slice(), &stream.ended)
            && let PickleOddity::ParserDifferential(told) = one.kind
        {
            let accepts = |it: Reading| u8::from(it != Reading::Rejects).to_string();
            let all = [told.c, told.python, told.pickletools].map(accepts).join(" ");
            assert!(line.starts_with(&all), "{name}: told {all}, are {line}");
        }
    }
}

/// A random stream whose operands are well-formed, and which ends.
fn random_stream(random: &mut Random) -> Vec<u8> {
    let all: Vec<u8> = (0..=u8::MAX).filter(|b| op::operand(*b).is_some()).collect();
    let mut out = vec![];
    for _ in 0..random.below(60) {
        let opcode = all[random.below(all.len())];
        if opcode == op::STOP {
            continue;
        }
        out.push(opcode);
        let length = random.below(9);
        match op::operand(opcode).unwrap() {
            Operand::None => {}
            Operand::Fixed(width) => out.extend((0..width).map(|_| random.next().to_le_bytes()[0])),
            Operand::Line => out.extend_from_slice(match opcode {
                op::STRING => b"'some text'\n",
                op::FLOAT => b"1.25\n",
                op::UNICODE | op::PERSID => b"words\n",
                _ => b"12\n",
            }),
            Operand::TwoLines => out.extend_from_slice(b"module\nname\n"),
            Operand::Counted(width) => {
                out.extend_from_slice(&(length as u64).to_le_bytes()[..width.into()]);
                out.extend(std::iter::repeat_n(b'.', length));
            }
            Operand::CountedSigned => {
                out.extend_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
                out.extend(std::iter::repeat_n(b'.', length));
            }
        }
    }
    out.push(op::STOP);
    out
}

#[test]
fn opcodes_stand_where_pickletools_finds_them() {
    let mut random = Random(7);
    let streams: Vec<_> = (0..2000).map(|_| random_stream(&mut random)).collect();
    let input: String = streams.iter().map(|bytes| hex(bytes) + "\n").collect();
    let Some(lines) = python("split", &input) else { return };
    for (bytes, line) in streams.iter().zip(lines) {
        let options = Options::bounded(Arrays::Plain);
        let (stream, _) = interpret(&Blob::from_vec(bytes.clone()), 0, &options, &mut Unwatched);
        assert_eq!(stream.ended, Ended::Stop);
        let told = format!("{} {}", stream.opcodes, stream.end);
        assert_eq!(line, told, "{}", hex(bytes));
    }
}
