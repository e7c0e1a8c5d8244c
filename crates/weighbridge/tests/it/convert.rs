//! `weighbridge convert`.

use std::fs;

use crate::program::Place;

/// `{"w": arange(2, dtype=float32), "epoch": 3}` in the legacy layout of PyTorch, and with a call
/// of `os.system` beside it.
fn checkpoint(call: bool) -> Vec<u8> {
    let mut out =
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    out.extend(b"\x80\x02}(X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(");
    out.extend(b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0kX\x03\0\0\0cpuK\x02NtQ");
    out.extend(b"K\x00K\x02\x85K\x01\x85\x89NtRX\x05\0\0\0epochK\x03");
    if call {
        out.extend(b"X\x01\0\0\0xcos\nsystem\n(X\x04\0\0\0truetR");
    }
    out.extend(b"u.\x80\x02]X\x01\0\0\0ka.");
    out.extend(2u64.to_le_bytes());
    out.extend([0f32.to_le_bytes(), 1f32.to_le_bytes()].concat());
    out
}

fn place(call: bool) -> Place {
    let place = Place::new();
    fs::write(place.at("model.pt"), checkpoint(call)).unwrap();
    place
}

const ARGS: [&str; 4] = ["convert", "model.pt", "--to", "safetensors"];

#[test]
fn tensors_get_a_file_of_their_own() {
    let place = place(false);
    let ended = place.run(&ARGS);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, "model.safetensors: 1 tensor of model.pt (torch legacy), 104 bytes\n");
    assert_eq!(ended.stderr, "left out: `epoch`: 3\n");
    let made = fs::read(place.at("model.safetensors")).unwrap();
    assert_eq!(made[96..], [0f32.to_le_bytes(), 1f32.to_le_bytes()].concat());

    let again = place.run(&ARGS);
    assert_eq!(again.code, Some(3));
    assert!(again.stderr.contains("`model.safetensors` exists already"), "{}", again.stderr);
    let json = place.run(&[&ARGS[..], &["--force", "--format", "json"]].concat());
    assert_eq!(json.code, Some(0));
    let told: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(told["schema"], "weighbridge.conversion/1");
    assert_eq!(told["left_out"][0]["path"], "epoch");
    let quiet = place.run(&[&ARGS[..], &["--output", "other.safetensors", "--quiet"]].concat());
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
    assert_eq!(fs::read(place.at("other.safetensors")).unwrap(), made);
}

#[test]
fn a_file_that_is_more_than_tensors_is_refused() {
    let place = place(true);
    let ended = place.run(&ARGS);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("`x`: a call of `os.system` (at byte "), "{}", ended.stderr);
    assert!(ended.stderr.contains("hint: `--tensors-only`"), "{}", ended.stderr);
    assert!(!place.at("model.safetensors").exists());
    let taken = place.run(&[&ARGS[..], &["--tensors-only"]].concat());
    assert_eq!(taken.code, Some(0));
    assert!(taken.stderr.contains("left behind: `x`: a call of `os.system`"), "{}", taken.stderr);
}

#[test]
fn what_has_no_tensors_is_told_from_what_cannot_be_opened() {
    let place = Place::new();
    place.write("config.json", "{}");
    place.folder("folder");
    for (file, code, said) in [
        ("config.json", 2, "`config.json` is no file of PyTorch or numpy"),
        ("folder", 3, "`folder` is a folder, not a file"),
        ("missing.pt", 3, "`missing.pt` does not exist"),
    ] {
        let ended = place.run(&["convert", file, "--to", "safetensors"]);
        assert_eq!(ended.code, Some(code), "{file}");
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    // A file that ends early is no whole one.
    fs::write(place.at("cut.pt"), &checkpoint(false)[..170]).unwrap();
    let cut = place.run(&["convert", "cut.pt", "--to", "safetensors", "--tensors-only"]);
    assert_eq!(cut.code, Some(1), "{}", cut.stderr);
    assert!(!place.at("cut.safetensors").exists());
}

/// The command that a report prints does what it says.
#[test]
fn what_a_report_advises_can_be_done() {
    let place = Place::new();
    let refused = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/refuse");
    let report = place.run(&["weigh", refused, "--quiet"]).stdout;
    let (_, advice) = report.split_once("`weighbridge convert ").expect("an advice");
    let (advice, _) = advice.split_once('`').expect("its end");
    let mut args = vec!["convert"];
    args.extend(advice.split(' '));
    args.extend(["--output", "new.safetensors"]);
    let ended = place.run(&args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(place.at("new.safetensors").exists());
}
