//! Archives made by hand: each is a way to show different members to different loaders.

use vocabulary::Limits;

use super::tests::{PLAIN, STREAMED, kinds, names};
use super::tests_build::{archive, central, deflated, end, entry, local, short, words};
use super::*;
use crate::names::NameTrouble;
use crate::stream::testing::{blob, budget, content, python, torture, unhex};

fn look(bytes: &[u8]) -> Archive {
    read(&blob(bytes), &budget())
}

fn bytes_of(bytes: &[u8], archive: &Archive, index: usize) -> Vec<u8> {
    content(&open(&blob(bytes), &archive.members[index], &budget()).blob)
}

fn seen_by(archive: &Archive, who: impl Fn(&Views) -> bool) -> Vec<usize> {
    let members = archive.members.iter().enumerate();
    members.filter(|(_, member)| who(&member.views)).map(|(index, _)| index).collect()
}

#[test]
fn the_builder_writes_ordinary_archives() {
    let bytes = archive(&[entry("a", b"A"), deflated("b", &[b'B'; 90])]);
    let archive = look(&bytes);
    assert_eq!(archive.oddities, []);
    assert_eq!(bytes_of(&bytes, &archive, 1), [b'B'; 90]);
}

/// What `zipfile` makes of an archive, as names and contents.
fn by_python(bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let script = format!(
        "
import zipfile
z = zipfile.ZipFile(io.BytesIO(bytes({bytes:?})))
for name in sorted(z.NameToInfo): emit(name, z.read(name))
"
    );
    python(&script)
}

#[test]
fn the_view_of_python_is_that_of_python() {
    let plain = unhex(PLAIN);
    let first = archive(&[entry("for-miniz", b"evil")]);
    let second = archive(&[entry("for-pythn", b"good")]);
    let mut comment = archive(&[entry("good", b"good")]);
    let evil = archive(&[entry("evil", b"evil")]);
    // Offsets that are right within the whole file.
    let at = comment.len();
    comment[at - 2..].copy_from_slice(&short(&evil).to_le_bytes());
    comment.extend_from_slice(&evil);
    let mut counted = archive(&[entry("a", b"A"), entry("b", b"B")]);
    let at = counted.len() - 22;
    counted[at + 8..at + 12].copy_from_slice(&[1, 0, 1, 0]);
    let mut hidden = entry("hidden", b"evil");
    hidden.central = false;
    for bytes in [
        archive(&[entry("x", b"evil"), entry("x", b"good")]),
        archive(&[entry("x", b"evil"), entry("X", b"good")]),
        archive(&[entry("x", b"good"), entry("x\0.txt", b"evil")]),
        archive(&[entry("a", b"A"), hidden, deflated("z", b"zzzz")]),
        [b"GGUF....".as_slice(), &plain].concat(),
        [plain.as_slice(), b"tail"].concat(),
        [&first[..first.len() - 22], &second].concat(),
        comment,
        counted,
    ] {
        let Some(expected) = by_python(&bytes) else { return };
        let archive = look(&bytes);
        let mut seen: Vec<(String, Vec<u8>)> = seen_by(&archive, |views| views.python)
            .into_iter()
            .map(|index| {
                let name = archive.members[index].name.raw();
                let name = name.split('\0').next().unwrap_or_default().to_owned();
                (name, bytes_of(&bytes, &archive, index))
            })
            .collect();
        seen.sort();
        assert_eq!(seen, expected, "{bytes:x?}");
    }
}

#[test]
fn the_last_duplicate_is_pythons_and_each_may_be_miniz() {
    let bytes = archive(&[entry("data.pkl", b"evil"), entry("data.pkl", b"good")]);
    let archive = look(&bytes);
    assert_eq!(kinds(&archive), [ZipOddity::DuplicateName]);
    assert_eq!(seen_by(&archive, |views| views.python), [1]);
    assert_eq!(seen_by(&archive, |views| views.miniz), [0, 1]);
    assert_eq!(bytes_of(&bytes, &archive, 0), b"evil");
    assert_eq!(bytes_of(&bytes, &archive, 1), b"good");
}

