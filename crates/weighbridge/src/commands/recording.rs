//! `weigh --data`: by what the ledger knows, and into it.

#[cfg(feature = "server")]
mod with {
    use std::path::Path;

    use gate::ledger::{Act, Ledger, Place};
    use gate::record::{self, Named};
    use gate::{Policy, Report, Request, Services};
    use tokio::runtime::Runtime;
    use vocabulary::{Record, Untrusted};

    use crate::args::Level;
    use crate::args::ledger::Recording;
    use crate::commands::ledger::{new_id, runtime};
    use crate::failure::Failure;
    use crate::world;

    /// An open ledger, and what weighings are recorded as.
    pub(crate) struct Keeper {
        runtime: Runtime,
        ledger: Ledger,
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
            let facts = |artifact: &str, files: &[&str]| {
                let facts = record::facts(&self.ledger, artifact, files, Some(&model), &today);
                Ok::<_, Failure>(self.runtime.block_on(facts)?)
            };
            let report = record::weigh_by_record(request, policy, services, facts)?;
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
    /// recorded.
    pub(crate) fn known(
        args: &Level,
        request: &Request,
        services: &Services<'_>,
    ) -> Result<Option<Record>, Failure> {
        let Some(data) = &args.data else { return Ok(None) };
        let place = Place { database: args.database.clone(), ..Place::folder(data) };
        if place.database.is_none() && !data.join("ledger.db").exists() {
            return Err(gate::ledger::Error::NoLedger { path: data.clone() }.into());
        }
        let report = gate::weigh(request, &Policy::shipped(gate::policy::DEFAULT)?, services)?;
        let Some(artifact) = record::artifact_of_report(&report) else { return Ok(None) };
        let contents = &report.artifact.contents;
        let files = contents.iter().filter_map(|file| file.digests.get("sha256"));
        let files: Vec<&str> = files.map(String::as_str).collect();
        let today = services.today.to_string();
        let known = runtime()?.block_on(async {
            let ledger = Ledger::open(&place).await?;
            let facts = record::facts(&ledger, &artifact, &files, None, &today).await?;
            ledger.close().await?;
            Ok::<_, gate::ledger::Error>(facts)
        });
        Ok(known?)
    }

    /// The last part of a path.
    fn name(path: &Path) -> String {
        let whole = path.file_name().unwrap_or(path.as_os_str());
        Untrusted::from_bytes(whole.as_encoded_bytes()).raw().to_owned()
    }
}

#[cfg(feature = "server")]
pub(super) use with::{Keeper, known};

#[cfg(not(feature = "server"))]
pub(super) use without::{Keeper, known};

/// This build has no ledger.
#[cfg(not(feature = "server"))]
mod without {
    use gate::{Policy, Report, Request, Services};
    use vocabulary::Record;

    use crate::args::Level;
    use crate::args::ledger::Recording;
    use crate::failure::Failure;

    pub(crate) fn known(
        args: &Level,
        _: &Request,
        _: &Services<'_>,
    ) -> Result<Option<Record>, Failure> {
        if args.data.is_some() { Err(Failure::NoServer) } else { Ok(None) }
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
