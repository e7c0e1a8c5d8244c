//! Programs and libraries, as far as their headers tell: what they are, for which machine, what they
//! export that a loader of models calls, and where they end.
//!
//! ELF (System V gABI, chapters 4 and 5), PE (Microsoft PE/COFF specification), Mach-O (`loader.h`
//! and `fat.h` of XNU), WebAssembly (core specification 2.0, binary format), Java classes (JVM
//! specification 4.1 and 4.4) and Dalvik executables (`dex_file.h`). No code is read.

mod elf;
mod macho;
mod pe;
mod portable;

#[cfg(test)]
pub(crate) mod tests;

use artifact::Blob;
use vocabulary::Untrusted;

use crate::identify::Format;

pub(crate) use pe::header_at as pe_header_at;

/// Exported names that are kept.
const NAMES: usize = 16;
/// Symbols of one table that are looked at.
const SYMBOLS: u64 = 200_000;

/// What the headers tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executable {
    /// What kind of file: `shared library`, `program`, …
    pub kind: &'static str,
    /// The machine or the virtual machine that runs it; of a universal binary, each of them.
    pub machines: Vec<&'static str>,
    /// Exported names by which an interpreter or a model runtime enters it; see [`Purpose`].
    pub entries: Vec<Untrusted>,
    /// Where it ends by its own headers, at most the end of the bytes.
    pub end: u64,
    /// Whether the headers hold together: the sizes are those of the format, the tables lie inside.
    /// Bytes that only begin with a magic are not sound.
    pub sound: bool,
}

/// Who enters a library, told by what it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `PyInit_…`: Python's `import`.
    PythonModule,
    /// `AOTInductorModel…`: `PyTorch` runs it in place of a graph.
    AotInductor,
    /// `RegisterCustomOps`: ONNX Runtime loads it for its operators.
    OnnxOperators,
    /// `TF_InitKernel`, `TF_InitGraph`: `TensorFlow` loads it as a plug-in.
    TensorFlowPlugin,
    /// `JNI_OnLoad`: Java's `System.loadLibrary`.
    Java,
}

impl Purpose {
    /// By the name of an export, without the underscore that Mach-O puts before it.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            _ if name.starts_with("PyInit_") => Self::PythonModule,
            _ if name.starts_with("AOTInductorModel") => Self::AotInductor,
            "RegisterCustomOps" => Self::OnnxOperators,
            "TF_InitKernel" | "TF_InitGraph" | "SE_InitPlugin" => Self::TensorFlowPlugin,
            "JNI_OnLoad" => Self::Java,
            _ => return None,
        })
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::PythonModule => "extension module of Python",
            Self::AotInductor => "model compiled by PyTorch's AOTInductor",
            Self::OnnxOperators => "operator library of ONNX Runtime",
            Self::TensorFlowPlugin => "plug-in of TensorFlow",
            Self::Java => "library of Java programs",
        }
    }
}

impl Executable {
    /// What enters it, as its exports tell.
    pub fn purpose(&self) -> Option<Purpose> {
        self.entries.iter().find_map(|name| Purpose::of(name.raw()))
    }

    /// Keeps an export by which something enters.
    fn export(&mut self, name: &[u8]) {
        if self.entries.len() < NAMES
            && let Ok(name) = std::str::from_utf8(name)
            && Purpose::of(name).is_some()
        {
            self.entries.push(name.into());
        }
    }
}

/// Reads the headers of a program of this format. Formats that are no programs, and scripts, give
/// something that is not sound.
pub fn read(blob: &Blob, format: Format) -> Executable {
    let mut told = match format {
        Format::Elf => elf::read(blob),
        Format::Pe => pe::read(blob),
        Format::MachO => macho::read(blob),
        Format::Wasm => portable::wasm(blob),
        Format::JavaClass => portable::class(blob),
        Format::Dex => portable::dex(blob),
        _ => Executable::default(),
    };
    told.end = if told.end == 0 { blob.len() } else { told.end.min(blob.len()) };
    if told.kind.is_empty() {
        told.kind = "program";
    }
    told
}

/// Numbers of one byte order at offsets.
struct Numbers<'a> {
    blob: &'a Blob,
    big: bool,
}

impl Numbers<'_> {
    fn u16(&self, at: u64) -> Option<u16> {
        let bytes = self.blob.array_at(at)?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&self, at: u64) -> Option<u32> {
        let bytes = self.blob.array_at(at)?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn u64(&self, at: u64) -> Option<u64> {
        let bytes = self.blob.array_at(at)?;
        Some(if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// A word of the file's class: 4 bytes, or 8.
    fn word(&self, at: u64, wide: bool) -> Option<u64> {
        if wide { self.u64(at) } else { self.u32(at).map(u64::from) }
    }
}

/// The text at an offset up to its NUL, at most 255 bytes.
fn name_at(blob: &Blob, at: u64) -> Vec<u8> {
    let mut bytes = blob.bytes_at(at, 256);
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// A table of fixed records, read at once: at most 16 MiB of it.
fn table(blob: &Blob, at: u64, count: u64, size: u64) -> Blob {
    let len = count.saturating_mul(size).min(16 << 20);
    Blob::from_vec(blob.bytes_at(at, usize::try_from(len).unwrap_or(0)))
}
