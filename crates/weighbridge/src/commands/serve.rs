//! `serve`: the API and the pages. `worker`: the work alone.

#[cfg(feature = "server")]
mod with {
    use std::future::Future;
    use std::net::IpAddr;
    use std::path::PathBuf;

    use gate::ledger::{Place, Role};
    use server::{Bounds, Limits, Oidc, Options, Room, Tls, Work, World};
    use tokio::runtime::Runtime;
    use tokio::signal::unix::{SignalKind, signal};

    use crate::args::{Queue, Serve, Worker};
    use crate::exit::Exit;
    use crate::failure::Failure;
    use crate::world;

    const WORLD: World = World { now: world::now, today: world::today, say };

    pub(crate) fn serve(args: &Serve) -> Result<Exit, Failure> {
        let options = Options {
            models: args.queue.models.clone(),
            admin_token: world::variable("WEIGHBRIDGE_ADMIN_TOKEN").filter(|t| !t.is_empty()),
            public_url: args.public_url.clone(),
            insecure_http: args.insecure_http,
            proxies: args.proxy.iter().map(IpAddr::to_canonical).collect(),
            bounds: Bounds { credential: args.rate, ..Bounds::default() },
            tls: args.tls_cert.clone().zip(args.tls_key.clone()).map(tls),
            work: work(&args.queue),
            oidc: oidc(args)?,
            ..Options::new(args.listen, place(&args.queue))
        };
        run(async { server::serve(options, WORLD, told_to_stop()).await })
    }

    pub(crate) fn worker(args: &Worker) -> Result<Exit, Failure> {
        let Queue { models, .. } = &args.queue;
        let (place, work) = (place(&args.queue), work(&args.queue));
        run(async { server::work(&place, models.clone(), work, WORLD, told_to_stop()).await })
    }

    fn place(args: &Queue) -> Place {
        Place { database: args.database.clone(), ..Place::folder(&args.data) }
    }

    fn work(args: &Queue) -> Work {
        let usual = Work::default();
        let room = Room { bytes: args.max_upload, ..usual.limits.room };
        Work {
            workers: args.workers.unwrap_or(usual.workers),
            lease: args.lease,
            job_time: args.job_time,
            recheck_every: args.recheck_every,
            policies: args.policies.clone(),
            store: args.store.clone(),
            limits: Limits { room, floor: args.keep_free, ..usual.limits },
        }
    }

    fn run(done: impl Future<Output = Result<(), server::Error>>) -> Result<Exit, Failure> {
        // An interrupt ends it in order, as the end of the service does.
        world::command_runs(true);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime: Runtime = runtime.map_err(|source| Failure::Runtime { source })?;
        let ended = runtime.block_on(done);
        // A weighing whose job was given back does not hold the end up.
        runtime.shutdown_background();
        ended?;
        Ok(Exit::Fine)
    }

    fn oidc(args: &Serve) -> Result<Option<Oidc>, Failure> {
        let Some((issuer, client)) = args.oidc_issuer.clone().zip(args.oidc_client.clone()) else {
            return Ok(None);
        };
        let mut roles = Vec::new();
        for text in &args.oidc_role {
            let parts = text.rsplit_once('=');
            let role = parts.and_then(|(value, role)| Some((value.to_owned(), Role::of(role)?)));
            roles.push(role.ok_or_else(|| server::Error::Oidc {
                because: format!("`{}` is no VALUE=ROLE", vocabulary::escape(text)),
            })?);
        }
        Ok(Some(Oidc {
            issuer,
            client,
            secret: world::variable("WEIGHBRIDGE_OIDC_SECRET").filter(|text| !text.is_empty()),
            principal: args.oidc_principal.clone(),
            claim: args.oidc_claim.clone(),
            roles,
        }))
    }

    fn tls((certificate, key): (PathBuf, PathBuf)) -> Tls {
        Tls { certificate, key }
    }

    #[allow(clippy::print_stderr, reason = "talk")]
    fn say(line: &str) {
        eprintln!("{line}");
    }

    /// Ends when the system or the keyboard asks the program to end.
    async fn told_to_stop() {
        let told = |kind| async move {
            match signal(kind) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = told(SignalKind::terminate()) => {}
            () = told(SignalKind::interrupt()) => {}
        }
    }
}

#[cfg(feature = "server")]
pub(super) use with::{serve, worker};

/// This build has no server.
#[cfg(not(feature = "server"))]
mod without {
    use crate::args::{Serve, Worker};
    use crate::exit::Exit;
    use crate::failure::Failure;

    pub(crate) fn serve(_: &Serve) -> Result<Exit, Failure> {
        Err(Failure::NoServer)
    }

    pub(crate) fn worker(_: &Worker) -> Result<Exit, Failure> {
        Err(Failure::NoServer)
    }
}

#[cfg(not(feature = "server"))]
pub(super) use without::{serve, worker};
