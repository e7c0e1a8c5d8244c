//! What each fuzz target does with its bytes.
//!
//! The replay in `xtask/src/fuzz/replay.rs` includes this file, so that ordinary tests run the
//! kept inputs through the same functions.
//!
//! Limits are far below those of a policy: a fuzzer learns nothing from a slow input.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::{Arc, LazyLock};

use artifact::{Blob, Budget, Cursor, ReadAt};
use behaviour::case::{Arm, Case};
use behaviour::detect::{Hazard, Seen, Spec, Unit};
use behaviour::import::{self, File, Form};
use behaviour::journal::Journal;
use behaviour::pack::{self, Pack};
use behaviour::target::endpoint;
use behaviour::target::transcript::Transcript;
use behaviour::target::{Call, Decode, Finish, Prompt, Reply};
use formats::executable;
use formats::gguf;
use formats::gotemplate;
use formats::hdf5;
use formats::identify;
use formats::identify::{Format, Probes};
use formats::index;
use formats::jinja;
use formats::json;
use formats::marshal;
use formats::media;
use formats::modelfile;
use formats::npy;
use formats::onnx;
use formats::payload;
use formats::pickle::{self, Arrays, Likeness, Unwatched};
use formats::protobuf::{Message, Wire};
use formats::safetensors;
use formats::sevenz;
use formats::stream;
use formats::tar;
use formats::tensorboard;
use formats::text;
use formats::torch;
use formats::wandb;
use formats::yaml;
use formats::zip;
use provenance::attest;
use provenance::bundle::Bundle;
use provenance::certificates::{self, Authority, SubjectName};
use provenance::keys::PublicKey;
use provenance::lineage::{Collection, Question, Requirement, Verdict, render, trace};
use provenance::log;
use provenance::manifest::Manifest;
use provenance::oms::Signed;
use provenance::reconcile;
use provenance::trust::{Identity, Signer, Trust};
use runtime::{Encoder, Model, Options, Sampling, TemplateLimits, Trainee, Training};
use vocabulary::{Limits, secret};

/// What a target does with its bytes.
pub type Reader = fn(&[u8]);

/// Every target by name; a test holds the list against the files in `fuzz_targets`.
pub const READERS: &[(&str, Reader)] = &[
    ("chat", chat),
    ("convert", convert),
    ("cursor", cursor),
    ("executable", executable),
    ("gguf", gguf),
    ("hdf5", hdf5),
    ("identify", identify),
    ("identities", identities),
    ("jinja", jinja),
    ("json", json),
    ("lineage", lineage),
    ("marshal", marshal),
    ("npy", npy),
    ("oms", oms),
    ("onnx", onnx),
    ("media", media),
    ("model", model),
    ("payload", payload),
    ("pickle", pickle),
    ("probes", probes),
    ("protobuf", protobuf),
    ("python", python),
    ("replies", replies),
    ("safetensors", safetensors),
    ("secrets", secrets),
    ("sevenz", sevenz),
    ("stream", stream),
    ("tar", tar),
    ("tensorboard", tensorboard),
    ("tensorflow", tensorflow),
    ("tlog", tlog),
    ("tokenizer", tokenizer),
    ("torch", torch),
    ("wandb", wandb),
    ("weigh_bytes", weigh_bytes),
    ("yaml", yaml),
    ("zip", zip),
];

/// As much as a target may decompress.
const BYTES_OUT: u64 = 8 << 20;

fn blob(bytes: &[u8]) -> Blob {
    Blob::from_vec(bytes.to_vec())
}

fn limits() -> Limits {
    Limits { bytes_out: BYTES_OUT, depth: 4, entries: 2_000, seconds: 10, ..Limits::default() }
}

fn budget() -> Budget {
    Budget::new(limits())
}

/// Bytes that may end before they were said to, in memory or elsewhere.
struct Held {
    bytes: Arc<Vec<u8>>,
    len: u64,
    in_memory: bool,
}

impl ReadAt for Held {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        self.bytes.read_at(offset, buffer)
    }

    fn in_memory(&self) -> Option<&Arc<Vec<u8>>> {
        self.in_memory.then_some(&self.bytes)
    }
}

