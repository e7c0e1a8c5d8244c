//! The tables, as steps that each bring the database from one form to the next.
//!
//! A step that has been released is never changed: another follows it. `{blob}` stands for the
//! engine's word for bytes.

/// Every step, from an empty database on.
pub(crate) const STEPS: &[&[&str]] = &[RECORD, MADE, JOBS, CREDENTIALS, UPLOADS, EVALUATIONS];

/// The steps that make the record and what follows from it.
pub(crate) const RECORDED: &[&[&str]] = &[RECORD, MADE, EVALUATIONS];

/// The record itself, and the log over it.
const RECORD: &[&str] = &[
    "CREATE TABLE entry (
        number BIGINT PRIMARY KEY,
        body TEXT NOT NULL
    )",
    "CREATE TABLE document (
        sha256 TEXT PRIMARY KEY,
        bytes {blob} NOT NULL
    )",
    "CREATE TABLE log_file (
        name TEXT PRIMARY KEY,
        bytes {blob} NOT NULL
    )",
];

/// What follows from the entries. [`MADE_TABLES`](crate::project::MADE_TABLES) names these tables.
///
/// What an index holds is short: PostgreSQL refuses the long. Paths and other texts of artifacts are in
/// none.
const MADE: &[&str] = &[
    "CREATE TABLE audit (
        number BIGINT PRIMARY KEY,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        model TEXT NOT NULL,
        artifact TEXT NOT NULL,
        at TEXT NOT NULL
    )",
    "CREATE INDEX audit_kind ON audit (kind, number)",
    "CREATE INDEX audit_actor ON audit (actor, number)",
    "CREATE INDEX audit_model ON audit (model, number)",
    "CREATE INDEX audit_artifact ON audit (artifact, number)",
    "CREATE TABLE artifact (
        artifact TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        label TEXT NOT NULL,
        files BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        first_at TEXT NOT NULL
    )",
    "CREATE INDEX artifact_number ON artifact (number)",
    "CREATE TABLE artifact_file (
        artifact TEXT NOT NULL,
        position BIGINT NOT NULL,
        path TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        blake3 TEXT NOT NULL,
        PRIMARY KEY (artifact, position)
    )",
    "CREATE INDEX artifact_file_sha256 ON artifact_file (sha256, artifact)",
    "CREATE INDEX artifact_file_blake3 ON artifact_file (blake3)",
    "CREATE TABLE model (
        model TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        first_at TEXT NOT NULL,
        last BIGINT NOT NULL,
        running BIGINT NOT NULL,
        idle BIGINT NOT NULL
    )",
    "CREATE INDEX model_idle ON model (idle, model)",
    "CREATE INDEX model_owner ON model (owner)",
    "CREATE TABLE weighing (
        weighing TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        model TEXT NOT NULL,
        version TEXT NOT NULL,
        source TEXT NOT NULL,
        artifact TEXT NOT NULL,
        verdict TEXT NOT NULL,
        policy TEXT NOT NULL,
        policy_digest TEXT NOT NULL,
        report TEXT NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        person TEXT NOT NULL,
        worst TEXT NOT NULL,
        findings BIGINT NOT NULL,
        gaps BIGINT NOT NULL,
        latest BIGINT NOT NULL
    )",
    "CREATE INDEX weighing_model ON weighing (model, number)",
    "CREATE INDEX weighing_artifact ON weighing (artifact, number)",
    "CREATE INDEX weighing_person ON weighing (artifact, person)",
    "CREATE INDEX weighing_number ON weighing (number)",
    "CREATE INDEX weighing_latest ON weighing (latest, model, artifact)",
    "CREATE INDEX weighing_report ON weighing (report)",
    "CREATE TABLE check_outcome (
        weighing TEXT NOT NULL,
        position BIGINT NOT NULL,
        name TEXT NOT NULL,
        outcome TEXT NOT NULL,
        because TEXT NOT NULL,
        PRIMARY KEY (weighing, position)
    )",
    "CREATE TABLE finding (
        weighing TEXT NOT NULL,
        position BIGINT NOT NULL,
        number BIGINT NOT NULL,
        model TEXT NOT NULL,
        artifact TEXT NOT NULL,
        rule TEXT NOT NULL,
        severity TEXT NOT NULL,
        severity_rank BIGINT NOT NULL,
        file TEXT NOT NULL,
        file_end TEXT NOT NULL,
        file_sha256 TEXT NOT NULL,
        message TEXT NOT NULL,
        excepted BIGINT NOT NULL,
        latest BIGINT NOT NULL,
        PRIMARY KEY (weighing, position)
    )",
    "CREATE INDEX finding_worst
     ON finding (latest, severity_rank DESC, number DESC, position, file_end)",
    "CREATE INDEX finding_rule
     ON finding (latest, rule, severity_rank DESC, number DESC, position)",
    "CREATE INDEX finding_model
     ON finding (latest, model, severity_rank DESC, number DESC, position)",
    "CREATE INDEX finding_artifact ON finding (artifact, latest, rule)",
    "CREATE INDEX finding_file ON finding (file_sha256, latest)",
    "CREATE TABLE attestation (
        number BIGINT PRIMARY KEY,
        artifact TEXT NOT NULL,
        document TEXT NOT NULL,
        predicate_type TEXT NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL
    )",
    "CREATE INDEX attestation_artifact ON attestation (artifact, number)",
    "CREATE INDEX attestation_document ON attestation (document)",
    "CREATE TABLE approval (
        number BIGINT PRIMARY KEY,
        artifact TEXT NOT NULL,
        approver TEXT NOT NULL,
        person TEXT NOT NULL,
        vote TEXT NOT NULL,
        comment TEXT NOT NULL,
        at TEXT NOT NULL
    )",
    "CREATE INDEX approval_artifact ON approval (artifact, number)",
    "CREATE TABLE waiver (
        waiver TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        rule TEXT NOT NULL,
        file TEXT NOT NULL,
        artifact TEXT NOT NULL,
        reason TEXT NOT NULL,
        expires TEXT NOT NULL,
        approvers BIGINT NOT NULL,
        requester TEXT NOT NULL,
        person TEXT NOT NULL,
        at TEXT NOT NULL,
        state TEXT NOT NULL
    )",
    "CREATE INDEX waiver_state ON waiver (state, expires)",
    "CREATE INDEX waiver_artifact ON waiver (artifact)",
    "CREATE INDEX waiver_number ON waiver (number)",
    "CREATE TABLE waiver_vote (
        waiver TEXT NOT NULL,
        person TEXT NOT NULL,
        approver TEXT NOT NULL,
        vote TEXT NOT NULL,
        comment TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (waiver, person)
    )",
    "CREATE TABLE deployment (
        deployment TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        model TEXT NOT NULL,
        artifact TEXT NOT NULL,
        environment TEXT NOT NULL,
        place TEXT NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        ended TEXT NOT NULL,
        seen TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        seen_by TEXT NOT NULL,
        differs BIGINT NOT NULL
    )",
    "CREATE INDEX deployment_model ON deployment (model, ended, differs)",
    "CREATE INDEX deployment_artifact ON deployment (artifact, ended)",
    "CREATE INDEX deployment_running ON deployment (ended, differs, number)",
    "CREATE INDEX deployment_number ON deployment (number)",
    "CREATE TABLE observation (
        number BIGINT PRIMARY KEY,
        deployment TEXT NOT NULL,
        artifact TEXT NOT NULL,
        method TEXT NOT NULL,
        detail TEXT NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL
    )",
    "CREATE INDEX observation_deployment ON observation (deployment, number)",
    "CREATE TABLE token (
        token TEXT PRIMARY KEY,
        principal TEXT NOT NULL,
        role TEXT NOT NULL,
        expires TEXT NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        ended TEXT NOT NULL
    )",
];

