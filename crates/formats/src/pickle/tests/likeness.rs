use super::super::{Likeness, looks_like_pickle};

#[test]
fn pickles_of_protocol_2_and_up() {
    for bytes in [
        b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00".as_slice(),
        b"\x80\x02}q\x00.",
        b"\x80\x05",
        b"\x80\x03cposix\nsystem\n",
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
    ] {
        assert_eq!(looks_like_pickle(bytes), Likeness::Certain, "{bytes:?}");
    }
}

#[test]
fn pickles_of_protocol_0_and_1() {
    for bytes in [
        b"cposix\nsystem\n(S'x'\ntR.".as_slice(),
        b"I0x10\n0cposix\nsystem\n(S'x'\ntR.",
        b"(lp0\nI1\naI2\na.",
        b"(dp0\nS'a'\np1\nI1\ns.",
        b"}q\x00(U\x01aq\x01K\x01u.",
        b"]q\x00(K\x01K\x02e.",
        b"(S'x'\nios\nsystem\n.",
        b"(cos\nsystem\nS'x'\no.",
        b"ccopy_reg\n_reconstructor\np0\n(c__main__\nC\n",
        b"\x8c\x02os\x8c\x06system\x93)R.",
        b"((((((((0000cm\nf\n)R.",
        b"F1.5\n0cm\nf\n)R.",
        b"Vtext\n0cm\nf\n.",
        b"(I1\nI2\ntp0\n.",
        b"continue\nbreak\n.",
        &b"N0".repeat(2048),
        b"N0N0N0cm\xc3\xa9\nf\n.",
    ] {
        assert_eq!(looks_like_pickle(bytes), Likeness::Plausible, "{bytes:?}");
    }
}

#[test]
fn other_things() {
    for bytes in [
        b"".as_slice(),
        b"N.",
        b".",
        b"I am a plain text\nwith lines.\n",
        b"Lorem ipsum dolor sit amet\n",
        b"Some words\n",
        b"Version 1.0\nName: x\n",
        b"Please read this first.\n",
        b"Copyright (c) 2026\ncompany\n",
        b"compile\nthis is what c does\n",
        b"(a) first\n(b) second\n",
        b"]\n",
        b"{\"a\": [1, 2]}",
        b"[1, 2, 3]",
        b"NaN\n",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"\x7fELF\x02\x01\x01\x00\x00\x00",
        b"GGUF\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00",
        b"\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":\"F32\"",
        b"PK\x03\x04\x14\x00\x00\x00",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'}",
        b"BZh91AY&SY",
        b"%PDF-1.7\n",
        b"#!/bin/sh\necho hi\n",
        b"import os\nprint(1)\n",
        b"class C:\n    pass\n",
        b"cat\ndog\nhorse\nowl\n",
        b"class_a\nclass_b\nclass_c\nclass_d\n",
        b"cat\ncow\ncrow\ncrane\ncoot\ncod\ncarp\ncrab\ncat\ncow\ncrow\ncrane\n",
        &[b'('; 4096],
        &[b'N'; 4096],
        &[0; 4096],
        b"\x80\x09N.",
        b"\x80\x04\xff",
        b"\x00\x00\x00\x00",
        b"Question\nAnswer\n",
        b"Subject: x\nFrom: y\n",
        b"Given a\nname\n",
        b"0.5 0.25\n",
        b"1,2,3\n4,5,6\n",
        b"---\na: b\n",
        b"BM\x36\x00\x0c\x00",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"ID3\x04\x00\x00",
        b"}\n",
        b")]}'\n{}",
    ] {
        assert_eq!(looks_like_pickle(bytes), Likeness::No, "{:?}", String::from_utf8_lossy(bytes));
    }
}
