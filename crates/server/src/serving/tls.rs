//! The certificate, read anew when the system asks for it (`SIGHUP`).

use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use gate::provenance::files;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::signal::unix::{SignalKind, signal};

use super::Tls;
use crate::Error;
use crate::app::App;

/// The longest file, in bytes.
const MAX_PEM: u64 = 1 << 20;

pub(crate) async fn load(files: Option<Tls>) -> Result<Option<RustlsConfig>, Error> {
    match files {
        Some(files) => Ok(Some(RustlsConfig::from_config(read(files).await?))),
        None => Ok(None),
    }
}

async fn read(files: Tls) -> Result<Arc<ServerConfig>, Error> {
    let told = tokio::task::spawn_blocking(move || config(&files)).await;
    told.unwrap_or_else(|_| Err(Error::Certificate { because: "it cannot be read".to_owned() }))
}

fn config(files: &Tls) -> Result<Arc<ServerConfig>, Error> {
    let wrong = |because: String| Error::Certificate { because };
    let text = |path| files::read(path, MAX_PEM).map_err(|error| wrong(error.to_string()));
    let chain = CertificateDer::pem_slice_iter(&text(&files.certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(&text(&files.key)?)
        .map_err(|error| wrong(error.to_string()))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Reads the files anew whenever it is asked for. What cannot be read leaves what there is; without a
/// certificate the signal ends nothing either.
pub(super) async fn reload(app: Arc<App>, certificate: Option<(Tls, RustlsConfig)>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        let Some((files, config)) = &certificate else {
            (app.world.say)("there is no certificate to read anew");
            continue;
        };
        let said = match read(files.clone()).await {
            Ok(fresh) => {
                config.reload_from_config(fresh);
                "the certificate was read anew".to_owned()
            }
            Err(error) => format!("the certificate stays as it was: {error}"),
        };
        (app.world.say)(&said);
    }
}
