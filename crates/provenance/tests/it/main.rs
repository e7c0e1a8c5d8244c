//! Provenance against real peers: a Sigstore instance, a hardware module, validators of bills.

mod bom;
#[cfg(feature = "keyless")]
mod keyless;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "keyless")]
mod service;
#[cfg(feature = "pkcs11")]
mod softhsm;
