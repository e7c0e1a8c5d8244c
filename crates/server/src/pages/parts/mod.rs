//! What pages are made of.

pub(crate) mod facts;
pub(crate) mod form;
pub(crate) mod graph;
pub(crate) mod markdown;
pub(crate) mod text;
pub(crate) mod words;
