use vocabulary::Limits;

use super::*;
use crate::stream::testing::{blob, budget, content, python, torture, unhex};

/// `a.txt` stored and `b/c.txt` deflated, by `CPython`'s `zipfile`.
pub(super) const PLAIN: &str = "504b03041400000000000000210086a61036050000000500000005000000612e74787468656c6c6f504b03041400 \
    0000080000002100d58064980b0000003600000007000000622f632e747874cb48cdc9c957c820910400504b0102 \
    14031400000000000000210086a610360500000005000000050000000000000000000000800100000000612e7478 \
    74504b0102140314000000080000002100d58064980b000000360000000700000000000000000000008001280000 \
    00622f632e747874504b0506000000000200020068000000580000000000";
/// The same, written to a pipe: sizes stand after the data.
pub(super) const STREAMED: &str = "504b03041400080000000000210000000000000000000000000005000000612e74787468656c6c6f504b070886a6 \
    10360500000005000000504b03041400080008000000210000000000000000000000000007000000622f632e7478 \
    74cb48cdc9c957c820910400504b0708d58064980b00000036000000504b010214031400080000000000210086a6 \
    10360500000005000000050000000000000000000000800100000000612e747874504b0102140314000800080000 \
    002100d58064980b00000036000000070000000000000000000000800138000000622f632e747874504b05060000 \
    00000200020068000000780000000000";
/// A tensor of four numbers, by `torch.save` 2.15.
pub(super) const TORCH: &str = "504b03040000080800000000000000000000000000000000000010001200617263686976652f646174612e706b6c \
    46420e005a5a5a5a5a5a5a5a5a5a5a5a5a5a800263746f7263682e5f7574696c730a5f72656275696c645f74656e \
    736f725f76320a71002828580700000073746f72616765710163746f7263680a466c6f617453746f726167650a71 \
    025801000000307103580300000063707571044b04747105514b004b048571064b018571078963636f6c6c656374 \
    696f6e730a4f726465726564446963740a71082952710974710a52710b2e504b07083a169a749600000096000000 \
    504b03040000080800000000000000000000000000000000000017002500617263686976652f2e666f726d61745f \
    76657273696f6e464221005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a3150 \
    4b0708b7efdc830100000001000000504b0304000008080000000000000000000000000000000000001a00370061 \
    7263686976652f2e73746f726167655f616c69676e6d656e74464233005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a \
    5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a3634504b07083f7771e90200 \
    000002000000504b03040000080800000000000000000000000000000000000011003f00617263686976652f6279 \
    74656f7264657246423b005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a \
    5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a6c6974746c65504b0708853de3190600000006000000 \
    504b0304000008080000000000000000000000000000000000000e003e00617263686976652f646174612f304642 \
    3a005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a \
    5a5a5a5a5a5a5a5a5a5a5a5a5a5a000000000000803f0000004000004040504b07088b1b60251000000010000000 \
    504b0304000008080000000000000000000000000000000000000f003300617263686976652f76657273696f6e46 \
    422f005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a \
    5a5a5a5a330a504b0708d19e67550200000002000000504b03040000080800000000000000000000000000000000 \
    00001e003200617263686976652f2e646174612f73657269616c697a6174696f6e5f696446422e005a5a5a5a5a5a \
    5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a313537323831 \
    39393531313835343634333032363035303435313332323232393232373233313039504b0708fc82560c28000000 \
    28000000504b01020000000008080000000000003a169a7496000000960000001000000000000000000000000000 \
    00000000617263686976652f646174612e706b6c504b0102000000000808000000000000b7efdc83010000000100 \
    00001700000000000000000000000000e6000000617263686976652f2e666f726d61745f76657273696f6e504b01 \
    020000000008080000000000003f7771e902000000020000001a0000000000000000000000000051010000617263 \
    686976652f2e73746f726167655f616c69676e6d656e74504b0102000000000808000000000000853de319060000 \
    00060000001100000000000000000000000000d2010000617263686976652f627974656f72646572504b01020000 \
    000008080000000000008b1b602510000000100000000e0000000000000000000000000056020000617263686976 \
    652f646174612f30504b0102000000000808000000000000d19e675502000000020000000f000000000000000000 \
    00000000e0020000617263686976652f76657273696f6e504b0102000000000808000000000000fc82560c280000 \
    00280000001e0000000000000000000000000052030000617263686976652f2e646174612f73657269616c697a61 \
    74696f6e5f6964504b06062c000000000000001e032d000000000000000000070000000000000007000000000000 \
    00cf01000000000000f803000000000000504b060700000000c70500000000000001000000504b05060000000007 \
    000700cf010000f80300000000";

