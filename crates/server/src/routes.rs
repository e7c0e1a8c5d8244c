//! Every route, once: its method, its path and who may call it.
//!
//! The router, the guard in front of it, the `OpenAPI` document and the test of who may do what all
//! come from [`table`]. A route that does not stand in it does not exist: the guard answers 404
//! before anybody's code runs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter};
use gate::ledger::Role;
use utoipa::openapi::path::Paths;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{HttpMethod, RefOr};

use crate::app::App;
use crate::{api, auth, pages};

/// Who may call a route, and whether the call is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The least role; `None` for everybody.
    pub(crate) role: Option<Role>,
    /// Whether the call becomes an entry of the record.
    pub(crate) recorded: bool,
}

impl Needs {
    /// Everybody, and nothing is written: health, style sheets.
    pub(crate) const NOTHING: Self = Self { role: None, recorded: false };
    /// Everybody.
    pub(crate) const OPEN: Self = Self { role: None, recorded: true };
    pub(crate) const READER: Self = Self::of(Role::Reader);
    pub(crate) const SUBMITTER: Self = Self::of(Role::Submitter);
    pub(crate) const APPROVER: Self = Self::of(Role::Approver);
    pub(crate) const ADMIN: Self = Self::of(Role::Admin);

    const fn of(role: Role) -> Self {
        Self { role: Some(role), recorded: true }
    }

    /// The same, but nothing is written.
    pub(crate) const fn unrecorded(self) -> Self {
        Self { role: self.role, recorded: false }
    }
}

/// What `routes!` of `utoipa_axum` gives for a handler.
pub(crate) type Documented = (Vec<(String, RefOr<Schema>)>, Paths, MethodRouter<Arc<App>>);

/// Its schemas and its paths.
type Document = (Vec<(String, RefOr<Schema>)>, Paths);

/// One method of one path.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) needs: Needs,
    handler: MethodRouter<Arc<App>>,
    /// What the `OpenAPI` document says of it; pages have none.
    pub(crate) document: Option<Document>,
}

impl Route {
    /// A call of the API: method and path stand in its documentation.
    pub(crate) fn api(needs: Needs, (schemas, paths, handler): Documented) -> Self {
        let told = paths.paths.iter().next().and_then(|(path, item)| {
            let method = [
                (&item.get, HttpMethod::Get),
                (&item.post, HttpMethod::Post),
                (&item.put, HttpMethod::Put),
                (&item.delete, HttpMethod::Delete),
            ];
            let (_, method) = method.into_iter().find(|(operation, _)| operation.is_some())?;
            Some((path.clone(), method))
        });
        let (path, method) = told.unwrap_or_else(|| unreachable!("a documented route has a path"));
        let method = match method {
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Delete => Method::DELETE,
            _ => Method::GET,
        };
        Self { method, path, needs, handler, document: Some((schemas, paths)) }
    }

    /// A page, a form or a file that no program calls.
    pub(crate) fn page<H, T>(method: Method, path: &str, needs: Needs, handler: H) -> Self
    where
        H: axum::handler::Handler<T, Arc<App>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone())
            .unwrap_or_else(|_| unreachable!("routes use the usual methods"));
        let handler = axum::routing::on(filter, handler);
        Self { method, path: path.to_owned(), needs, handler, document: None }
    }
}

/// All of them.
pub(crate) fn table() -> Vec<Route> {
    let mut table = api::routes();
    table.extend(auth::routes());
    table.extend(pages::routes());
    table
}

/// Who may call what, as the guard asks for it.
pub(crate) type Gates = HashMap<(Method, String), Needs>;

/// The router without its guard, and what the guard holds calls against.
pub(crate) fn build(table: Vec<Route>) -> (Router<Arc<App>>, Gates) {
    let mut router = Router::new();
    let mut gates = Gates::new();
    for route in table {
        gates.insert((route.method, route.path.clone()), route.needs);
        router = router.route(&route.path, route.handler);
    }
    (router, gates)
}

/// A route, as documents and tests tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, with its parts that vary in braces.
    pub path: String,
    /// The least role; `None` for everybody.
    pub role: Option<Role>,
    /// Whether calls become entries of the record.
    pub recorded: bool,
    /// Whether it stands in the `OpenAPI` document.
    pub documented: bool,
}

/// Every route of the server.
pub fn routes() -> Vec<Told> {
    let told = |route: Route| Told {
        method: route.method.to_string(),
        path: route.path,
        role: route.needs.role,
        recorded: route.needs.recorded,
        documented: route.document.is_some(),
    };
    table().into_iter().map(told).collect()
}
