use artifact::Blob;

use super::*;
use crate::harness;

/// What each version writes of the same lambda:
/// `lambda x: __import__("os").system("true") or x.shape`.
const LAMBDAS: &[(Version, &str)] = &[
    (
        Version::V2_7,
        "6301000000010000000200000043000000731c0000007400006401008301006a0100640200830100701b007c \
         00006a02005328030000004e74020000006f737404000000747275652803000000740a0000005f5f696d706f \
         72745f5f740600000073797374656d7405000000736861706528010000007401000000782800000000280000 \
         000073070000003c737464696e3e74080000003c6c616d6264613e010000007400000000",
    ),
    (
        Version::V3_6,
        "e3010000000000000001000000020000004300000073140000007400640183016a016402830170127c006a02 \
         530029034eda026f73da04747275652903da0a5f5f696d706f72745f5fda0673797374656dda057368617065 \
         2901da0178a9007207000000fa073c737464696e3eda083c6c616d6264613e010000007300000000",
    ),
    (
        Version::V3_7,
        "e301000000000000000100000003000000430000007314000000740064018301a0016402a10170127c006a02 \
         530029034eda026f73da04747275652903da0a5f5f696d706f72745f5fda0673797374656dda057368617065 \
         2901da0178a9007207000000fa073c737464696e3eda083c6c616d6264613e01000000f300000000",
    ),
    (
        Version::V3_8,
        "e30100000000000000000000000100000003000000430000007314000000740064018301a0016402a1017012 \
         7c006a02530029034eda026f73da04747275652903da0a5f5f696d706f72745f5fda0673797374656dda0573 \
         686170652901da0178a9007207000000fa073c737464696e3eda083c6c616d6264613e01000000f300000000",
    ),
    (
        Version::V3_9,
        "e30100000000000000000000000100000003000000430000007314000000740064018301a0016402a1017012 \
         7c006a02530029034eda026f73da04747275652903da0a5f5f696d706f72745f5fda0673797374656dda0573 \
         686170652901da0178a9007207000000fa073c737464696e3eda083c6c616d6264613e01000000f300000000",
    ),
    (
        Version::V3_10,
        "e30100000000000000000000000100000003000000430000007314000000740064018301a0016402a1017009 \
         7c006a02530029034eda026f73da04747275652903da0a5f5f696d706f72745f5fda0673797374656dda0573 \
         686170652901da0178a9007207000000fa073c737464696e3eda083c6c616d6264613e010000007302000000 \
         1400",
    ),
    (
        Version::V3_11,
        "e30100000000000000000000000300000003000000f35400000097007401000000000000000000006401a601 \
         0000ab010000000000000000a00100000000000000000000000000000000000000006402a6010000ab010000 \
         00000000000070067c006a020000000000000000530029034eda026f73da04747275652903da0a5f5f696d70 \
         6f72745f5fda0673797374656dda0573686170652901da0178730100000020fa073c737464696e3efa083c6c \
         616d6264613e720900000001000000732300000080008d6a9814d10e1ed40e1ed70e25d20e25a066d10e2dd4 \
         0e2dd00e38b011b4178000f300000000",
    ),
    (
        Version::V3_12,
        "e30100000000000000000000000300000003000000f3520000009700740100000000000000006401ab010000 \
         000000006a030000000000000000000000000000000000006402ab010000000000007801730c01007c006a04 \
         000000000000000000000000000000000000530029034eda026f73da04747275652903da0a5f5f696d706f72 \
         745f5fda0673797374656dda0573686170652901da0178730100000020fa073c737464696e3efa083c6c616d \
         6264613e720900000001000000731f00000080008c6a9814d30e1ed70e25d10e25a066d30e2dd20e38b011b7 \
         17b1178000f300000000",
    ),
    (
        Version::V3_13,
        "e30100000000000000000000000300000003000000f35c00000095005b010000000000000000530135010000 \
         000000005203000000000000000000000000000000000000530235010000000000003d012800000000000000 \
         640c0000200055005204000000000000000000000000000000000000240029034eda026f73da047472756529 \
         03da0a5f5f696d706f72745f5fda0673797374656dda0573686170652901da0178730100000020da073c7374 \
         64696e3eda083c6c616d6264613e720900000001000000732000000080008c6a9814d30e1ed70e25d10e25a0 \
         66d30e2dd70e38b011b717b117d00e38f300000000",
    ),
    (
        Version::V3_14,
        "e30100000000000000000000000300000003000000f35e00000080005c010000000000000000520034010000 \
         000000005003000000000000000000000000000000000000520134010000000000003b012700000000000000 \
         670d00001c001f005600500400000000000000000000000000000000000023002902da026f73da0474727565 \
         2903da0a5f5f696d706f72745f5fda0673797374656dda0573686170652901da0178730100000026da073c73 \
         7464696e3eda083c6c616d6264613e720900000001000000732300000080008c6a9814d30e1ed70e25d10e25 \
         a066d30e2dd70e38d00e38b011b717b117d00e38f300000000",
    ),
];

fn blob(hex: &str) -> Blob {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Blob::from_vec(digits.chunks(2).map(byte).collect())
}

