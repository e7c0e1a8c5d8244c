//! `weigh --data` and `probe --data`: by what the ledger knows, and into it.

#[cfg(feature = "server")]
mod with {
    use std::path::Path;

    use gate::ledger::{Act, Ledger, Place};
    use gate::probe::{Asked, ProbeRequest, Source};
    use gate::record::{self, Known, Named};
    use gate::{Policy, Report, Request, Services};
    use server::HandIn;
    use tempfile::TempDir;
    use tokio::runtime::Runtime;
    use vocabulary::Untrusted;

    use crate::args::Level;
    use crate::args::ledger::{Recording, RunRecording};
    use crate::commands::ledger::{new_id, runtime};
    use crate::failure::Failure;
    use crate::{output, world};

    /// An open ledger, and what weighings are recorded as.
    pub(crate) struct Keeper {
        runtime: Runtime,
        ledger: Ledger,
        place: Place,
        actor: String,
        model: Option<String>,
        version: String,
    }

    impl Keeper {
        /// `None` where nothing is to be recorded.
        pub(crate) fn open(args: &Recording) -> Result<Option<Self>, Failure> {
            let (Some(data), Some(actor)) = (&args.data, &args.actor) else { return Ok(None) };
            let runtime = runtime()?;
            let place = Place { database: args.database.clone(), ..Place::folder(data) };
            let ledger = runtime.block_on(Ledger::open(&place))?;
            Ok(Some(Self {
                runtime,
                ledger,
                place,
                actor: actor.clone(),
                model: args.model.clone(),
                version: args.model_version.clone().unwrap_or_default(),
            }))
        }

        /// Weighs by what the ledger knows as well, and records it.
        pub(crate) fn weigh(
            &self,
            request: &Request,
            policy: &Policy,
            services: &Services<'_>,
        ) -> Result<Report, Failure> {
            let model = self.model.clone().unwrap_or_else(|| name(&request.source));
            let today = services.today.to_string();
            // The journals lie there until the model is weighed by them.
            let mut folder = None;
            let facts = |artifact: &str, files: &[&str]| {
                let facts = record::facts(&self.ledger, artifact, files, Some(&model), &today);
                let mut known = Known { record: self.runtime.block_on(facts)?, probed: Vec::new() };
                if !policy.terms.behaviour.packs.is_empty() {
                    let kept = server::kept_journals(&self.place, &self.ledger, artifact);
                    (known.probed, folder) = self.runtime.block_on(kept)?;
                }
                Ok::<_, Failure>(known)
            };
            let report = record::weigh_by_record(request, policy, services, facts)?;
            drop(folder);
            let version = self.version.clone();
            let (weighing, source) = (new_id()?, request.label.clone());
            let named = Named { weighing, model: model.clone(), version, source };
            let Some((event, document)) = record::event(&report, named) else {
                return Err(Failure::NotRecorded { path: request.source.clone() });
            };
            let act = Act::new(&self.actor, world::now());
            self.runtime.block_on(self.ledger.record_with(act, event, vec![document]))?;
            Ok(report)
        }

        /// Ends when everything that was recorded is published.
        pub(crate) fn close(self) -> Result<(), Failure> {
            self.runtime.block_on(self.ledger.close())?;
            Ok(())
        }
    }

    /// What a ledger knows of the artifact of a request; nothing where none is named. Nothing is
    /// recorded. The journals lie in the folder.
    pub(crate) fn known(
        args: &Level,
        request: &Request,
        services: &Services<'_>,
    ) -> Result<(Known, Option<TempDir>), Failure> {
        let nothing = (Known::default(), None);
        let Some(data) = &args.data else { return Ok(nothing) };
        let place = Place { database: args.database.clone(), ..Place::folder(data) };
        if place.database.is_none() && !data.join("ledger.db").exists() {
            return Err(gate::ledger::Error::NoLedger { path: data.clone() }.into());
        }
        let report = gate::weigh(request, &Policy::shipped(gate::policy::DEFAULT)?, services)?;
        let Some(artifact) = record::artifact_of_report(&report) else { return Ok(nothing) };
        let contents = &report.artifact.contents;
        let files = contents.iter().filter_map(|file| file.digests.get("sha256"));
        let files: Vec<&str> = files.map(String::as_str).collect();
        let today = services.today.to_string();
        runtime()?.block_on(async {
            let ledger = Ledger::open(&place).await?;
            let record = record::facts(&ledger, &artifact, &files, None, &today).await?;
            let (probed, folder) = server::kept_journals(&place, &ledger, &artifact).await?;
            ledger.close().await?;
            Ok::<_, Failure>((Known { record, probed }, folder))
        })
    }

