//! `serve`: the API and the pages.

#[cfg(feature = "server")]
mod with {
    use std::future::Future;
    use std::path::PathBuf;

    use gate::ledger::Place;
    use server::{Bounds, Options, Tls, World};
    use tokio::signal::unix::{SignalKind, signal};

    use crate::args::Serve;
    use crate::exit::Exit;
    use crate::failure::Failure;
    use crate::world;

    pub(crate) fn serve(args: &Serve) -> Result<Exit, Failure> {
        let place = Place { database: args.database.clone(), ..Place::folder(&args.data) };
        let options = Options {
            models: args.models.clone(),
            policies: args.policies.clone(),
            admin_token: world::variable("WEIGHBRIDGE_ADMIN_TOKEN").filter(|t| !t.is_empty()),
            public_url: args.public_url.clone(),
            insecure_http: args.insecure_http,
            bounds: Bounds { credential: args.rate, ..Bounds::default() },
            tls: args.tls_cert.clone().zip(args.tls_key.clone()).map(tls),
            ..Options::new(args.listen, place)
        };
        let world = World { now: world::now, today: world::today, say };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Failure::Runtime { source })?;
        runtime.block_on(async { server::serve(options, world, told_to_stop()).await })?;
        Ok(Exit::Fine)
    }

    fn tls((certificate, key): (PathBuf, PathBuf)) -> Tls {
        Tls { certificate, key }
    }

    #[allow(clippy::print_stderr, reason = "talk")]
    fn say(line: &str) {
        eprintln!("{line}");
    }

    /// Ends when the system asks the program to end.
    fn told_to_stop() -> impl Future<Output = ()> + Send + 'static {
        async {
            match signal(SignalKind::terminate()) {
                Ok(mut terminate) => {
                    terminate.recv().await;
                }
                // Without the signal only an interrupt ends it.
                Err(_) => std::future::pending().await,
            }
        }
    }
}

#[cfg(feature = "server")]
pub(super) use with::serve;

/// This build has no server.
#[cfg(not(feature = "server"))]
pub(super) fn serve(_: &crate::args::Serve) -> Result<crate::exit::Exit, crate::failure::Failure> {
    Err(crate::failure::Failure::NoServer)
}
