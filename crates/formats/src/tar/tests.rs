use artifact::Exhausted;
use vocabulary::Limits;

use super::TarKind::{File, Folder, HardLink, Symlink};
use super::*;
use crate::stream::testing::{blob, budget, content, python, torture};

/// A header as a test wants it, with a checksum that fits.
fn header(name: &str, flag: u8, size: u64, link: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = flag;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

fn seal(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block[..512].iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn file(name: &str, flag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, flag, content.len() as u64, "");
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tape(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0; 1024]].concat()
}

fn look(bytes: &[u8]) -> Tape {
    read(&blob(bytes), &budget())
}

fn kinds(tape: &Tape) -> Vec<TarOddity> {
    let mut kinds: Vec<_> = tape.oddities.iter().map(|oddity| oddity.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn names(tape: &Tape) -> Vec<&str> {
    tape.members.iter().map(|member| member.name.raw()).collect()
}

#[test]
fn tapes_of_python_have_no_oddity() {
    let Some(made) = python(
        "
import tarfile
long = 'folder/' + 'n' * 120
for name, format in (('ustar', tarfile.USTAR_FORMAT), ('gnu', tarfile.GNU_FORMAT), ('pax', tarfile.PAX_FORMAT)):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode='w', format=format) as t:
        def add(name, data=b'', **more):
            i = tarfile.TarInfo(name); i.size = len(data)
            for k, v in more.items(): setattr(i, k, v)
            t.addfile(i, io.BytesIO(data))
        add('folder', type=tarfile.DIRTYPE)
        add('folder/a', b'A' * 700)
        add(long if name != 'ustar' else 'folder/' + 'n' * 90, b'B')
        add('gr\\u00f6\\u00dfe', b'C', mtime=1.5 if name == 'pax' else 1)
        add('folder/link', type=tarfile.SYMTYPE, linkname='a')
        add('hard', type=tarfile.LNKTYPE, linkname='folder/a')
        add('empty', b'')
    emit(name, b.getvalue())
b = io.BytesIO()
with tarfile.open(fileobj=b, mode='w'): pass
emit('empty', b.getvalue())
",
    ) else {
        return;
    };
    for (what, bytes) in made {
        let tape = look(&bytes);
        assert_eq!(tape.oddities, [], "{what}");
        assert!(what == "empty" || identify(&bytes));
        let spans: Vec<Span> = tape.regions.iter().map(|region| region.span).collect();
        assert_eq!(Span::uncovered(&spans, bytes.len() as u64), [], "{what}");
        if what == "empty" {
            continue;
        }
        let kinds: Vec<TarKind> = tape.members.iter().map(|member| member.kind).collect();
        assert_eq!(kinds, [Folder, File, File, File, Symlink, HardLink, File], "{what}");
        let long = if what == "ustar" { 97 } else { 127 };
        assert_eq!(tape.members[2].name.raw().len(), long, "{what}");
        assert_eq!(tape.members[3].name.raw(), "größe");
        assert_eq!(tape.members[4].link.as_ref().unwrap().raw(), "a");
        let data = tape.members[1].data;
        assert_eq!(content(&blob(&bytes).slice(data.start, data.len())), [b'A'; 700]);
    }
}

#[test]
fn tapes_laid_out_as_torch_once_did_are_read() {
    let Some(made) = python(
        "
import tarfile, pickle
b = io.BytesIO()
with tarfile.open(fileobj=b, mode='w', format=tarfile.PAX_FORMAT) as t:
    for name in ('sys_info', 'pickle', 'storages', 'tensors'):
        i = tarfile.TarInfo(name); data = pickle.dumps(name, 2); i.size = len(data)
        t.addfile(i, io.BytesIO(data))
emit('', b.getvalue())
",
    ) else {
        return;
    };
    let tape = look(&made[0].1);
    assert_eq!(names(&tape), ["sys_info", "pickle", "storages", "tensors"]);
    assert_eq!(tape.oddities, []);
}

#[test]
fn members_that_lead_elsewhere_are_told() {
    let link = |name: &str, flag, target: &str| header(name, flag, 0, target);
    for (part, expected) in [
        (file("/etc/x", b'0', b""), TarOddity::Name(NameTrouble::Absolute)),
        (file("a/../../x", b'0', b""), TarOddity::Name(NameTrouble::Parent)),
        (link("a", b'2', "/etc/passwd"), TarOddity::LinkOutside),
        (link("a/b", b'2', "../../x"), TarOddity::LinkOutside),
        (link("a/b", b'1', "../x"), TarOddity::LinkOutside),
        (link("null", b'3', ""), TarOddity::Special),
        (link("pipe", b'6', ""), TarOddity::Special),
        (file("odd", b'Q', b""), TarOddity::UnknownType),
    ] {
        assert_eq!(kinds(&look(&tape(&[part]))), [expected]);
    }
    let inside = tape(&[link("a/b", b'2', "../x"), link("a/c", b'1', "a/b")]);
    assert_eq!(look(&inside).oddities, []);
    let through = tape(&[link("out", b'2', "folder"), file("out/x", b'0', b"evil")]);
    assert_eq!(kinds(&look(&through)), [TarOddity::ThroughLink]);
    let twice = tape(&[file("a", b'0', b"good"), file("a", b'0', b"evil")]);
    assert_eq!(kinds(&look(&twice)), [TarOddity::DuplicateName]);
}

#[test]
fn what_comes_after_the_end_is_read_and_told() {
    let one = tape(&[file("one", b'0', b"1")]);
    let both = [one.clone(), tape(&[file("two", b'0', b"2")])].concat();
    let tape = look(&both);
    assert_eq!(kinds(&tape), [TarOddity::SeveralArchives]);
    assert_eq!(names(&tape), ["one", "two"]);
    assert!(!tape.members[0].after_end && tape.members[1].after_end);
    let tail = [one.as_slice(), b"PK\x03\x04 and so on"].concat();
    assert_eq!(kinds(&look(&tail)), [TarOddity::Trailing]);
    let cut = &one[..1024];
    assert_eq!(kinds(&look(cut)), [TarOddity::NoEndMark]);
}

#[test]
fn a_broken_header_is_told_and_the_next_member_found() {
    let mut parts = [file("a", b'0', b"A"), file("b", b'0', b"B"), file("c", b'0', b"C")];
    parts[1][0] ^= 8;
    let broken = look(&tape(&parts));
    assert_eq!(kinds(&broken), [TarOddity::BadChecksum]);
    assert_eq!(names(&broken), ["a", "j", "c"]);
    let junk = tape(&[file("a", b'0', b"A"), vec![b'?'; 1024], file("c", b'0', b"C")]);
    let tape = look(&junk);
    assert_eq!(kinds(&tape), [TarOddity::Gap]);
    assert_eq!(names(&tape), ["a", "c"]);
    assert!(tape.members[1].after_end);
}

#[test]
fn sizes_that_lie_are_told() {
    let huge = header("huge", b'0', 0o77_777_777_777, "");
    assert_eq!(kinds(&look(&huge)), [TarOddity::Truncated, TarOddity::NoEndMark]);
    let folder = tape(&[header("folder", b'5', 512, ""), file("inside", b'0', b"evil")]);
    let tape_ = look(&folder);
    assert_eq!(kinds(&tape_), [TarOddity::SizeLie]);
    assert_eq!(names(&tape_), ["folder", "inside"]);
    let mut large = header("large", b'0', 0, "");
    large[124..136]
        .copy_from_slice(&[0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    seal(&mut large);
    assert_eq!(look(&large).members[0].size, u64::MAX);
    large[124] = b'x';
    seal(&mut large);
    assert!(kinds(&look(&large)).contains(&TarOddity::BadNumber));
    let pax = file("pax", b'x', b"10 size=5\n");
    let tape = look(&tape(&[pax, file("a", b'0', b"four")]));
    assert_eq!(kinds(&tape), [TarOddity::SizeLie]);
    assert_eq!(tape.members[0].data.len(), 5);
}

#[test]
fn extension_headers_name_the_next_member() {
    let gnu = tape(&[file("././@LongLink", b'L', b"long/name\0"), file("short", b'0', b"")]);
    assert_eq!(names(&look(&gnu)), ["long/name"]);
    let pax = tape(&[file("pax", b'x', b"15 path=long/n\n"), file("short", b'0', b"")]);
    assert_eq!(names(&look(&pax)), ["long/n"]);
    assert_eq!(look(&pax).oddities, []);
    let broken = tape(&[file("pax", b'x', b"99 path=long/n\n"), file("short", b'0', b"")]);
    assert_eq!(kinds(&look(&broken)), [TarOddity::Pax]);
    let global = tape(&[file("pax", b'g', b"10 path=x\n"), file("short", b'0', b"")]);
    assert_eq!(kinds(&look(&global)), [TarOddity::Pax]);
    assert_eq!(names(&look(&global)), ["x"]);
    let huge = header("pax", b'x', 1 << 30, "");
    assert!(kinds(&look(&huge)).contains(&TarOddity::Pax));
    let sparse = tape(&[file("holes", b'S', b"data")]);
    assert_eq!(kinds(&look(&sparse)), [TarOddity::Sparse]);
}

#[test]
fn members_are_spent_on_the_budget() {
    let bytes = tape(&[file("a", b'0', b""), file("b", b'0', b"")]);
    let limits = Limits { entries: 1, ..Limits::default() };
    let tape = read(&blob(&bytes), &artifact::Budget::new(limits));
    assert_eq!(tape.exhausted, Some(Exhausted::Entries));
    assert_eq!(names(&tape), ["a"]);
}

#[test]
fn many_members_and_long_padding_are_read_in_one_pass() {
    let many = tape(&vec![file("same", b'0', b""); 100_000]);
    let tape_ = look(&many);
    assert_eq!(tape_.members.len(), 100_000);
    assert_eq!(tape_.oddities.len(), 10_000);
    assert_eq!(tape_.oddities_left_out, 89_999);
    let padded = [tape(&[file("a", b'0', b"")]), vec![0; 32 << 20]].concat();
    let tape = look(&padded);
    assert_eq!(tape.oddities, []);
    assert_eq!(tape.regions.len(), 4);
}

#[test]
fn a_cut_or_changed_tape_never_panics() {
    let parts = [
        file("pax", b'x', b"15 path=long/n\n"),
        file("a", b'0', b"content"),
        header("link", b'2', 0, "../x"),
        file("holes", b'S', b"data"),
    ];
    let mut bytes = tape(&parts);
    bytes.truncate(4096);
    torture(&bytes, |blob| {
        let tape = read(blob, &budget());
        assert!(tape.regions.iter().all(|region| region.span.end <= blob.len()));
        assert!(tape.members.iter().all(|member| member.data.end <= blob.len()));
    });
}

#[test]
fn bytes_that_are_no_tape_have_no_member() {
    for bytes in [vec![], vec![b'x'; 2000], vec![0; 2000], vec![b'x'; 100]] {
        assert!(!identify(&bytes));
        assert!(look(&bytes).members.is_empty());
    }
}
