use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Kind, Of, Says, Source};
use crate::manifest::Algorithm;
use crate::{Error, hex};

/// What stands before the digest of an expectation, for messages.
const FORMS: &str =
    "`sha256:`, `blake3:`, `sha512:`, `git-sha1:`, `sha1:`, `md5:`, `dirHash:`, `h1:` and `oms:`";

/// Reads an expectation of the whole: `sha256:<hex>` and its relatives for a file, `dirHash:<hex>`,
/// Go's `h1:<base64>` or `oms:<hex>` for a file or a folder. `FILE=sha256:<hex>` speaks of one file.
pub fn expectation(text: &str) -> Result<Source, Error> {
    let wrong = |because: String| Error::malformed("--expect", because);
    // A name may have a `=` in it, and so may the end of base 64.
    let named = text.rsplit_once('=').filter(|(_, said)| said.contains(':'));
    let (file, said) = named.map_or((None, text), |(file, said)| (Some(file), said));
    let (scheme, digest) = said.split_once(':').ok_or_else(|| {
        wrong(format!("`{text}` has no `:`; write it as `sha256:<hex>`; there are {FORMS}"))
    })?;
    let plain = || {
        let digest = digest.to_ascii_lowercase();
        hex::decode(&digest).filter(|digest| digest.len() == 32)
    };
    let says = match scheme {
        "dirHash" => plain().map(Says::DirHash),
        "oms" => plain().map(Says::OmsRoot),
        "h1" => {
            let digest = STANDARD.decode(digest).ok().filter(|digest| digest.len() == 32);
            digest.map(Says::DirHash)
        }
        other => {
            let algorithm = Algorithm::named(other).ok_or_else(|| {
                wrong(format!("no kind of digest is named `{other}`; there are {FORMS}"))
            })?;
            algorithm.read(digest).map(|digest| Says::Digest { algorithm, digest })
        }
    };
    let says = says.ok_or_else(|| wrong(format!("`{digest}` is no `{scheme}` digest")))?;
    let of = match (file, &says) {
        (None, _) => Of::Whole,
        (Some(file), Says::Digest { .. }) => Of::path("", file),
        (Some(_), _) => return Err(wrong(format!("`{scheme}:` is of the whole, not of a file"))),
    };
    if let Of::Outside(path) = of {
        return Err(wrong(format!("`{path}` leads out of the artifact")));
    }
    let mut source = Source::new("--expect", Kind::Expectation);
    source.claim(of, None, says);
    Ok(source)
}