#[test]
fn names_that_differ_in_case_are_told() {
    let archive = look(&archive(&[entry("data.pkl", b"good"), entry("DATA.PKL", b"evil")]));
    assert_eq!(kinds(&archive), [ZipOddity::CaseDuplicate]);
    assert_eq!(seen_by(&archive, |views| views.python), [0, 1]);
}

#[test]
fn a_name_ends_at_a_nul_for_python() {
    let archive = look(&archive(&[entry("data.pkl", b"good"), entry("data.pkl\0.txt", b"evil")]));
    assert_eq!(kinds(&archive), [ZipOddity::Name(NameTrouble::Nul)]);
    assert_eq!(seen_by(&archive, |views| views.python), [1]);
}

#[test]
fn a_local_header_with_another_name_is_a_member_of_its_own() {
    let mut member = entry("data.pkl", b"evil");
    member.local_name = b"readme.md".to_vec();
    let archive = look(&archive(&[member]));
    assert_eq!(kinds(&archive), [ZipOddity::NameMismatch]);
    assert_eq!(names(&archive), ["data.pkl", "readme.md"]);
    assert_eq!(seen_by(&archive, |views| views.sequential), [1]);
}

#[test]
fn local_sizes_may_hide_a_header_within_data() {
    // The central directory has one member of all the bytes; local headers have two.
    let hidden = local(&entry("evil.pkl", b"evil"));
    let mut outer = entry("weights", &[b"good".as_slice(), &hidden].concat());
    outer.local_compressed = 4;
    let archive = look(&archive(&[outer]));
    assert_eq!(kinds(&archive), [ZipOddity::SizeMismatch, ZipOddity::LocalOnly]);
    assert_eq!(names(&archive), ["weights", "weights", "evil.pkl"]);
    assert_eq!(seen_by(&archive, |views| views.sequential), [1, 2]);
}

#[test]
fn members_of_one_listing_alone_are_told() {
    let mut hidden = entry("hidden.pkl", b"evil");
    hidden.central = false;
    let mut ghost = entry("ghost", b"");
    (ghost.local, ghost.at) = (false, Some(7));
    let bytes = archive(&[entry("a", b"A"), hidden, ghost, entry("z", b"Z")]);
    let archive = look(&bytes);
    assert_eq!(kinds(&archive), [ZipOddity::LocalOnly, ZipOddity::CentralOnly]);
    let seen: Vec<Seen> = archive.members.iter().map(|member| member.seen).collect();
    assert_eq!(seen, [Seen::Both, Seen::Central, Seen::Both, Seen::Local]);
    assert_eq!(bytes_of(&bytes, &archive, 3), b"evil");
    assert_eq!(seen_by(&archive, |views| views.sequential), [0, 2, 3]);
}

#[test]
fn an_unlisted_member_without_sizes_is_read_to_its_end() {
    let mut hidden = deflated("hidden.pkl", &b"evil ".repeat(20));
    (hidden.local_flags, hidden.local_compressed) = (8, 0);
    let junk = [b"junk".as_slice(), &local(&hidden), &unhex("504b0708 00000000"), b"rest"].concat();
    let bytes = [junk.as_slice(), &archive(&[entry("a", b"A")])].concat();
    let archive = look(&bytes);
    assert!(kinds(&archive).contains(&ZipOddity::LocalOnly), "{:?}", archive.oddities);
    let index = archive.members.iter().position(|member| member.unsized_data).unwrap();
    assert_eq!(bytes_of(&bytes, &archive, index), b"evil ".repeat(20));
}

#[test]
fn bytes_around_an_archive_are_told_and_the_archive_is_read() {
    let plain = unhex(PLAIN);
    for (bytes, kind) in [
        ([b"GGUF....".as_slice(), &plain].concat(), ZipOddity::Prefix),
        ([plain.as_slice(), b"tail"].concat(), ZipOddity::Suffix),
    ] {
        let archive = look(&bytes);
        assert_eq!(kinds(&archive), [kind]);
        assert_eq!(archive.members.len(), 2);
        assert_eq!(bytes_of(&bytes, &archive, 0), b"hello");
        // miniz does not correct offsets.
        let miniz = seen_by(&archive, |views| views.miniz);
        assert_eq!(miniz.is_empty(), kind == ZipOddity::Prefix);
    }
}

