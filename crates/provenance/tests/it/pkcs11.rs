//! Keys in a hardware module.

use std::process::Command;

use provenance::keys::{Scheme, Sign as _};
use provenance::pkcs11::{Key, Uri};

use crate::softhsm::{module, token};

/// The configuration of `SoftHSM` is an environment variable of the whole process, so the test runs
/// itself as a child that has it.
const CHILD: &str = "WEIGHBRIDGE_SOFTHSM_TOKEN";

#[test]
#[allow(clippy::disallowed_methods, reason = "a test runs itself with another environment")]
fn a_key_in_a_module_signs() {
    if let Ok(module) = std::env::var(CHILD) {
        return with_module(&module);
    }
    let Some(module) = module() else {
        eprintln!("skipped: SoftHSM 2 is not installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let configuration = token(folder.path(), &module);
    let library = module.to_str().unwrap();
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pkcs11::a_key_in_a_module_signs"])
        .env("SOFTHSM2_CONF", &configuration)
        .env(CHILD, library)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

fn with_module(module: &str) {
    let open = |rest: &str, pin: &str| {
        let uri = Uri::parse(&format!("pkcs11:{rest}?module-path={module}")).unwrap();
        Key::open(&uri, pin)
    };
    for (name, scheme) in [
        ("object=prime256v1", Scheme::EcdsaP256),
        ("id=%02", Scheme::EcdsaP384),
        ("object=secp521r1;id=%03", Scheme::EcdsaP521),
    ] {
        let key = open(&format!("token=my%20token;{name};type=private"), "1234").unwrap();
        assert_eq!(key.public_key().scheme(), scheme);
        // Signatures have numbers of any length, leading zeros included.
        for number in 0..300u32 {
            let message = number.to_le_bytes();
            let signature = key.sign(&message).unwrap();
            assert!(key.public_key().verifies(&message, &signature), "{name} {number}");
            assert!(!key.public_key().verifies(b"another message", &signature));
        }
    }
    let refused = |rest: &str, pin: &str, because: &str| {
        let said = open(rest, pin).unwrap_err().to_string();
        assert!(said.contains(because), "{rest}: {said}");
    };
    refused("token=my%20token;object=prime256v1", "0000", "log in");
    refused("token=my%20token;object=nothing", "1234", "no elliptic-curve private key");
    refused("token=my%20token", "1234", "3 elliptic-curve private keys");
    refused("token=another;object=prime256v1", "1234", "no token fits");
    let uri = Uri::parse("pkcs11:object=a?module-path=/nowhere/libnone.so").unwrap();
    assert!(Key::open(&uri, "1234").unwrap_err().to_string().contains("cannot be loaded"));
    let uri = Uri::parse("pkcs11:object=a").unwrap();
    assert!(Key::open(&uri, "1234").unwrap_err().to_string().contains("module-path"));
}