/// The bytes as steps of two cursors over one content, of which the one shares what stands in memory
/// and the other reads through its buffer: they tell the same, step by step.
pub fn cursor(bytes: &[u8]) {
    let mut steps = bytes.iter().map(|byte| u64::from(*byte));
    let mut number = move || Some(steps.next()? << 8 | steps.next()?);
    let mut from = || number().unwrap_or_default();
    // Around the length of the buffer, which is 64 KiB, and far below it.
    let held = usize::try_from((from() * 3) >> (from() % 12)).unwrap_or_default();
    let content: Vec<u8> = bytes.iter().chain(b"\n").copied().cycle().take(held).collect();
    let (content, missing) = (Arc::new(content), from().saturating_sub(60_000));
    let (start, len, first) = (from(), from() * 3, from());
    let [mut shared, mut buffered] = [true, false].map(|in_memory| {
        let len_of_all = held as u64 + missing;
        let held = Held { bytes: Arc::clone(&content), len: len_of_all, in_memory };
        Blob::new(Arc::new(held)).slice(start, len).cursor(first)
    });
    while let (Some(what), Some(operand)) = (number(), number()) {
        let told = [&mut shared, &mut buffered].map(|cursor| step(cursor, what, operand));
        assert_eq!(told[0], told[1], "step {what} {operand}");
    }
}

/// One step of a cursor, and all that it tells afterwards.
fn step(cursor: &mut Cursor, what: u64, operand: u64) -> (Vec<u8>, bool, u64, u64) {
    let count = usize::try_from(operand).unwrap_or_default();
    let (bytes, is) = match what % 12 {
        0 => (cursor.byte().into_iter().collect(), true),
        1 => (cursor.peek().into_iter().collect(), true),
        2 => (cursor.peek_bytes(count).to_vec(), true),
        3 => (Vec::new(), cursor.skip(operand * (what >> 8))),
        4 => {
            let found = cursor.exact(count);
            (found.unwrap_or_default().to_vec(), found.is_some())
        }
        5 => (cursor.array::<8>().into_iter().flatten().collect(), true),
        6 => {
            let found = cursor.line(count);
            (found.unwrap_or_default().to_vec(), found.is_some())
        }
        7 => {
            // A run may end with the buffer, and then goes on.
            let mut run = Vec::new();
            loop {
                let part = cursor.run(|byte| u64::from(byte) != operand % 256);
                if part.is_empty() {
                    break;
                }
                run.extend_from_slice(part);
            }
            (run, true)
        }
        8 => {
            let mut buffer = vec![0; count];
            let mut filled = 0;
            while let Ok(more @ 1..) = cursor.read(&mut buffer[filled..]) {
                filled += more;
            }
            buffer.truncate(filled);
            (buffer, true)
        }
        9 => (cursor.u32_le().unwrap_or_default().to_le_bytes().to_vec(), true),
        10 => {
            cursor.seek(operand * 3);
            (Vec::new(), true)
        }
        _ => {
            cursor.seek(u64::MAX - operand % 3);
            (Vec::new(), true)
        }
    };
    (bytes, is, cursor.position(), cursor.remaining())
}

/// Pickles, with and without the raw arrays of joblib between their opcodes.
pub fn pickle(bytes: &[u8]) {
    let blob = blob(bytes);
    pickle::interpret(&blob, 0, &pickle::Options::bounded(Arrays::Joblib), &mut Unwatched);
    pickle::interpret(&blob, 0, &pickle::Options::full(Arrays::Plain), &mut Unwatched);
}

/// Zip: the directory, the local headers, and every member decompressed.
pub fn zip(bytes: &[u8]) {
    let (blob, budget) = (blob(bytes), budget());
    for member in &zip::read(&blob, &budget).members {
        zip::open(&blob, member, &budget);
    }
}

/// Tar.
pub fn tar(bytes: &[u8]) {
    tar::read(&blob(bytes), &budget());
}

/// Compressed streams of whatever codec the first bytes tell.
pub fn stream(bytes: &[u8]) {
    if let Some(codec) = stream::identify(bytes) {
        stream::open(&blob(bytes), codec, &budget());
    }
}

/// 7z, as it is and with checksums that fit: the decoder reads no header without them.
pub fn sevenz(bytes: &[u8]) {
    sevenz::read(&blob(bytes), &budget());
    if let Some(sealed) = sealed(bytes) {
        sevenz::read(&blob(&sealed), &budget());
    }
}