#[test]
fn readers_that_correct_offsets_may_find_another_directory() {
    // Declared: the directory of the first archive. By its size: that of the second, which ends
    // where the end record starts.
    let first = archive(&[entry("for-miniz", b"evil")]);
    let second = archive(&[entry("for-pythn", b"good")]);
    let (one, two) = (first.len() - 22, second.len() - 22);
    let bytes = [&first[..one], &second[..two], &second[two..]].concat();
    let archive = look(&bytes);
    assert!(kinds(&archive).contains(&ZipOddity::OffsetBias), "{:?}", archive.oddities);
    let python = seen_by(&archive, |views| views.python);
    let miniz = seen_by(&archive, |views| views.miniz);
    assert_eq!(python.len(), 1);
    assert_eq!(archive.members[python[0]].name.raw(), "for-pythn");
    assert_eq!(bytes_of(&bytes, &archive, python[0]), b"good");
    assert_eq!(miniz.len(), 1);
    assert_eq!(archive.members[miniz[0]].name.raw(), "for-miniz");
    assert_eq!(bytes_of(&bytes, &archive, miniz[0]), b"evil");
}

#[test]
fn an_end_record_in_a_comment_shows_another_archive() {
    let good = archive(&[entry("good", b"good")]);
    let evil = archive(&[entry("evil", b"evil")]);
    // The comment of the first end record is the second archive, offsets and all.
    let mut bytes = good.clone();
    let comment_at = bytes.len() - 2;
    bytes[comment_at..].copy_from_slice(&short(&evil).to_le_bytes());
    bytes.extend_from_slice(&evil);
    let archive = look(&bytes);
    let found = kinds(&archive);
    assert!(found.contains(&ZipOddity::SeveralEnds) && found.contains(&ZipOddity::EndInComment));
    assert_eq!(seen_by(&archive, |views| views.python).len(), 1);
    let mut all = names(&archive);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, ["evil", "good"]);
}

#[test]
fn a_member_in_a_comment_is_found() {
    let hidden = local(&entry("hidden.pkl", b"evil"));
    let mut bytes = archive(&[entry("a", b"A")]);
    let at = bytes.len() - 2;
    bytes[at..].copy_from_slice(&short(&hidden).to_le_bytes());
    bytes.extend_from_slice(&hidden);
    let archive = look(&bytes);
    assert_eq!(kinds(&archive), [ZipOddity::LocalOnly, ZipOddity::Comment]);
    assert_eq!(bytes_of(&bytes, &archive, 1), b"evil");
}

#[test]
fn long_names_are_cut_and_compared_whole() {
    let long = "n".repeat(60_000);
    let archive_ = look(&archive(&[entry(&long, b"")]));
    assert_eq!(kinds(&archive_), [ZipOddity::Name(NameTrouble::Long)]);
    assert_eq!(archive_.members[0].raw_name.len(), 4096);
    let mut other = entry(&long, b"");
    other.local_name.pop();
    assert!(kinds(&look(&archive(&[other]))).contains(&ZipOddity::NameMismatch));
}

#[test]
fn an_archive_comment_is_kept_and_told() {
    let mut bytes = archive(&[entry("a", b"A")]);
    let at = bytes.len() - 2;
    bytes[at] = 5;
    bytes.extend_from_slice(b"hello");
    let archive = look(&bytes);
    assert_eq!(kinds(&archive), [ZipOddity::Comment]);
    assert_eq!(archive.comment.raw(), "hello");
}

#[test]
fn the_encryption_flag_on_plain_data_hides_nothing() {
    for mut member in [entry("a.pkl", b"payload"), deflated("a.pkl", b"payload")] {
        (member.flags, member.local_flags) = (1, 1);
        let bytes = archive(&[member]);
        let archive = look(&bytes);
        assert_eq!(kinds(&archive), [ZipOddity::EncryptedFlag]);
        let opened = open(&blob(&bytes), &archive.members[0], &budget());
        assert_eq!(opened.checks.encryption, Encryption::FlagOnly);
        assert_eq!(content(&opened.blob), b"payload");
    }
    let mut real = entry("a.pkl", b"payload");
    real.data = vec![0xa5; 19];
    (real.flags, real.local_flags, real.compressed, real.local_compressed) = (1, 1, 19, 19);
    let bytes = archive(&[real]);
    let opened = open(&blob(&bytes), &look(&bytes).members[0], &budget());
    assert_eq!(opened.checks.encryption, Encryption::Real);
    assert!(opened.fault.is_some());
}