pub(super) fn kinds(archive: &Archive) -> Vec<ZipOddity> {
    let mut kinds: Vec<_> = archive.oddities.iter().map(|oddity| oddity.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

pub(super) fn names(archive: &Archive) -> Vec<&str> {
    archive.members.iter().map(|member| member.name.raw()).collect()
}

/// What an ordinary archive must be: no oddity, every loader sees every member, all is explained.
fn ordinary(what: &str, bytes: &[u8], mut check: impl FnMut(&str, &[u8])) {
    let blob = blob(bytes);
    let archive = read(&blob, &budget());
    assert_eq!(archive.oddities, [], "{what}");
    let spans: Vec<Span> = archive.regions.iter().map(|region| region.span).collect();
    assert_eq!(Span::uncovered(&spans, blob.len()), [], "{what}");
    for member in &archive.members {
        assert_eq!(member.seen, Seen::Both, "{what}");
        let all = Views { python: true, miniz: true, sequential: true };
        assert_eq!(member.views, all, "{what}: {}", member.name);
        let opened = open(&blob, member, &budget());
        assert_eq!((&opened.fault, opened.exhausted), (&None, None), "{what}: {}", member.name);
        assert_eq!(opened.checks.declared_len, None);
        assert!(opened.checks.unread.is_empty(), "{what}: {:?}", opened.checks);
        assert_eq!(check_crc(&opened.blob, member.crc, &budget()), Some(CrcCheck::Fits));
        assert_eq!(opened.checks.crc == CrcCheck::NotChecked, member.method == Method::Stored);
        check(member.name.raw(), &content(&opened.blob));
    }
}

#[test]
fn ordinary_archives_have_no_oddity() {
    for sample in [PLAIN, STREAMED] {
        let mut seen = Vec::new();
        ordinary("zipfile", &unhex(sample), |name, bytes| {
            seen.push((name.to_owned(), bytes.to_vec()));
        });
        let long = b"hello ".repeat(9);
        assert_eq!(seen, [("a.txt".into(), b"hello".to_vec()), ("b/c.txt".into(), long)]);
    }
    let mut seen = Vec::new();
    ordinary("torch", &unhex(TORCH), |name, _| seen.push(name.to_owned()));
    assert!(seen.iter().any(|name| name.ends_with("/data.pkl")), "{seen:?}");
}

#[test]
fn archives_of_the_real_libraries_have_no_oddity() {
    let Some(made) = python(
        "
import zipfile, random
random.seed(3)
text = b''.join(b'%d ' % random.randrange(10 ** 9) for _ in range(10000))
class Pipe(io.RawIOBase):
    def __init__(self): self.all = bytearray()
    def writable(self): return True
    def write(self, data): self.all += data; return len(data)
def fill(z):
    for at, method in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)):
        info = zipfile.ZipInfo('member %d' % at); info.compress_type = method
        z.writestr(info, text)
    z.writestr('empty', b''); z.writestr('empty too', b'', zipfile.ZIP_DEFLATED)
    z.writestr('modell/größe.txt', b'umlaut'); z.writestr('folder/', b'')
    with z.open(zipfile.ZipInfo('wide'), 'w', force_zip64=True) as f: f.write(text)
for name in ('seekable', 'pipe', 'no zip64'):
    target = Pipe() if name == 'pipe' else io.BytesIO()
    with zipfile.ZipFile(target, 'w', allowZip64=True) as z: fill(z)
    emit(name, target.all if name == 'pipe' else target.getvalue())
b = io.BytesIO()
with zipfile.ZipFile(b, 'w'): pass
emit('empty archive', b.getvalue())
b = io.BytesIO()
with zipfile.ZipFile(b, 'w') as z:
    n = io.BytesIO()
    with zipfile.ZipFile(n, 'w') as inner: inner.writestr('inner', b'nested')
    z.writestr('nested.zip', n.getvalue())
emit('nested', b.getvalue())
b = io.BytesIO()
with zipfile.ZipFile(b, 'w') as z:
    info = zipfile.ZipInfo('nested.zip'); info.extra = struct.pack('<HH', 0x4246, 200) + b'Z' * 200
    z.writestr(info, n.getvalue())
emit('nested and padded', b.getvalue())
b = io.BytesIO()
with zipfile.ZipFile(b, 'w') as z:
    for at in range(70000): z.writestr('%d' % at, b'')
emit('70000 members', b.getvalue())
",
    ) else {
        return;
    };
    for (what, bytes) in made {
        let mut lengths = Vec::new();
        ordinary(&what, &bytes, |name, bytes| {
            if name.starts_with("member") || name == "wide" {
                lengths.push(bytes.len());
            }
        });
        assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "{what}: {lengths:?}");
    }
}