/// The interpreter that runs the test (`WEIGHBRIDGE_PYTHON`) compiles its own library; everything
/// that its `dis` says of it must be said here.
#[test]
fn agrees_with_the_interpreter() {
    let folder = tempfile::tempdir().unwrap();
    let script = include_str!("oracle.py");
    let Some(said) = harness::python("dis, marshal", script, folder.path()) else { return };
    let mut lines = said.lines().peekable();
    let name = lines.next().unwrap();
    let version = Version::ALL.iter().copied().find(|version| version.name() == name);
    let Some(version) = version else { return };
    let (mut files, mut instructions) = (0, 0);
    while let Some(line) = lines.next() {
        let file = line.strip_prefix("file ").unwrap();
        let blob = harness::load(&folder.path().join(format!("{file}.marshal")));
        let readings = read(&blob);
        let reading = readings.iter().find(|m| m.layout == version.layout()).unwrap();
        let odd: Vec<_> =
            reading.oddities.iter().filter(|o| o.kind != OddityKind::BadText).collect();
        assert!(reading.whole && odd.is_empty(), "{odd:?}");
        assert_eq!(reading.end, blob.len());
        let traced = trace(reading, version);
        let first = traced.first_fault.map(|(id, at, what)| {
            let Some(Object::Code(code)) = reading.get(id) else { panic!("no code object") };
            format!("{} line {} at {at}: {what}", code.name_in(reading), code.first_line)
        });
        assert_eq!((first, traced.cut), (None, false), "{name} {file}");
        files += 1;
        let mut todo = vec![reading.root.unwrap()];
        while let Some(id) = todo.pop() {
            let Some(Object::Code(code)) = reading.get(id) else { panic!("no code object") };
            for constant in reading.items(code.constants) {
                if matches!(reading.get(*constant), Some(Object::Code(_))) {
                    todo.push(*constant);
                }
            }
            let said = lines.next().unwrap();
            let found = format!(
                "code {} {} {} {} {} {}",
                code.name_in(reading).raw(),
                code.first_line,
                code.arguments,
                code.keyword_only,
                code.flags,
                code.stack_size
            );
            assert_eq!(said, found);
            let (found, more) = disassemble(reading.bytes(code.code).unwrap(), version, usize::MAX);
            assert!(!more);
            for instruction in found {
                let said = lines.next().unwrap();
                let target = instruction.target(version).map_or(-1, i64::from);
                let found = format!("{} {} {target}", instruction.name(), instruction.argument);
                assert_eq!(said, found, "{file} {} at {}", code.name_in(reading), instruction.at);
                instructions += 1;
            }
        }
    }
    assert!(files > 3 && instructions > 1000, "{files} files, {instructions} instructions");
}

#[test]
fn follows_an_import_by_name_in_every_version() {
    for (version, hex) in LAMBDAS {
        let readings = read(&blob(hex));
        let reading = readings.iter().find(|m| m.layout == version.layout()).unwrap();
        let Some(Object::Code(code)) = reading.root.and_then(|root| reading.get(root)) else {
            panic!("{}: no code object", version.name());
        };
        assert_eq!(code.name_in(reading).raw(), "<lambda>");
        let traced = trace(reading, *version);
        assert_eq!(traced.first_fault, None, "{}", version.name());
        // Text of Python 2 is bytes.
        let shown = |u: &Use| (u.did, u.shown.replace("b\"", "\""));
        let told: Vec<_> = traced.uses.iter().map(shown).collect();
        assert_eq!(
            told,
            [
                (Did::Import, "import os".to_owned()),
                (Did::Call, "os.system(\"true\")".to_owned()),
                (Did::Refer, "?.shape".to_owned())
            ],
            "{}",
            version.name()
        );
    }
}

#[test]
fn survives_any_bytes() {
    for (_, hex) in LAMBDAS {
        let sample = blob(hex).bytes_at(0, usize::MAX >> 1);
        harness::survive(&sample, |blob| {
            for reading in read(blob) {
                for version in reading.layout.versions() {
                    trace(&reading, *version);
                }
            }
        });
    }
}

#[test]
fn reads_every_type() {
    for (hex, shown) in [
        ("4e", "None"),
        ("54", "True"),
        ("2e", "..."),
        ("69ffffffff", "-1"),
        ("6c0200000001000100", "32769"),
        ("6cfeffffff01000100", "-32769"),
        ("67000000000000f83f", "1.5"),
        ("6603312e35", "1.5"),
        ("7302000000ff61", "b\"\\xffa\""),
        ("7a026869", "\"hi\""),
        ("290269010000004e", "(1, None)"),
        ("a901720000000000", "((((…,),),),)"),
        ("5b00000000", "[]"),
        ("7b4e4e30", "{1 pairs}"),
        ("3c010000004e", "{None}"),
        ("3e010000004e", "frozenset({None})"),
        ("3a4e4e4e", "slice(None, None, None)"),
    ] {
        let readings = read(&blob(hex));
        let reading = &readings[0];
        let root = reading.root.unwrap_or_else(|| panic!("{hex}: {:?}", reading.oddities));
        assert!(reading.show(root, 40).starts_with(shown), "{hex}: {}", reading.show(root, 40));
    }
}

#[test]
fn says_why_it_ends() {
    use OddityKind::{BadReference, NegativeCount, Null, TooDeep, Truncated, UnknownType};
    let deep = "2901".repeat(3000);
    for (hex, kind) in [
        ("", Truncated),
        ("69ff", Truncated),
        ("28ffffff7f", Truncated),
        ("28ffffffff", NegativeCount),
        ("2a", UnknownType),
        ("7205000000", BadReference),
        ("290130", Null),
        (deep.as_str(), TooDeep),
    ] {
        let readings = read(&blob(hex));
        assert!(!readings[0].whole && readings[0].root.is_none());
        assert_eq!(readings[0].oddities.last().map(|o| o.kind), Some(kind), "{hex:.20}");
    }
}