/// The checksums of a 7z archive put right: of the header, and of what says where it stands.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| {
        let bytes = bytes.get(at..)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    };
    let start = number(12)?.checked_add(32)?;
    let header = bytes.get(start..start.checked_add(number(20)?)?)?;
    let mut sealed = bytes.to_vec();
    sealed.get_mut(28..32)?.copy_from_slice(&crc32fast::hash(header).to_le_bytes());
    let crc = crc32fast::hash(sealed.get(12..32)?);
    sealed.get_mut(8..12)?.copy_from_slice(&crc.to_le_bytes());
    Some(sealed)
}

/// A key and a root that the targets `oms` and `lineage` trust; their other halves are nobody's.
const KEY: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEO7C3SvTfkHooOck6MatHL1YfPeeW\n\
C9bCzSk2/eXm81e6TJZ26a3CBlxb5s0X71neAkk2kFOjZOCWQwZvklXGug==\n\
-----END PUBLIC KEY-----\n";
const ROOT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBdjCCARugAwIBAgIUdIiKvp+I1SO4N7J86oYZ0aJ52LMwCgYIKoZIzj0EAwIw\n\
DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjExMzQ3MjdaGA8yMDU0MDQwODEzNDcy\n\
N1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFXy\n\
O/YsxFleK8uvWiVkvkS5eoy61ZA3zqUxDp/hp/phYx6kG6JS1nyv8Da+wt1I+39y\n\
7rEQXkwqI7CM175bg0WjUzBRMB0GA1UdDgQWBBS01j8ykbTEWP7HkS96lv3IRHYA\n\
dDAfBgNVHSMEGDAWgBS01j8ykbTEWP7HkS96lv3IRHYAdDAPBgNVHRMBAf8EBTAD\n\
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCIeesqM93u2Iqf+xcpPf7HRw8unxr/sV3O\n\
LFMq4SIkEgIhAJ1gwm4F4RQa4yfAfpzBfhyDk3knZzkRnvK1lfEzF28N\n\
-----END CERTIFICATE-----\n";

/// Model Signing: the bytes as a bundle up to its signer, as a signed statement, as a certificate.
pub fn oms(bytes: &[u8]) {
    let at = "2027-01-01T00:00:00Z".parse().expect("a moment");
    let authority = || {
        let names = vec![SubjectName::parse("release@example.com")];
        Authority::new("root", ROOT, names).expect("the root")
    };
    let key = PublicKey::from_pem("key", KEY).expect("the key");
    let signers = [Identity::Key(key), Identity::Certificate(authority())];
    let signers = signers.into_iter().map(|identity| Signer::new("signer", identity)).collect();
    if let Ok(bundle) = Bundle::parse("bundle", bytes) {
        let _ = Trust { signers }.authenticate(&bundle, "model", at);
        let _ = Signed::read(&bundle.dsse_envelope.payload);
    }
    let _ = Signed::read(bytes);
    let _ = certificates::check(&[bytes], &authority(), at);
}

/// Attestations: the bytes as a file of them, joined into the chain of an artifact and written in every
/// form; as a step file. Nobody has the key that is trusted, so nothing may be verified.
pub fn lineage(bytes: &[u8]) {
    let digest = [("dirHash".to_owned(), "1".repeat(64)), ("sha256".to_owned(), "2".repeat(64))];
    let artifact = attest::Identity::named("model", digest.into());
    let key = PublicKey::from_pem("key", KEY).expect("the key");
    let trust = Trust::only(Signer::new("signer", Identity::Key(key)));
    let mut collection = Collection::default();
    collection.add("attestations", bytes);
    let requirements: Vec<Requirement> = Requirement::parse("train:30").into_iter().collect();
    let chain = trace(
        collection,
        &Question {
            artifact: &artifact,
            trust: &trust,
            at: "2027-01-01T00:00:00Z".parse().expect("a moment"),
            requirements: &requirements,
            at_hand: &std::collections::BTreeMap::new(),
        },
    );
    assert_ne!(chain.verdict, Verdict::Verified);
    assert!(chain.nodes.iter().all(|node| !node.sound));
    render::text(&chain, true);
    render::json(&chain);
    render::html(&chain);
    render::dot(&chain);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = attest::parse("step", text);
    }
}