#[test]
fn flags_of_one_header_alone_are_told() {
    let mut member = entry("a.pkl", b"payload");
    member.local_flags = 0x2041;
    let archive = look(&archive(&[member]));
    let expected = [ZipOddity::FlagsMismatch, ZipOddity::EncryptedFlag, ZipOddity::ReservedFlag];
    assert_eq!(kinds(&archive), expected);
}

#[test]
fn a_wrong_crc_or_size_is_told_and_the_content_is_there() {
    let mut member = deflated("a.pkl", b"payload");
    member.crc ^= 1;
    let bytes = archive(&[member.clone()]);
    let opened = open(&blob(&bytes), &look(&bytes).members[0], &budget());
    assert_eq!(opened.checks.crc, CrcCheck::Differs);
    assert_eq!(content(&opened.blob), b"payload");
    member.uncompressed = 3;
    let bytes = archive(&[member]);
    let opened = open(&blob(&bytes), &look(&bytes).members[0], &budget());
    assert_eq!(opened.checks.declared_len, Some(3));
    assert_eq!(content(&opened.blob), b"payload");
    let mut stored = entry("a", b"four");
    stored.uncompressed = 3;
    assert_eq!(kinds(&look(&archive(&[stored]))), [ZipOddity::SizeLie]);
}

#[test]
fn data_after_a_deflate_stream_is_told() {
    let mut member = deflated("a", b"payload");
    member.data.extend_from_slice(b"smuggled");
    (member.compressed, member.local_compressed) = (member.compressed + 8, member.compressed + 8);
    let bytes = archive(&[member]);
    let opened = open(&blob(&bytes), &look(&bytes).members[0], &budget());
    let unread = opened.checks.unread;
    let unread = content(&blob(&bytes).slice(unread.start, unread.len()));
    assert_eq!(unread, b"smuggled");
}

#[test]
fn names_that_lead_elsewhere_are_told() {
    for (name, trouble) in [
        ("/etc/x", NameTrouble::Absolute),
        ("a/../../x", NameTrouble::Parent),
        ("a\\b", NameTrouble::Backslash),
        ("C:x", NameTrouble::Drive),
        ("a\u{1b}[2J", NameTrouble::Control),
        ("", NameTrouble::Empty),
    ] {
        let archive = look(&archive(&[entry(name, b"")]));
        assert_eq!(kinds(&archive), [ZipOddity::Name(trouble)], "{name:?}");
    }
    let mut raw = entry("x", b"");
    raw.name = vec![0xff, 0xfe];
    raw.local_name.clone_from(&raw.name);
    let expected = [ZipOddity::Name(NameTrouble::NotUtf8)];
    assert_eq!(kinds(&look(&archive(&[raw]))), expected);
}

#[test]
fn links_directories_and_other_paths_are_told() {
    let mut link = entry("link", b"/etc/passwd");
    link.mode = 0o120_777;
    let archive_ = look(&archive(&[link]));
    assert_eq!(kinds(&archive_), [ZipOddity::Symlink]);
    assert!(archive_.members[0].is_symlink);
    let folder = entry("folder/", b"content");
    assert_eq!(kinds(&look(&archive(&[folder]))), [ZipOddity::DirectoryWithContent]);
    let mut renamed = entry("a.txt", b"");
    let path = [&[1u8][..], &crc32fast::hash(b"a.txt").to_le_bytes(), b"b.pkl"].concat();
    renamed.extra = [words(&[0x7075, short(&path)]), path].concat();
    assert_eq!(kinds(&look(&archive(&[renamed]))), [ZipOddity::UnicodePath]);
}

#[test]
fn wrong_counts_are_told_and_all_records_are_read() {
    let mut bytes = archive(&[entry("a", b"A"), entry("b", b"B")]);
    let at = bytes.len() - 22;
    bytes[at + 8] = 1;
    bytes[at + 10] = 1;
    let archive = look(&bytes);
    assert_eq!(kinds(&archive), [ZipOddity::WrongCount]);
    assert_eq!(seen_by(&archive, |views| views.python), [0, 1]);
    assert_eq!(seen_by(&archive, |views| views.miniz), [0]);
}

