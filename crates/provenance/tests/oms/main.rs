//! Model Signing: the two verifiers on the same models, certificates, and hostile bundles.

mod behaviours;
mod certificates;
mod hostile;
mod interop;
mod peer;
mod place;
mod schema;
#[allow(dead_code, reason = "keyless signatures are made by the tests of `it`")]
mod shape;