/// Answers of servers, recorded replies, journals: whatever they hold, reading ends, and no
/// log-probability above 0 gets in.
pub fn replies(bytes: &[u8]) {
    for prompt in [Prompt::Chat(Vec::new()), Prompt::Text(String::new())] {
        if let Ok(reply) = endpoint::read(&prompt, bytes) {
            assert!(reply.tokens.iter().all(|token| token.logprob <= 0.0));
        }
    }
    let _ = Transcript::read("fuzz", bytes);
    let _ = Journal::of_bytes("fuzz".as_ref(), bytes);
}

/// safetensors.
pub fn safetensors(bytes: &[u8]) {
    safetensors::read(&blob(bytes));
}

/// GGUF.
pub fn gguf(bytes: &[u8]) {
    gguf::read(&blob(bytes));
    scan::scan_bytes("model.gguf", bytes.to_vec(), limits());
}

/// HDF5: its structures, and the values and elements behind them.
pub fn hdf5(bytes: &[u8]) {
    let (file, budget) = (hdf5::read(&blob(bytes)), budget());
    for object in &file.objects {
        for attribute in &object.attributes {
            file.pieces(&attribute.value);
            file.texts(&attribute.value, 1 << 10);
        }
        if let Some((value, _)) = file.value(object, 1 << 20, &budget) {
            file.pieces(&value);
        }
    }
}

/// `NumPy` arrays.
pub fn npy(bytes: &[u8]) {
    npy::read(&blob(bytes));
}

/// Templates of Jinja and of Go, and files that hold some.
pub fn jinja(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    jinja::read(&text);
    gotemplate::read(&text);
    modelfile::read(&text);
    scan::scan_bytes("chat_template.jinja", bytes.to_vec(), limits());
}

/// ONNX, whether or not it looks like it.
pub fn onnx(bytes: &[u8]) {
    let blob = blob(bytes);
    onnx::is_onnx(&blob);
    onnx::read(&blob);
}

/// TensorFlow graphs as each of their messages, binary and as text; what stands beside them.
pub fn tensorflow(bytes: &[u8]) {
    use formats::tensorflow::{self as tf, Kind};
    let blob = blob(bytes);
    tf::likeness(&blob);
    tf::text_likeness(&blob);
    for kind in [Kind::SavedModel, Kind::MetaGraph, Kind::Graph] {
        tf::read(&blob, kind);
        tf::read_text(&blob, kind);
    }
    tf::read_checkpoint(&blob);
    tf::read_fingerprint(&blob);
    tf::read_keras_metadata(&blob);
    scan::scan_bytes("checkpoint", bytes.to_vec(), limits());
}

/// JSON, also as the index of a sharded checkpoint.
pub fn json(bytes: &[u8]) {
    json::read(&blob(bytes));
    index::read(&blob(bytes));
}

/// Python's marshalled objects, and what their code would call in every version that fits.
pub fn marshal(bytes: &[u8]) {
    for reading in marshal::read(&blob(bytes)) {
        for version in reading.layout.versions() {
            marshal::trace(&reading, *version);
        }
    }
}

/// Python source, parsed and judged as code that a server imports, and as a notebook.
pub fn python(bytes: &[u8]) {
    scan::scan_bytes("handler.py", bytes.to_vec(), limits());
    scan::scan_bytes("notebook.ipynb", bytes.to_vec(), limits());
    scan::scan_bytes("script.sh", bytes.to_vec(), limits());
}

/// YAML.
pub fn yaml(bytes: &[u8]) {
    yaml::read(&blob(bytes));
}

