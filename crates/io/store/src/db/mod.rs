//! The box office's books: SQLite beside the other files by default, PostgreSQL by one setting.
//!
//! Every change of a sale is decided by `palco_boxoffice` while the show's listing is locked, and
//! stored with its ledger entries in one transaction ([`Database::decide`]). On SQLite one connection
//! writes, in `BEGIN IMMEDIATE`, and each commit is on the disk before it is answered
//! (`synchronous=FULL`); on PostgreSQL the listing's row is locked (`FOR UPDATE`).

mod catalogue;
mod convert;
mod entity;
mod letters;
mod money;
mod people;
mod sale;
mod schema;

pub use catalogue::{Reputation, ShowRows};
pub use letters::{Letter, LetterKind, LetterState, NewLetter};
pub use money::{DayOfSales, OpenRefund};
pub use people::{Audit, Session, Staff};
pub use sale::{Decided, Event, Found, Key, Locking, NewOrder, Stored};

use palco_base::{Class, Fault, Secret};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often a transaction is tried that another one stood in the way of.
const TRIES: u32 = 8;
/// Readers of SQLite beside its one writer; connections to PostgreSQL.
const CONNECTIONS: u32 = 8;

/// Where the books are.
#[derive(Clone, Debug)]
pub enum Books {
    /// In this file, by SQLite.
    File(std::path::PathBuf),
    /// In a PostgreSQL database: `postgres://user:password@host/name`.
    Postgres(Secret),
}

/// The books, open.
#[derive(Clone)]
pub struct Database {
    read: DatabaseConnection,
    write: DatabaseConnection,
    locking: Locking,
    /// Called just before and just after each commit of a decision: where a test kills us.
    at_commit: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the books, and brings them to the newest shape. Safe to run twice, and by two servers at once.
    ///
    /// # Errors
    /// `books_unreachable`, `books_too_new`.
    pub async fn open(books: &Books) -> Result<Self, Fault> {
        let (read, write) = match books {
            Books::File(path) => (sqlite(path, CONNECTIONS).await?, sqlite(path, 1).await?),
            Books::Postgres(url) => {
                let pool =
                    connect(ConnectOptions::new(url.reveal()).max_connections(2 * CONNECTIONS)).await?;
                (pool.clone(), pool)
            }
        };
        let database = Self { read, write, locking: Locking::On, at_commit: None };
        database.migrate().await?;
        Ok(database)
    }

    /// For the negative control of the test that nothing is oversold: without the lock, it is.
    #[doc(hidden)]
    #[must_use]
    pub const fn locking(mut self, locking: Locking) -> Self {
        self.locking = locking;
        self
    }

    /// For the test that kills the process at every commit.
    #[doc(hidden)]
    #[must_use]
    pub fn at_commit(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.at_commit = Some(Arc::new(hook));
        self
    }

    fn commit_point(&self) {
        if let Some(hook) = &self.at_commit {
            hook();
        }
    }

    /// Writes a copy of the books, as they are at one moment, into a new SQLite file; the server may
    /// go on meanwhile. PostgreSQL has `pg_dump` for that.
    ///
    /// # Errors
    /// `books_elsewhere` for PostgreSQL, `store_failed`.
    pub async fn copy_to(&self, path: &Path) -> Result<(), Fault> {
        if self.backend() != DbBackend::Sqlite {
            return Err(Fault::unprocessable("books_elsewhere", "The books are in PostgreSQL.")
                .hint("Copy them with pg_dump."));
        }
        let into = path.to_string_lossy().into_owned();
        let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [into.into()]);
        self.read.execute_raw(copy).await.map(drop).map_err(failed)
    }

    /// Whether the books answer.
    ///
    /// # Errors
    /// `books_unreachable`.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.read.ping().await.map_err(unreachable)
    }

    fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// A transaction that may write.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            access_mode: Some(AccessMode::ReadWrite).filter(|_| self.backend() == DbBackend::Postgres),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(options).await
    }

    /// Does `what` in a transaction, again if another one stood in the way.
    async fn transact<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        what: impl Fn(Arc<DatabaseTransaction>) -> F,
    ) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.once(&what).await {
                Err(Trouble::Database(error)) if tries < TRIES && in_the_way(&error) => {}
                Err(Trouble::Database(error)) => return Err(failed(error)),
                Err(Trouble::Refused(fault)) => return Err(fault),
                Ok(done) => return Ok(done),
            }
        }
    }

    async fn once<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        what: &impl Fn(Arc<DatabaseTransaction>) -> F,
    ) -> Result<T, Trouble> {
        let transaction = Arc::new(self.begin().await?);
        // Dropped without a commit, it is rolled back.
        let done = what(Arc::clone(&transaction)).await?;
        let whole =
            Arc::into_inner(transaction).ok_or_else(|| failed(DbErr::Custom("still used".to_owned())))?;
        self.commit_point();
        whole.commit().await?;
        self.commit_point();
        Ok(done)
    }

    async fn migrate(&self) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            if tx.get_database_backend() == DbBackend::Postgres {
                // Two servers that start at once: one after the other.
                tx.execute_unprepared("SELECT pg_advisory_xact_lock(7065756773)").await?;
            }
            tx.execute_unprepared("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)")
                .await?;
            let newest = Statement::from_string(
                tx.get_database_backend(),
                "SELECT COALESCE(MAX(version), 0) AS newest FROM migrations",
            );
            let row = tx.query_one_raw(newest).await?;
            let done: i32 = row.map_or(Ok(0), |row| row.try_get("", "newest"))?;
            let done = usize::try_from(done).unwrap_or(0);
            if done > schema::MIGRATIONS.len() {
                let text = format!("The books were written by a newer Palco (migration {done}).");
                return Err(Fault::conflict("books_too_new", text).hint("Start that newer Palco.").into());
            }
            for (at, statements) in schema::MIGRATIONS.iter().enumerate().skip(done) {
                for statement in *statements {
                    tx.execute_unprepared(statement).await?;
                }
                tx.execute_unprepared(&format!("INSERT INTO migrations (version) VALUES ({})", at + 1))
                    .await?;
            }
            Ok(())
        })
        .await
    }
}

/// Why a transaction did not happen.
enum Trouble {
    Refused(Fault),
    Database(DbErr),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl From<DbErr> for Trouble {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

async fn sqlite(path: &Path, connections: u32) -> Result<DatabaseConnection, Fault> {
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    let path = path.to_owned();
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
    options.max_connections(connections).map_sqlx_sqlite_opts(move |it| {
        it.filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An answered order survives a power cut (trust.md §4).
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
    });
    connect(&options).await
}

async fn connect(options: &ConnectOptions) -> Result<DatabaseConnection, Fault> {
    let mut options = options.clone();
    options
        .connect_timeout(Duration::from_secs(10))
        .acquire_timeout(Duration::from_secs(10))
        .sqlx_logging(false);
    sea_orm::Database::connect(options).await.map_err(unreachable)
}

/// Whether it would do to try again: another transaction was in the way.
fn in_the_way(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    // PostgreSQL: serialization failure, deadlock. SQLite: busy.
    code.is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "5" | "517"))
}

/// Whether a row with this key is there already.
fn is_there_already(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

fn unreachable(error: DbErr) -> Fault {
    Fault::unavailable("books_unreachable", "The books cannot be reached.").internal(error)
}

fn failed(error: DbErr) -> Fault {
    Fault::new(Class::Internal, "store_failed", "The books could not be written or read.").internal(error)
}
