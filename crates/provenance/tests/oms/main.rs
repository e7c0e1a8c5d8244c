//! Model Signing: the two verifiers on the same models, certificates, and hostile bundles.

mod behaviours;
mod certificates;
mod hostile;
mod interop;
mod peer;
mod place;
