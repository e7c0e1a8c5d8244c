//! What calling a Python name does: the knowledge that unpickling is judged by.
//!
//! A pickle names importable objects and has the unpickler call them. Whether that is harmless
//! depends on what the named function does, so the knowledge pack `python-effects` maps each
//! (module, qualified name) of the libraries that models are written with to the [`Effects`] of
//! calling it. Most lines are generated from pinned releases by `cargo xtask packs`; the file
//! `reviewed.txt` is written by hand and wins over them. Nothing is read from the Python of the
//! machine that scans, so the same file gives the same verdict everywhere.
//!
//! The effects are those of the worst case over all arguments. Three of them are meant to be
//! judged further by whoever knows the arguments: [`Effects::CALLS`], [`Effects::ATTRIBUTE`] and
//! [`Effects::IMPORTS`] say that an argument decides.
//!
//! `a` alone says that everything called comes from the arguments. With `?` beside it, `a?`, more
//! may be called than the callables among the arguments: a method of an instance given, or what an
//! attribute of it holds. Such a call is inert only where both are ruled out.
//!
//! The effects of a method are those for an instance of its own class; a caller that hands it
//! another object is to ask about that object's class.
//!
//! Not modelled: implicit calls through operators, iteration, hashing and comparison
//! (`__add__`, `__iter__`, `__hash__`, `__eq__`). Finalizers (`__del__`) count as part of making
//! an instance.

mod bits;
mod library;
mod pack;
mod resolve;

#[cfg(test)]
mod tests;

pub use bits::{Effects, NotAnEffect};
pub(crate) use library::has_generated;
pub(crate) use resolve::reviewed;
pub use resolve::{Known, Resolved, Why, lookup, shared};