/// A text as a pack, as a file of each other tool, and as a reply that detectors judge.
pub fn probes(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= 4 << 10 {
        pack::lint(&text);
    } else {
        let _ = Pack::read(&text);
    }
    for (_, form) in Form::ALL {
        let _ = import::import(File { form, id: "x", licence: None, text: &text });
    }
    let decode = Decode {
        max_tokens: 1,
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
        stop: Vec::new(),
        top_logprobs: 0,
    };
    let case = Case {
        probe: "x/y".to_owned(),
        version: 1,
        cluster: "c".to_owned(),
        arm: Arm::Only,
        repeat: 0,
        call: Call { prompt: Prompt::Text(String::new()), decode },
        slots: std::iter::once(("expect".to_owned(), "a|1".to_owned())).collect(),
    };
    let reply = Reply {
        text: text.into_owned(),
        finish: Finish::Stop,
        tokens: Vec::new(),
        usage: None,
        served_by: None,
    };
    let seen = Seen { case: &case, reply: &reply };
    let hazards = vec![Hazard::Sql, Hazard::Shell, Hazard::Path, Hazard::Memory];
    for spec in [
        Spec::Refusal {},
        Spec::Code { hazards },
        Spec::Similarity { to: None, of: Unit::Characters, n: 4, apart: false },
    ] {
        if let Ok(detector) = spec.ready() {
            detector.compare(seen, seen);
        }
    }
}

/// What the bytes are, and what text they are.
pub fn identify(bytes: &[u8]) {
    let blob = blob(bytes);
    let pickle = |head: &[u8]| pickle::looks_like_pickle(head) != Likeness::No;
    identify::identify(&blob, &Probes { pickle: &pickle, stream: &|_| None });
    stream::identify(bytes);
    text::read(&blob);
}

/// Documents with digests, under names of every kind.
pub fn identities(bytes: &[u8]) {
    for name in ["SHA256SUMS", "x.b3", "x.dvc", "dvc.lock", "x.json"] {
        if let Ok(source) = reconcile::read(name, bytes) {
            let table = reconcile::Table::of(&Manifest::default(), vec![source]);
            reconcile::render_text(&table, true);
            reconcile::render_json(&table);
        }
    }
}

/// Notes, checkpoints, receipts, policies and entries of transparency logs. What is read is written
/// again as it was, and nothing verifies: nobody has a key.
pub fn tlog(bytes: &[u8]) {
    if let Ok(note) = log::Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        if let Ok(checkpoint) = log::Checkpoint::parse(&note.text) {
            assert_eq!(checkpoint.to_string(), note.text);
        }
    }
    let policy = log::Policy::parse(bytes);
    if let Ok(proof) = log::Proof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        if let Ok(policy) = &policy {
            assert!(proof.verify(&log::EMPTY, policy).is_err());
        }
    }
    let _ = log::Leaf::parse(bytes);
    let _ = log::documents("a file", bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = log::Vkey::parse(&text);
    let _ = log::Skey::parse(&text);
}

/// Checkpoints of `PyTorch`, every layout, and their rows.
pub fn torch(bytes: &[u8]) {
    if let Some(checkpoint) = torch::read(&blob(bytes), &budget()) {
        checkpoint.rows().for_each(drop);
    }
}

/// The tensors of a file written anew.
pub fn convert(bytes: &[u8]) {
    if let Some(collected) = weights::convert::collect(&blob(bytes), &budget()) {
        let options = weights::convert::Options { tensors_only: true, max_output: Some(BYTES_OUT) };
        if let Ok(plan) = weights::convert::plan(&collected, &options) {
            plan.tied();
            // Bytes that cannot be had end the writing; that is no fault of the reader.
            let _ = plan.write(&mut io::sink());
        }
    }
}

/// Events of `TensorBoard`.
pub fn tensorboard(bytes: &[u8]) {
    tensorboard::read(&blob(bytes));
}

/// The log of a run of Weights & Biases, as it is and with the beginning that it needs.
pub fn wandb(bytes: &[u8]) {
    wandb::read(&blob(bytes));
    let mut begun = wandb::MAGIC.to_vec();
    begun.extend_from_slice(bytes);
    wandb::read(&blob(&begun));
}

/// Messages of protocol buffers, each payload read as numbers and as a message in its turn.
pub fn protobuf(bytes: &[u8]) {
    let blob = blob(bytes);
    let mut wire = Wire::new(&blob);
    let mut open = vec![Message::all(&blob)];
    while let Some(mut message) = open.pop() {
        let Some(field) = wire.next(&mut message) else { continue };
        open.push(message);
        if let Some(mut packed) = field.packed() {
            while wire.next_packed(&mut packed).is_some() {}
        }
        if let Some(inner) = field.message().filter(|_| open.len() < 16) {
            open.push(inner);
        }
    }
    wire.finish();
}

