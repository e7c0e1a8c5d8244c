use super::Format as F;
use super::*;
use crate::harness;

fn look(bytes: &[u8]) -> Vec<F> {
    let pickle = |head: &[u8]| head.starts_with(b"\x80") || head.starts_with(b"(lp0");
    let stream = |head: &[u8]| head.starts_with(b"\x78\x9c").then_some(F::Zlib);
    identify(&Blob::from_vec(bytes.to_vec()), &Probes { pickle: &pickle, stream: &stream })
}

/// A zip of one stored, empty member `a`, behind some bytes.
fn zip(before: &[u8], comment: &[u8]) -> Vec<u8> {
    let mut bytes = before.to_vec();
    bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a");
    bytes.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    bytes.extend_from_slice(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a");
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x1f\0\0\0");
    bytes.extend_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(comment);
    bytes
}

fn tar(magic: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 1024];
    block[..4].copy_from_slice(b"name");
    block[257..257 + magic.len()].copy_from_slice(magic);
    block[148..156].fill(b' ');
    let sum: u32 = block[..512].iter().map(|b| u32::from(*b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

#[test]
fn knows_magics() {
    let mut safetensors = 16u64.to_le_bytes().to_vec();
    safetensors.extend_from_slice(b"{\"__metadata__\":");
    let cases: &[(&[u8], &[F])] = &[
        (b"", &[F::Empty]),
        (b"\x00\x01\x02\x03", &[]),
        (b"\x80\x04K\x01.", &[F::Pickle]),
        (
            b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.",
            &[F::TorchLegacy, F::Pickle],
        ),
        (b"(lp0\n.", &[F::Pickle, F::Text]),
        (b"L119547037146038801333356L\n.", &[F::TorchLegacy, F::Pickle, F::Text]),
        (b"\x78\x9c\x03\x00", &[F::Zlib]),
        (b"\x1f\x8b\x08\x00", &[F::Gzip]),
        (b"7z\xbc\xaf\x27\x1c\x00", &[F::SevenZ]),
        (&safetensors, &[F::Safetensors]),
        (b"GGUF\x03\0\0\0", &[F::Gguf]),
        (b"tjgg\x03\0\0\0", &[F::Ggml]),
        (b"\x93NUMPY\x01\0", &[F::Npy]),
        (b"\x89HDF\r\n\x1a\n\0", &[F::Hdf5]),
        (b"\x7fELF\x02\x01\x01\0", &[F::Elf]),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", &[F::MachO]),
        (b"\xca\xfe\xba\xbe\0\0\0\x41", &[F::JavaClass]),
        (b"MZ is no program", &[F::Text]),
        (b"\xa7\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0\xe3", &[F::Pyc]),
        (b"#!/bin/sh\ntrue\n", &[F::Script, F::Text]),
        (b"PAR1\0\0\0\0\0\0PAR1", &[F::Parquet]),
    ];
    for (bytes, expected) in cases {
        assert_eq!(look(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
    }
    let mut user_block = vec![0; 512];
    user_block.extend_from_slice(b"\x89HDF\r\n\x1a\n");
    assert_eq!(look(&user_block), [F::Hdf5]);
    let mut pe = b"MZ".to_vec();
    pe.resize(64, 0);
    pe[60] = 64;
    pe.extend_from_slice(b"PE\0\0");
    assert_eq!(look(&pe), [F::Pe]);
}

#[test]
fn finds_archives_wherever_readers_do() {
    assert_eq!(look(&zip(b"", b"")), [F::Zip]);
    assert_eq!(look(&zip(b"\x89PNG\r\n\x1a\n\0\0", b"")), [F::Png, F::Zip]);
    assert_eq!(look(&zip(b"GGUF\x03\0\0\0", &[b'c'; 60_000])), [F::Gguf, F::Zip]);
    assert_eq!(look(b"text that names PK\x05\x06 and no more than that, really"), []);
    assert_eq!(look(&tar(b"ustar\0")), [F::Tar]);
    assert_eq!(look(&tar(b"")), [F::Tar]);
    assert_eq!(look(&[0; 1024]), []);
}

#[test]
fn tells_kinds_of_text() {
    let cases: &[(&str, &[F])] = &[
        ("{\"a\": 1}", &[F::Json, F::Text]),
        ("[1, NaN]\n", &[F::Json, F::Text]),
        ("{\"a\": 1}\n{\"a\": 2}\n", &[F::Json, F::Text]),
        ("{\"a\": 1, \"a\": 2}", &[F::Json, F::Text]),
        ("3", &[F::Json, F::Text]),
        ("{% for x in y %}", &[F::Text]),
        ("[link](http://x) text", &[F::Text]),
        ("# Title\n\nSome prose: with a colon.\n", &[F::Text]),
        ("license: mit\ntags:\n- a\n", &[F::Yaml, F::Text]),
        ("a: !!python/object/apply:os.system [x]\n", &[F::Yaml, F::Text]),
        ("--- \nlicense: mit\n---\n# Model\n", &[F::Yaml, F::Text]),
        ("import os\nos.system('x')\n", &[F::Text]),
        ("1.0 2.0 3.0\n", &[F::Text]),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            &[F::GitLfsPointer, F::Text],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(look(text.as_bytes()), *expected, "{text}");
    }
    // A sample that ends inside a value is JSON all the same.
    let long = format!(
        "{{\"vocab\": {{{}}}}}",
        "\"token é\": 12345, ".repeat(9000).trim_end_matches(", ")
    );
    for cut in 0..40 {
        let text = format!("{{\"x\": \"{}\", {}", "y".repeat(cut), &long[1..]);
        assert_eq!(look(text.as_bytes()), [F::Json, F::Text], "{cut}");
    }
    let yaml = "key: [a, b]\nother:\n  - 'c'\n".repeat(9000);
    assert_eq!(look(format!("x: |\n  y\n{yaml}").as_bytes())[1], F::Text);
}

#[test]
fn is_calm_about_names_in_use() {
    let fine: &[(&str, &[F])] = &[
        ("bin", &[F::Zip]),
        ("bin", &[F::Pickle, F::TorchLegacy]),
        ("bin", &[F::Gguf]),
        ("bin", &[]),
        ("PT", &[F::Zip]),
        ("pt", &[F::Tar]),
        ("pkl", &[F::Zlib]),
        ("joblib", &[F::Lz4]),
        ("model", &[]),
        ("model", &[F::Json, F::Text]),
        ("json", &[F::Json, F::Text]),
        ("md", &[F::Yaml]),
        ("md", &[F::Yaml, F::Text]),
        ("txt", &[F::Json, F::Text]),
        ("npz", &[F::Zip]),
        ("py", &[F::Script, F::Text]),
        ("safetensors", &[F::GitLfsPointer, F::Text]),
        ("safetensors", &[F::Empty]),
        ("onnx", &[]),
        ("", &[F::Pickle]),
        ("unheard-of", &[F::Elf]),
    ];
    for (extension, formats) in fine {
        assert_eq!(contradiction(extension, formats), None, "{extension} {formats:?}");
    }
    let odd: &[(&str, &[F])] = &[
        ("safetensors", &[F::Pickle]),
        ("safetensors", &[]),
        ("gguf", &[F::Zip]),
        ("npy", &[F::Pickle]),
        ("txt", &[F::Pickle]),
        ("txt", &[]),
        ("json", &[F::Text]),
        ("bin", &[F::Elf]),
        ("bin", &[F::SevenZ]),
        ("pt", &[F::Hdf5]),
        ("pt", &[F::SevenZ]),
        ("npz", &[F::Pickle]),
        ("png", &[F::Zip]),
        ("model", &[F::Elf]),
        (".onnx", &[F::Pickle]),
    ];
    for (extension, formats) in odd {
        let told = contradiction(extension, formats).expect(extension);
        assert_eq!(told.found, *formats);
    }
}

#[test]
fn every_format_may_have_the_extensions_that_it_names() {
    for format in F::ALL {
        assert!(!format.name().is_empty());
        for extension in format.extensions() {
            assert_eq!(contradiction(extension, &[*format, F::Text]), None, "{format} {extension}");
        }
    }
    assert!(F::Safetensors.is_data_only() && !F::Pickle.is_data_only());
    assert!(F::Script.is_executable() && !F::Zip.is_executable());
}

#[test]
fn survives_anything() {
    let none = Probes::default();
    for sample in [
        zip(b"x: y\n", b"c"),
        b"\x08\0\0\0\0\0\0\0{\"a\":1} ".to_vec(),
        b"{\"a\": [1, 2.5, \"x\"]}\n".to_vec(),
        b"%YAML 1.2\n---\na: &b [c, *b]\n".to_vec(),
    ] {
        harness::survive(&sample, |blob| {
            identify(blob, &none);
        });
    }
}
