//! A report does not publish the credentials that it warns of.

use std::fmt::Write as _;

use crate::program::Place;

/// A token of GitHub by its form, in pieces so that nobody takes this file for a leak.
const HEAD: &str = "ghp_";
const BODY: &str = "Xk7Qm2VbT9wLr4ZcN8sHd1JfPy6GaE";

/// With its checksum: CRC-32 in base 62.
fn token() -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut sum = crc32(BODY.as_bytes());
    let mut digits = String::new();
    for _ in 0..6 {
        let digit = ALPHABET[usize::try_from(sum % 62).unwrap()];
        digits.insert(0, char::from(digit));
        sum /= 62;
    }
    format!("{HEAD}{BODY}{digits}")
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// Files in which the token stands in every place that some output quotes.
fn recipe(token: &str) -> String {
    let mut text = String::new();
    for (name, before) in [("short", 0), ("cut", 100), ("cut-later", 180), ("cut-inside", 190)] {
        let padding = "x ".repeat(before / 2);
        let _ = write!(
            text,
            "{name}.pkl: pickle\n  PROTO 3\n  GLOBAL os system\n  BINUNICODE \"{padding}{token} y\"\n  \
             TUPLE1\n  REDUCE\n  POP\n  GLOBAL subprocess call\n  BINBYTES \"{padding}{token} y\"\n  \
             TUPLE1\n  REDUCE\n  POP\n  GLOBAL some{token} name{token}\n  EMPTY_TUPLE\n  REDUCE\n  STOP\n"
        );
    }
    let _ = write!(
        text,
        "m.safetensors: safetensors\n  metadata \"{token}\" \"{token}\"\n  tensor \"{token}\" F32 [2]\n  \
         tensor \"{token}\" F32 [2]\n\
         m.gguf: gguf\n  kv \"{token}\" string \"{token}\"\n  tensor \"{token}\" [2] F32\n\
         a.json: text \"{{\\\"{token}\\\": \\\"{token}\\\"}}\"\n\
         a.yaml: text \"a: {token}\\n\"\n\
         {token}.sh: text \"#!/bin/{token}\\ntrue\\n\"\n\
         z.pt: zip comment=\"{token}\"\n  \"../{token}/data.pkl\": text \"{token}\"\n"
    );
    text
}

#[test]
fn no_output_shows_a_credential_of_a_file() {
    let token = token();
    let place = Place::new();
    place.folder("model");
    let page = format!("# x\n\n```forge\n{}```\n", recipe(&token));
    let blocks = forge::blocks(&page);
    forge::write_to(&blocks[0].recipe().unwrap(), &place.at("model")).unwrap();

    let mut outputs = Vec::new();
    for format in ["text", "json", "sarif", "html", "markdown", "junit"] {
        for command in ["scan", "weigh"] {
            let ended = place.run(&[command, "model", "--format", format, "--verbose"]);
            assert_eq!(ended.code, Some(1), "{}", ended.stderr);
            outputs.push((format!("{command} {format}"), ended.stdout + &ended.stderr));
        }
    }
    let shown = &outputs[0].1;
    for rule in ["secret-in-file", "pickle-code-execution", "masked, 40 characters"] {
        assert!(shown.contains(rule), "{rule} in {shown}");
    }
    for name in
        ["short.pkl", "cut.pkl", "cut-later.pkl", "cut-inside.pkl", "m.safetensors", "m.gguf"]
            .into_iter()
            .chain(["a.json", "a.yaml", "z.pt"])
    {
        for format in ["text", "json"] {
            let path = format!("model/{name}");
            let ended = place.run(&["inspect", &path, "--format", format]);
            outputs.push((format!("inspect {name} {format}"), ended.stdout + &ended.stderr));
            let ended =
                place.run(&["convert", &path, "--to", "safetensors", "-o", "o.safetensors"]);
            outputs.push((format!("convert {name}"), ended.stdout + &ended.stderr));
        }
    }
    for (which, output) in outputs {
        // Not even a part of it that is longer than what is told of it.
        assert!(!output.contains(&BODY[..4]), "{which}: {output}");
    }
}
