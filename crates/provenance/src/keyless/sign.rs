use sigstore_oidc::IdentityToken;
use sigstore_sign::{SigningContext, SigningServices};
use sigstore_verify::rekor::RekorApiVersion;
use sigstore_verify::types::SignatureBytes;

use super::engine::chain;
use super::{RekorVersion, Services};
use crate::Error;
use crate::bundle::Bundle;

pub(super) fn sign(statement: &[u8], services: &Services, token: &str) -> Result<Bundle, Error> {
    let failed = |because: String| Error::Signing { because };
    let token = IdentityToken::from_jwt(token.trim())
        .map_err(|error| failed(format!("the identity token: {}", chain(&error))))?;
    if token.is_expired() {
        return Err(failed("the identity token has expired; fetch a new one".into()));
    }
    let version = match services.rekor_version {
        RekorVersion::V1 => RekorApiVersion::V1,
        RekorVersion::V2 => RekorApiVersion::V2,
    };
    let mut configuration = SigningServices::new(&services.fulcio, &services.rekor)
        .with_rekor(&services.rekor, version);
    if let Some(tsa) = &services.tsa {
        configuration = configuration.with_tsa_url(tsa);
    }
    configuration.validate().map_err(|error| failed(chain(&error)))?;
    let signer = SigningContext::new(configuration).signer(token);
    let bundle =
        block_on(signer.sign_raw_statement(statement))?.map_err(|error| failed(chain(&error)))?;
    let json = bundle.to_json().map_err(|error| failed(chain(&error)))?;
    Bundle::parse("the bundle that was made", json.as_bytes())
}

pub(super) fn timestamp(bundle: &mut Bundle, tsa: &str) -> Result<(), Error> {
    use base64::Engine as _;
    let failed = |because: String| Error::Signing { because };
    let [signature] = bundle.dsse_envelope.signatures.as_slice() else {
        return Err(failed("the envelope has not exactly one signature".into()));
    };
    let signature = SignatureBytes::new(signature.sig.clone());
    let client =
        sigstore_verify::tsa::TimestampClient::new(tsa).map_err(|error| failed(chain(&error)))?;
    let token = block_on(client.timestamp_signature(&signature))?
        .map_err(|error| failed(format!("the timestamp authority: {}", chain(&error))))?;
    let token = base64::engine::general_purpose::STANDARD.encode(token.as_bytes());
    let data = serde_json::json!({ "rfc3161Timestamps": [{ "signedTimestamp": token }] });
    bundle.verification_material.timestamp_verification_data = Some(data);
    Ok(())
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Signing { because: error.to_string() })?;
    Ok(runtime.block_on(work))
}