/// The queue. Leases are milliseconds by the clock of the database; `source` is what the job reads.
const JOBS: &[&str] = &[
    "CREATE TABLE job (
        job TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        kind TEXT NOT NULL,
        request TEXT NOT NULL,
        source TEXT NOT NULL,
        actor TEXT NOT NULL,
        state TEXT NOT NULL,
        worker TEXT NOT NULL,
        lease BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        at TEXT NOT NULL,
        ended TEXT NOT NULL,
        result TEXT NOT NULL
    )",
    "CREATE INDEX job_state ON job (state, number)",
    "CREATE INDEX job_number ON job (number)",
];

/// What was uploaded. A blob is an object of the store, under its SHA-256; several uploads may hold it.
/// Moments are milliseconds by the clock of the database.
const UPLOADS: &[&str] = &[
    "CREATE TABLE upload (
        upload TEXT PRIMARY KEY,
        actor TEXT NOT NULL,
        hash TEXT NOT NULL,
        files BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        used BIGINT NOT NULL
    )",
    "CREATE TABLE upload_owner (
        actor TEXT PRIMARY KEY,
        bytes BIGINT NOT NULL
    )",
    "CREATE INDEX upload_hash ON upload (hash)",
    "CREATE INDEX upload_actor ON upload (actor)",
    "CREATE TABLE upload_file (
        upload TEXT NOT NULL,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (upload, path)
    )",
    "CREATE INDEX upload_file_sha256 ON upload_file (sha256)",
    "CREATE TABLE blob (
        sha256 TEXT PRIMARY KEY,
        place TEXT NOT NULL,
        bytes BIGINT NOT NULL
    )",
    "CREATE INDEX blob_place ON blob (place)",
];