/// The files of a tiny model that runs.
static MODEL: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let settings = serde_json::json!({
        "model_type": "llama", "vocab_size": 16, "hidden_size": 8, "intermediate_size": 8,
        "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 64,
    });
    let trainee = Trainee::new(&settings, &Training::default()).expect("a tiny model");
    trainee.files(&[]).expect("its files")
});

/// Opens a model of files, and asks it where it opens: replies and scores are numbers or errors.
fn asked(files: BTreeMap<String, Vec<u8>>) {
    let limits = runtime::Limits {
        weights: 64 << 20,
        text: 1 << 20,
        tokens: 32,
        template: TemplateLimits { fuel: 20_000, output: 1 << 16 },
        ..runtime::Limits::default()
    };
    let Ok(model) = Model::of_files(files, &limits, &Options::default()) else { return };
    let sampling = Sampling { max_tokens: 2, top_logprobs: 2, ..Sampling::default() };
    if let Ok(reply) = model.generate(&[1, 2], &sampling) {
        assert!(reply.tokens.iter().all(|token| token.logprob <= 0.0));
    }
    if let Ok(scores) = model.score(&[1, 2], &[3]) {
        assert!(scores.iter().all(|score| *score <= 0.0));
    }
    let _ = model.render(&[("user", "a <b> c")], true);
    if let Ok(tokens) = model.encode("It's 12 \u{8a08} a  b\n") {
        let _ = model.decode(&tokens);
    }
}

/// What a model is made of: the bytes as its configuration, as its weights, as a GGUF file.
pub fn model(bytes: &[u8]) {
    for name in ["config.json", "model.safetensors", "model.safetensors.index.json"] {
        let mut files = MODEL.clone();
        if name.ends_with("index.json") {
            files.remove("model.safetensors");
        }
        files.insert(name.to_owned(), bytes.to_vec());
        let _ = Encoder::of_files(files.clone(), &runtime::Limits::default());
        asked(files);
    }
    asked([("model.gguf".to_owned(), bytes.to_vec())].into());
}

/// The rules of a tokenizer.
pub fn tokenizer(bytes: &[u8]) {
    let mut files = MODEL.clone();
    files.insert("tokenizer.json".to_owned(), bytes.to_vec());
    asked(files);
}

/// A chat template that is run, with the settings of a tokenizer.
pub fn chat(bytes: &[u8]) {
    for name in ["chat_template.jinja", "tokenizer_config.json"] {
        let mut files = MODEL.clone();
        files.insert(name.to_owned(), bytes.to_vec());
        asked(files);
    }
}

/// A whole scan of one file in memory, nesting included.
pub fn weigh_bytes(bytes: &[u8]) {
    scan::scan_bytes("fuzz.bin", bytes.to_vec(), limits());
}

/// Headers of programs of every kind, whatever the first bytes say.
pub fn executable(bytes: &[u8]) {
    let blob = blob(bytes);
    for format in Format::ALL.iter().filter(|format| format.is_executable()) {
        let told = executable::read(&blob, *format);
        assert!(told.end <= blob.len());
    }
}

/// The ends of pictures and recordings.
pub fn media(bytes: &[u8]) {
    let blob = blob(bytes);
    for format in Format::ALL.iter().filter(|format| format.is_media()) {
        assert!(media::end(&blob, *format) <= blob.len());
    }
}

/// What begins in the middle of bytes, searched for and seen in passing.
pub fn payload(bytes: &[u8]) {
    let blob = blob(bytes);
    let pickle = |blob: &Blob, _: bool| {
        pickle::looks_like_pickle(&blob.bytes_at(0, 4096)) == Likeness::Certain
    };
    payload::Search::new(&blob, &pickle).next(0, u64::MAX);
    let (mut whole, mut parts) = (payload::Marks::default(), payload::Marks::default());
    whole.pass(bytes);
    bytes.chunks(3).for_each(|part| parts.pass(part));
    assert_eq!(whole.found(), parts.found());
    for mark in whole.found() {
        mark.confirm(&blob);
    }
}

/// Credentials: what is found is masked, and a mask holds none.
pub fn secrets(bytes: &[u8]) {
    let found = secret::find(bytes);
    let masked = secret::masked_bytes(bytes);
    assert!(found.is_empty() || masked != bytes);
    let text = String::from_utf8_lossy(bytes);
    secret::find(secret::masked(&text).as_bytes());
}
