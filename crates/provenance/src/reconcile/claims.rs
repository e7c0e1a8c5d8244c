use crate::manifest::Algorithm;

/// Sentences about one source that are kept.
const MOST: usize = 20;

/// What a document with digests is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a person asks for on the command line.
    Expectation,
    /// `SHA256SUMS` and its relatives.
    Sums,
    /// A listing of files by the Hugging Face hub.
    HubListing,
    /// The header of a download from the Hugging Face hub.
    HubHeader,
    /// What the client of the Hugging Face hub wrote beside a download.
    HubMetadata,
    /// The names of the blobs in a cache of the Hugging Face hub.
    HubBlobs,
    /// A pointer of Git LFS.
    LfsPointer,
    /// The manifest of an OCI image or artifact (`ModelPack`, `KitOps`, ORAS).
    Oci,
    /// The names of the blobs in an OCI layout.
    OciBlobs,
    /// A `.dvc` file or `dvc.lock`.
    Dvc,
}

impl Kind {
    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expectation => "expectation",
            Self::Sums => "list of digests",
            Self::HubListing => "listing of the Hugging Face hub",
            Self::HubHeader => "header of the Hugging Face hub",
            Self::HubMetadata => "metadata of a Hugging Face download",
            Self::HubBlobs => "blob names of a Hugging Face cache",
            Self::LfsPointer => "Git LFS pointer",
            Self::Oci => "OCI manifest",
            Self::OciBlobs => "blob names of an OCI layout",
            Self::Dvc => "DVC",
        }
    }
}

/// A document that says what files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The document's name or path.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it lies inside the artifact.
    pub declared: bool,
    /// What it says.
    pub claims: Vec<Claim>,
    /// Parts of it that are not understood, as sentences.
    pub faults: Vec<String>,
    /// What else it tells: a commit, a revision.
    pub notes: Vec<String>,
    /// The files of the artifact that it was read from, where it lies inside.
    pub documents: Vec<String>,
}

impl Source {
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            declared: false,
            claims: Vec::new(),
            faults: Vec::new(),
            notes: Vec::new(),
            documents: Vec::new(),
        }
    }

    pub(super) fn claim(&mut self, of: Of, bytes: Option<u64>, says: Says) {
        self.claims.push(Claim { of, bytes, says, optional: false });
    }

    /// A digest of a file by its hexadecimal form; a fault where it is none.
    pub(super) fn digest(&mut self, of: Of, bytes: Option<u64>, algorithm: Algorithm, hex: &str) {
        match algorithm.read(hex) {
            Some(digest) => self.claim(of, bytes, Says::Digest { algorithm, digest }),
            None => self.fault(format!("`{hex}` is no {} digest", algorithm.name())),
        }
    }

    /// Tells of a part that is not understood; the first few are kept.
    pub(super) fn fault(&mut self, because: String) {
        if self.faults.len() < MOST {
            self.faults.push(because);
        }
    }

    /// Takes up what a document of the same kind says of files that may be gone by now.
    pub(super) fn absorb(&mut self, document: &str, other: Self) {
        for claim in other.claims {
            self.claims.push(Claim { optional: true, ..claim });
        }
        for fault in other.faults {
            self.fault(format!("{document}: {fault}"));
        }
        for note in other.notes {
            if self.notes.len() < MOST && !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        self.documents.push(document.to_owned());
    }

    pub(super) fn sort(&mut self) {
        self.claims.sort_by(|a, b| a.of.cmp(&b.of));
    }

    /// Has its paths count from a folder of the artifact.
    pub(super) fn under(&mut self, folder: &str) {
        if folder.is_empty() {
            return;
        }
        for claim in &mut self.claims {
            if let Of::File(path) | Of::Folder(path) = &mut claim.of {
                *path = format!("{folder}/{path}");
            }
        }
    }

    /// Takes what it says of a folder of the artifact's own name for the artifact: such a document
    /// lies beside the folder.
    pub fn beside(&mut self, artifact: &str) {
        for claim in &mut self.claims {
            if let Of::Folder(path) = &mut claim.of
                && path.rsplit('/').next() == Some(artifact)
            {
                path.clear();
            }
        }
    }
}

/// What a document says of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Of what.
    pub of: Of,
    /// How many bytes it has, where that is said.
    pub bytes: Option<u64>,
    /// What is said.
    pub says: Says,
    /// Whether it may well speak of something that is no part of the artifact.
    pub optional: bool,
}

/// What a claim speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// The artifact as a whole.
    Whole,
    /// The file at this path, relative to the root.
    File(String),
    /// Everything in the folder at this path.
    Folder(String),
    /// One file whose name is not told.
    Unnamed,
    /// A path that leads out of the artifact.
    Outside(String),
}

impl Of {
    /// A file by a path in a document that lies in `folder` (empty: the root). Parts that are `.` are
    /// left out; a path that is absolute or has `..` leads outside.
    pub(super) fn path(folder: &str, path: &str) -> Self {
        let parts: Vec<&str> =
            path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if path.starts_with('/')
            || path.contains("://")
            || parts.contains(&"..")
            || parts.is_empty()
        {
            return Self::Outside(path.to_owned());
        }
        let path = parts.join("/");
        Self::File(if folder.is_empty() { path } else { format!("{folder}/{path}") })
    }
}

/// What is said of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// The digest of its content.
    Digest {
        /// By this.
        algorithm: Algorithm,
        /// The digest.
        digest: Vec<u8>,
    },
    /// in-toto's `dirHash`.
    DirHash(Vec<u8>),
    /// The root digest of Model Signing.
    OmsRoot(Vec<u8>),
    /// The git blob of the LFS pointer that stands for it.
    Pointer(Vec<u8>),
    /// The MD5 of DVC's list of the files in a folder.
    DvcList(Vec<u8>),
    /// The MD5 of DVC before version 3: line ends of text were made one before it was computed.
    DvcOldMd5(Vec<u8>),
    /// Nothing that can be checked here.
    Unchecked {
        /// What it is called.
        what: String,
        /// Why it cannot be checked.
        because: &'static str,
    },
}
