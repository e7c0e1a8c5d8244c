//! Keys in a hardware module: `SoftHSM` 2, as Debian ships it.

use std::path::{Path, PathBuf};
use std::process::Command;

use provenance::keys::{Scheme, Sign as _};
use provenance::pkcs11::{Key, Uri};

const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];

/// The configuration of `SoftHSM` is an environment variable of the whole process, so the test runs
/// itself as a child that has it.
const CHILD: &str = "WEIGHBRIDGE_SOFTHSM_TOKEN";

#[allow(clippy::disallowed_methods, reason = "a test runs real tools")]
fn run(program: &str, arguments: &[&str], configuration: &Path) {
    let done = Command::new(program)
        .args(arguments)
        .env("SOFTHSM2_CONF", configuration)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}

#[allow(clippy::disallowed_methods, reason = "a test looks for a real module")]
fn module() -> Option<PathBuf> {
    let found = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
    let demanded = std::env::var_os("WEIGHBRIDGE_SOFTHSM").is_some();
    assert!(
        found.is_some() || !demanded,
        "WEIGHBRIDGE_SOFTHSM is set and SoftHSM is not installed"
    );
    found
}

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
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let configuration = folder.path().join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    std::fs::write(&configuration, text).unwrap();
    let init =
        ["--init-token", "--free", "--label", "my token", "--pin", "1234", "--so-pin", "5678"];
    run("softhsm2-util", &init, &configuration);
    let library = module.to_str().unwrap();
    for (number, curve) in ["prime256v1", "secp384r1", "secp521r1"].into_iter().enumerate() {
        let id = format!("0{}", number + 1);
        let kind = format!("EC:{curve}");
        let make = [
            "--module",
            library,
            "--login",
            "--pin",
            "1234",
            "--token-label",
            "my token",
            "--keypairgen",
            "--key-type",
            &kind,
            "--label",
            curve,
            "--id",
            &id,
        ];
        run("pkcs11-tool", &make, &configuration);
    }
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
