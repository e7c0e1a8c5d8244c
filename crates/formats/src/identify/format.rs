//! The formats that are told apart.

/// One line a format: its enum variant, its name, whether it is data alone, its usual extensions.
macro_rules! formats {
    ($($(#[$doc:meta])* $id:ident $name:literal $data:literal [$($ext:literal)*];)*) => {
        /// A file format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Format { $($(#[$doc])* $id,)* }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$id,)*];

            /// Its name, as reports and policies have it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$id => $name,)* }
            }

            /// Whether reading it with its usual library runs nothing that the file chose. For
            /// `.npy` this holds without objects only; see [`crate::npy::Npy::pickle_at`]. For
            /// HDF5 it holds without a Keras configuration, pickles and other files.
            pub fn is_data_only(self) -> bool {
                match self { $(Self::$id => $data,)* }
            }

            /// Extensions that files of this format usually have, in lower case, without the dot.
            pub fn extensions(self) -> &'static [&'static str] {
                match self { $(Self::$id => &[$($ext),*],)* }
            }
        }
    };
}

formats! {
    /// No byte at all.
    Empty "empty" true [];
    /// A Python pickle.
    Pickle "pickle" false ["pkl" "pickle" "p" "joblib" "pt" "pth" "ckpt" "bin" "dill" "cloudpickle"];
    /// torch's format before the zip: several pickles in a row, then storages.
    TorchLegacy "torch-legacy" false ["pt" "pth" "ckpt" "bin"];
    /// A zip archive; torch, `.npz`, Keras and others are zips.
    Zip "zip" false ["zip" "pt" "pth" "ckpt" "bin" "npz" "keras" "mar" "jar" "whl" "ptl" "pt2"];
    /// A tar archive.
    Tar "tar" false ["tar" "nemo" "pt" "pth"];
    /// gzip.
    Gzip "gzip" false ["gz" "tgz" "joblib" "pkl"];
    /// zlib.
    Zlib "zlib" false ["zlib" "z" "joblib" "pkl"];
    /// bzip2.
    Bzip2 "bzip2" false ["bz2" "tbz2" "joblib" "pkl"];
    /// xz.
    Xz "xz" false ["xz" "txz" "joblib" "pkl"];
    /// Bare LZMA.
    Lzma "lzma" false ["lzma" "joblib" "pkl"];
    /// LZ4 frame.
    Lz4 "lz4" false ["lz4" "joblib" "pkl"];
    /// Zstandard.
    Zstd "zstd" false ["zst" "zstd"];
    /// joblib before 0.10: `ZF`, a length, zlib.
    JoblibZf "joblib-zf" false ["joblib" "pkl" "z"];
    /// 7-Zip archive.
    SevenZ "7z" false ["7z"];
    /// RAR archive.
    Rar "rar" false ["rar"];
    /// safetensors.
    Safetensors "safetensors" true ["safetensors"];
    /// GGUF.
    Gguf "gguf" true ["gguf" "bin"];
    /// ggml, ggmf, ggjt or ggla: the formats before GGUF.
    Ggml "ggml" true ["ggml" "bin"];
    /// ONNX.
    Onnx "onnx" true ["onnx"];
    /// A numpy array.
    Npy "npy" true ["npy"];
    /// JSON.
    Json "json" true ["json" "ipynb" "jsonl" "webmanifest"];
    /// YAML.
    Yaml "yaml" true ["yaml" "yml"];
    /// Plain text of any kind.
    Text "text" true ["txt" "md"];
    /// What git stores in place of a large file.
    GitLfsPointer "git-lfs-pointer" true [];
    /// HDF5.
    Hdf5 "hdf5" true ["h5" "hdf5" "keras" "mat"];
    /// ELF: a program or library.
    Elf "elf" false ["so" "o" "elf"];
    /// PE: a Windows program or library.
    Pe "pe" false ["exe" "dll" "pyd" "sys"];
    /// Mach-O: a macOS program or library.
    MachO "mach-o" false ["dylib" "bundle"];
    /// Compiled Python.
    Pyc "python-bytecode" false ["pyc" "pyo"];
    /// Compiled Java.
    JavaClass "java-class" false ["class"];
    /// WebAssembly.
    Wasm "webassembly" false ["wasm"];
    /// A Dalvik executable: compiled code of Android.
    Dex "dex" false ["dex"];
    /// An `ar` archive: a Debian package or a static library.
    Ar "ar" false ["deb" "a" "lib"];
    /// An RPM package.
    Rpm "rpm" false ["rpm"];
    /// A macOS installer package.
    Xar "xar" false ["pkg" "xar"];
    /// A macOS disk image.
    Dmg "dmg" false ["dmg"];
    /// A Windows cabinet.
    Cab "cab" false ["cab"];
    /// A Windows shortcut.
    Lnk "windows-shortcut" false ["lnk"];
    /// Text that begins with `#!`.
    Script "script" false ["sh" "py" "bash" "pl" "rb"];
    /// An OLE compound file: old Office documents, Windows installers.
    Ole "ole" false ["doc" "xls" "ppt" "msi"];
    /// PNG.
    Png "png" true ["png"];
    /// JPEG.
    Jpeg "jpeg" true ["jpg" "jpeg"];
    /// GIF.
    Gif "gif" true ["gif"];
    /// RIFF: WebP, WAV, AVI.
    Riff "riff" true ["webp" "wav" "avi"];
    /// PDF.
    Pdf "pdf" false ["pdf"];
    /// `SQLite`.
    Sqlite "sqlite" true ["db" "sqlite" "sqlite3"];
    /// Arrow IPC.
    Arrow "arrow" true ["arrow" "feather"];
    /// Parquet.
    Parquet "parquet" true ["parquet"];
    /// A TensorFlow `SavedModel`: graphs with what belongs to them.
    SavedModel "tensorflow-saved-model" false ["pb" "pbtxt"];
    /// A TensorFlow `MetaGraphDef`: the graph beside a checkpoint.
    MetaGraph "tensorflow-meta-graph" false ["meta" "pb" "pbtxt"];
    /// A TensorFlow `GraphDef`: a frozen graph.
    GraphDef "tensorflow-graph" false ["pb" "pbtxt"];
    /// The index of a TensorFlow checkpoint.
    CheckpointIndex "tensorflow-checkpoint-index" true ["index"];
    /// `fingerprint.pb` of a `SavedModel`.
    Fingerprint "tensorflow-fingerprint" true ["pb"];
    /// `keras_metadata.pb`: the configurations of the Keras objects of a `SavedModel`.
    KerasMetadata "keras-metadata" false ["pb"];
    /// Events of `TensorBoard`: what a training run wrote down.
    TensorBoard "tensorboard-events" true [];
    /// The log of a run of Weights & Biases.
    Wandb "wandb-log" true ["wandb"];
    /// TensorFlow Lite.
    TfLite "tflite" false ["tflite" "lite"];
}

impl Format {
    /// Whether it is only a wrapping, and what it wraps decides.
    pub fn is_container(self) -> bool {
        matches!(
            self,
            Self::Zip
                | Self::Tar
                | Self::Gzip
                | Self::Zlib
                | Self::Bzip2
                | Self::Xz
                | Self::Lzma
                | Self::Lz4
                | Self::Zstd
                | Self::JoblibZf
                | Self::SevenZ
                | Self::Rar
        )
    }

    /// Whether it is a picture or a recording, which no model loader loads.
    pub fn is_media(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::Gif | Self::Riff)
    }

    /// Whether it brings programs onto a machine: a package, an installer, a shortcut.
    pub fn is_installer(self) -> bool {
        matches!(
            self,
            Self::Ar | Self::Rpm | Self::Xar | Self::Dmg | Self::Cab | Self::Lnk | Self::Ole
        )
    }

    /// Whether it is a program for a machine or an interpreter: never what a model file should be.
    pub fn is_executable(self) -> bool {
        matches!(
            self,
            Self::Elf
                | Self::Pe
                | Self::MachO
                | Self::Pyc
                | Self::JavaClass
                | Self::Wasm
                | Self::Dex
                | Self::Script
        )
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
