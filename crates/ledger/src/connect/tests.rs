//! A change of the tables' form that ends in its middle.

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use super::{Engine, STEPS, migrate, migrate_by, pool};

async fn execute(connection: &mut AnyConnection, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

/// Every table, with its columns where the engine tells them.
async fn form(address: &str, engine: Engine) -> Vec<String> {
    let sql = match engine {
        Engine::Sqlite => "SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY 1",
        Engine::Postgres => {
            "SELECT CAST(table_name || '.' || column_name || ' ' || data_type AS TEXT)
             FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL SELECT CAST(indexdef AS TEXT) FROM pg_indexes WHERE schemaname = 'public'
             ORDER BY 1"
        }
    };
    let mut connection = AnyConnection::connect(address).await.unwrap();
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.try_get(0).unwrap()).collect()
}

/// Stops before, between and after the statements of every step, and goes on; gives what came of it.
async fn interrupted(address: &str, engine: Engine) -> Vec<String> {
    let pool = pool(address, 2).await.unwrap();
    let mut stops = 0;
    for (done, step) in STEPS.iter().enumerate() {
        migrate_by(&STEPS[..done], &pool, engine).await.unwrap();
        let before = form(address, engine).await;
        for stop in 0..=step.len() {
            let mut connection = AnyConnection::connect(address).await.unwrap();
            execute(&mut connection, engine.begin()).await;
            for statement in &step[..stop] {
                execute(&mut connection, &engine.worded(statement)).await;
            }
            // Nobody says goodbye: the process is gone.
            drop(connection);
            let cut = [&step[..stop], &["NO STATEMENT"]].concat();
            let steps = [&STEPS[..done], &[&cut]].concat();
            migrate_by(&steps, &pool, engine).await.unwrap_err();
            stops += 1;
        }
        assert_eq!(form(address, engine).await, before, "step {done}");
    }
    migrate(&pool, engine).await.unwrap();
    // What is done is not done again.
    migrate(&pool, engine).await.unwrap();
    let forms = sqlx::query("SELECT form FROM form ORDER BY form").fetch_all(&pool).await.unwrap();
    assert_eq!(forms.len(), STEPS.len());
    assert!(stops > 60, "{stops}");
    pool.close().await;
    form(address, engine).await
}

async fn at_once(address: &str, engine: Engine) -> Vec<String> {
    let pool = pool(address, 2).await.unwrap();
    migrate(&pool, engine).await.unwrap();
    pool.close().await;
    form(address, engine).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_form_that_is_interrupted_anywhere_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    sqlx::any::install_default_drivers();
    let whole = at_once(&file("one.db"), Engine::Sqlite).await;
    assert_eq!(interrupted(&file("two.db"), Engine::Sqlite).await, whole);
}

#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read what the chores set"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_on_postgresql() {
    let Ok(server) = std::env::var("WEIGHBRIDGE_POSTGRES") else {
        eprintln!("no PostgreSQL: nothing seen");
        return;
    };
    sqlx::any::install_default_drivers();
    let mut of_server = AnyConnection::connect(&format!("{server}/postgres")).await.unwrap();
    let mut forms = Vec::new();
    for (name, interrupts) in [("once", false), ("twice", true)] {
        let name = format!("form{}_{name}", std::process::id());
        execute(&mut of_server, &format!("CREATE DATABASE {name}")).await;
        let address = format!("{server}/{name}");
        forms.push(if interrupts {
            interrupted(&address, Engine::Postgres).await
        } else {
            at_once(&address, Engine::Postgres).await
        });
        execute(&mut of_server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    assert_eq!(forms[0], forms[1]);
}