#[test]
fn archives_of_other_writers_have_no_oddity() {
    let Some(made) = python(
        "
import shutil, subprocess, tempfile
with tempfile.TemporaryDirectory() as d:
    os.mkdir(d + '/folder')
    for name in ('a.txt', 'folder/b.txt', 'größe'):
        with open(d + '/' + name, 'wb') as f: f.write(b'hello ' * 500)
    def run(name, *command, **more):
        done = subprocess.run(command, cwd=d, check=True, capture_output=True, **more)
        path = d + '/' + name
        emit(name, open(path, 'rb').read() if os.path.exists(path) else done.stdout)
    if shutil.which('zip'):
        run('info.zip', 'zip', '-r', 'info.zip', 'a.txt', 'folder', 'größe')
        run('streamed', 'zip', '-', 'a.txt', 'folder/b.txt')
        run('from a pipe', 'zip', '-', '-', input=b'piped ' * 1000)
        run('stored.zip', 'zip', '-0', 'stored.zip', 'a.txt')
    if shutil.which('jar'):
        run('java.jar', 'jar', 'cf', 'java.jar', 'a.txt', 'folder')
",
    ) else {
        return;
    };
    for (what, bytes) in made {
        ordinary(&what, &bytes, |name, bytes| {
            assert!(bytes.is_empty() || bytes.len() > 40, "{name}");
        });
    }
}

#[test]
fn archives_of_numpy_have_no_oddity() {
    let Some(made) = python(
        "
import numpy as np
b = io.BytesIO(); np.savez(b, x=np.arange(1000), y=np.eye(3)); emit('savez', b.getvalue())
b = io.BytesIO(); np.savez_compressed(b, x=np.arange(1000)); emit('savez_compressed', b.getvalue())
",
    ) else {
        return;
    };
    for (what, bytes) in made {
        ordinary(&what, &bytes, |name, bytes| {
            assert!(bytes.starts_with(b"\x93NUMPY"), "{name}");
        });
    }
}

#[test]
fn archives_of_torch_have_no_oddity() {
    let Some(made) = python(
        "
import torch
b = io.BytesIO(); torch.save({'w': torch.arange(5000.), 'b': torch.ones(3)}, b); emit('save', b.getvalue())
class M(torch.nn.Module):
    def forward(self, x): return x + 1
b = io.BytesIO(); torch.jit.save(torch.jit.script(M()), b); emit('jit', b.getvalue())
",
    ) else {
        return;
    };
    for (what, bytes) in made {
        ordinary(&what, &bytes, |name, bytes| {
            assert!(!name.ends_with("/data.pkl") || bytes.starts_with(b"\x80\x02"), "{name}");
        });
    }
}

#[test]
fn a_cut_or_changed_archive_never_panics() {
    for sample in [PLAIN, STREAMED, TORCH] {
        let mut bytes = unhex(sample);
        if bytes.len() > 1200 {
            // The end is what matters, the middle is data.
            bytes.drain(600..bytes.len() - 600);
        }
        torture(&bytes, |blob| {
            let archive = read(blob, &budget());
            for region in &archive.regions {
                assert!(region.span.end <= blob.len(), "{region:?}");
            }
            for member in &archive.members {
                assert!(member.data.end <= blob.len());
                open(blob, member, &budget());
            }
        });
    }
}

#[test]
fn bytes_that_are_no_archive_have_no_member() {
    for bytes in
        [vec![], b"PK".to_vec(), b"no archive, not even a short one".to_vec(), vec![0; 70_000]]
    {
        let archive = read(&blob(&bytes), &budget());
        assert!(archive.members.is_empty());
        assert!(kinds(&archive).contains(&ZipOddity::NoDirectory));
    }
}

#[test]
fn members_are_spent_on_the_budget() {
    let limits = Limits { entries: 1, ..Limits::default() };
    let archive = read(&blob(&unhex(PLAIN)), &artifact::Budget::new(limits));
    assert_eq!(archive.exhausted, Some(Exhausted::Entries));
    assert_eq!(archive.members.len(), 1);
}

#[test]
fn methods_of_other_writers_are_decoded() {
    let Some(made) = python(
        "
import lzma, zlib
from backports import zstd
text = b'weighbridge ' * 5000
crc = zlib.crc32(text)
for method, data in ((93, zstd.compress(text)), (93, zstd.compress(text[:600]) + zstd.compress(text[600:])), (95, lzma.compress(text)), (9, b'?')):
    fields = struct.pack('<HHHHHIIIHH', 63, 0, method, 0, 0, crc, len(data), len(text), 1, 0)
    local = b'PK\\3\\4' + fields + b'm' + data
    central = b'PK\\1\\2' + struct.pack('<H', 63) + fields + struct.pack('<HHHII', 0, 0, 0, 0, 0) + b'm'
    end = b'PK\\5\\6' + struct.pack('<HHHHIIH', 0, 0, 1, 1, len(central), len(local), 0)
    emit(str(method), local + central + end)
",
    ) else {
        return;
    };
    for (method, bytes) in made {
        let blob = blob(&bytes);
        let archive = read(&blob, &budget());
        let opened = open(&blob, &archive.members[0], &budget());
        if method == "9" {
            assert_eq!(kinds(&archive), [ZipOddity::UnsupportedMethod]);
            assert!(opened.fault.is_some());
            continue;
        }
        assert_eq!(archive.oddities, []);
        assert_eq!(opened.fault, None);
        assert_eq!(opened.checks.crc, CrcCheck::Fits, "{method}");
        assert_eq!(content(&opened.blob), b"weighbridge ".repeat(5000));
    }
}
