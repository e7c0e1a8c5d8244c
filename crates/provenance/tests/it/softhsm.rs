//! A software hardware module: `SoftHSM` 2, as Debian ships it.

use std::path::{Path, PathBuf};
use std::process::Command;

const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];

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
pub(crate) fn module() -> Option<PathBuf> {
    let found = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
    let demanded = std::env::var_os("WEIGHBRIDGE_SOFTHSM").is_some();
    assert!(
        found.is_some() || !demanded,
        "WEIGHBRIDGE_SOFTHSM is set and SoftHSM is not installed"
    );
    found
}

/// Makes a token `my token` (PIN 1234) with a key of each curve in a folder; gives the configuration by
/// which the module finds it, and the module.
#[allow(clippy::disallowed_methods, reason = "a test makes a token")]
pub(crate) fn token(folder: &Path, module: &Path) -> PathBuf {
    let tokens = folder.join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let configuration = folder.join("softhsm2.conf");
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
    configuration
}
