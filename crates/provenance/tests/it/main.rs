//! Provenance against real peers: a Sigstore instance, a hardware module, validators of bills.

mod bom;
#[cfg(feature = "keyless")]
mod keyless;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "keyless")]
mod service;
#[cfg(feature = "keyless")]
#[path = "../oms/shape.rs"]
#[allow(dead_code, reason = "the other kinds are signed by the tests of `oms`")]
mod shape;
#[cfg(feature = "pkcs11")]
mod softhsm;