    /// Records a run of probes, where it is to be: that of the original first, which the copy's is held
    /// against. Its journal is judged once more on the way.
    pub(crate) fn run(args: &RunRecording, request: &ProbeRequest) -> Result<(), Failure> {
        let (Some(data), Some(actor)) = (&args.data, &args.actor) else { return Ok(()) };
        let place = Place { database: args.database.clone(), ..Place::folder(data) };
        let journal = journal(&request.target)?;
        let original = request.against.as_ref().map(self::journal).transpose()?;
        let of = |artifact: &Option<String>, original: Option<String>| HandIn {
            artifact: artifact.clone(),
            model: None,
            packs: request.packs.clone(),
            seed: request.seed,
            original,
            margin: request.margin,
        };
        let act = || Act::new(actor, world::now());
        let failed = |source| Failure::RunNotRecorded { source };
        let (runtime, store) = (runtime()?, args.store.as_deref());
        runtime.block_on(async {
            let ledger = Ledger::open(&place).await?;
            let mut first = None;
            if let Some(original) = original {
                let asked = of(&None, None);
                let handed = server::hand_in(&place, &ledger, store, act(), asked, original).await;
                first = Some(handed.map_err(failed)?.evaluation);
            }
            let asked = of(&args.artifact, first);
            let handed = server::hand_in(&place, &ledger, store, act(), asked, journal).await;
            let handed = handed.map_err(failed)?;
            ledger.close().await?;
            output::say(&format!("recorded as entry {}: {}\n", handed.number, handed.evaluation));
            Ok(())
        })
    }

    /// The bytes of the journal that a run was kept in, or that it was read from.
    fn journal(asked: &Asked) -> Result<Vec<u8>, Failure> {
        let path = match (&asked.journal, &asked.source) {
            (Some(path), _) | (None, Source::Path(path)) if path.is_file() => path,
            _ => return Err(Failure::NoJournal),
        };
        let bytes = gate::probe::journal::Journal::bytes(path);
        bytes.map_err(|error| gate::Error::from(gate::probe::Error::from(error)).into())
    }

    /// The last part of a path.
    fn name(path: &Path) -> String {
        let whole = path.file_name().unwrap_or(path.as_os_str());
        Untrusted::from_bytes(whole.as_encoded_bytes()).raw().to_owned()
    }
}

#[cfg(feature = "server")]
pub(super) use with::{Keeper, known, run};

#[cfg(not(feature = "server"))]
pub(super) use without::{Keeper, known, run};

/// This build has no ledger.
#[cfg(not(feature = "server"))]
mod without {
    use gate::probe::ProbeRequest;
    use gate::{Policy, Report, Request, RunJournal, Services};
    use vocabulary::Record;

    use crate::args::Level;
    use crate::args::ledger::{Recording, RunRecording};
    use crate::failure::Failure;

    /// Nothing: there is no ledger that could know it.
    #[derive(Default)]
    pub(crate) struct Known {
        pub(crate) record: Option<Record>,
        pub(crate) probed: Vec<RunJournal>,
    }

    pub(crate) fn known(
        args: &Level,
        _: &Request,
        _: &Services<'_>,
    ) -> Result<(Known, ()), Failure> {
        if args.data.is_some() { Err(Failure::NoServer) } else { Ok((Known::default(), ())) }
    }

    pub(crate) fn run(args: &RunRecording, _: &ProbeRequest) -> Result<(), Failure> {
        if args.data.is_some() { Err(Failure::NoServer) } else { Ok(()) }
    }

    /// Nothing: there is no ledger to open.
    pub(crate) enum Keeper {}

    impl Keeper {
        pub(crate) fn open(args: &Recording) -> Result<Option<Self>, Failure> {
            if args.data.is_some() { Err(Failure::NoServer) } else { Ok(None) }
        }

        pub(crate) fn weigh(
            &self,
            _: &Request,
            _: &Policy,
            _: &Services<'_>,
        ) -> Result<Report, Failure> {
            match *self {}
        }

        pub(crate) fn close(self) -> Result<(), Failure> {
            match self {}
        }
    }
}