#[test]
fn an_archive_without_end_record_is_read_by_its_local_headers() {
    let mut bytes = archive(&[entry("a", b"A"), deflated("b", b"payload")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes.truncate(directory);
    let archive = look(&bytes);
    assert_eq!(kinds(&archive), [ZipOddity::LocalOnly, ZipOddity::NoDirectory]);
    assert_eq!(bytes_of(&bytes, &archive, 1), b"payload");
}

#[test]
fn a_missing_data_descriptor_is_told() {
    let mut bytes = unhex(STREAMED);
    let at = bytes.windows(4).position(|window| window == b"PK\x07\x08").unwrap();
    bytes[at + 4] ^= 1;
    assert_eq!(kinds(&look(&bytes)), [ZipOddity::Descriptor]);
}

/// The bomb of overlapping members: each one's data begins in the same kernel.
fn quoted_overlap(count: u32) -> Vec<u8> {
    let kernel = deflated("0", &vec![0; 1 << 20]);
    let mut bytes = local(&kernel);
    let mut directory = Vec::new();
    for at in 0..count {
        let mut member = kernel.clone();
        member.name = at.to_string().into_bytes();
        directory.extend(central(&member, 0));
    }
    let (size, offset) = (directory.len(), bytes.len());
    bytes.extend(directory);
    bytes.extend(end(u16::try_from(count).unwrap(), size, offset, b""));
    bytes
}

#[test]
fn overlapping_members_are_told_and_the_budget_ends_them() {
    let bytes = quoted_overlap(1000);
    let archive = look(&bytes);
    assert!(kinds(&archive).contains(&ZipOddity::Overlap));
    assert_eq!(archive.members.len(), 1000);
    let budget = artifact::Budget::new(Limits { bytes_out: 8 << 20, ..Limits::default() });
    let blob = blob(&bytes);
    let opened = archive.members.iter().map(|member| open(&blob, member, &budget));
    let whole = opened.take_while(|opened| opened.exhausted.is_none()).count();
    assert_eq!(whole, 8);
}

#[test]
fn crafted_repetition_is_read_in_one_pass() {
    // Local headers and nothing else; headers without sizes; end records; one start of a header
    // after another. Each would be quadratic in a reader that goes back.
    let header = local(&entry("a", b""));
    let mut open_end = entry("a", b"");
    (open_end.local_flags, open_end.local_compressed) = (8, 0);
    for part in [header.clone(), local(&open_end), end(1, 46, 0, b""), b"PK\x03\x04".to_vec()] {
        let bytes = part.repeat(60_000);
        let archive = look(&bytes);
        assert!(archive.members.len() <= 60_000);
        assert!(archive.oddities.len() <= 10_000);
    }
    // 100,000 members, all with one name.
    let many = vec![entry("same", b"x"); 60_000];
    let archive = look(&archive(&many));
    assert_eq!(archive.members.len(), 60_000);
    assert_eq!(seen_by(&archive, |views| views.python), [59_999]);
}

#[test]
fn sixty_four_end_records_share_one_directory() {
    let plain = archive(&vec![entry("a", b"A"); 2000]);
    let size = plain.len() - 22;
    let directory = plain.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let record = end(2000, size - directory, directory, b"");
    let bytes = [&plain[..size], &record.repeat(500)].concat();
    let archive = look(&bytes);
    assert!(kinds(&archive).contains(&ZipOddity::SeveralEnds));
    assert!(archive.members.len() < 200_000);
}

#[test]
fn hostile_samples_never_panic() {
    let mut hidden = deflated("hidden", b"evil");
    (hidden.central, hidden.local_flags) = (false, 8);
    let mut twin = deflated("b", b"bbbbbbbb");
    twin.local_name = b"c".to_vec();
    torture(&archive(&[entry("a", b"A"), hidden, twin]), |blob| {
        let archive = read(blob, &budget());
        for member in &archive.members {
            open(blob, member, &budget());
        }
    });
}