/// What credentials are known by, and the sessions of browsers.
const CREDENTIALS: &[&str] = &[
    "CREATE TABLE token_secret (
        token TEXT PRIMARY KEY,
        hash TEXT NOT NULL,
        used TEXT NOT NULL
    )",
    "CREATE TABLE session (
        session TEXT PRIMARY KEY,
        credential TEXT NOT NULL,
        principal TEXT NOT NULL,
        role TEXT NOT NULL,
        used TEXT NOT NULL,
        until TEXT NOT NULL
    )",
    "CREATE INDEX session_credential ON session (credential)",
];

/// Runs of probes, and the files that were run.
const EVALUATIONS: &[&str] = &[
    "CREATE TABLE evaluation (
        evaluation TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        model TEXT NOT NULL,
        artifact TEXT NOT NULL,
        judgement TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        bound BIGINT NOT NULL,
        largest TEXT NOT NULL,
        packs TEXT NOT NULL,
        seed TEXT NOT NULL,
        planned BIGINT NOT NULL,
        answered BIGINT NOT NULL,
        passes BIGINT NOT NULL,
        fails BIGINT NOT NULL,
        unsure BIGINT NOT NULL,
        journal TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        root TEXT NOT NULL,
        document TEXT NOT NULL,
        original TEXT NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL
    )",
    "CREATE INDEX evaluation_number ON evaluation (number)",
    "CREATE INDEX evaluation_model ON evaluation (model, number)",
    "CREATE INDEX evaluation_artifact ON evaluation (artifact, number)",
    "CREATE INDEX evaluation_judgement ON evaluation (judgement, number)",
    "CREATE INDEX evaluation_journal ON evaluation (journal)",
    "CREATE INDEX evaluation_largest ON evaluation (largest)",
    "CREATE INDEX evaluation_actor ON evaluation (actor)",
    "CREATE TABLE evaluation_file (
        evaluation TEXT NOT NULL,
        position BIGINT NOT NULL,
        path TEXT NOT NULL,
        blake3 TEXT NOT NULL,
        PRIMARY KEY (evaluation, position)
    )",
    "CREATE INDEX evaluation_file_blake3 ON evaluation_file (blake3)",
];
