use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use ironward_secret::Secret;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Encode, Postgres, Row as _, Sqlite, Type};

use crate::error::{StoreError, one_line};

/// How long a connection may take to be made, and `SQLite` waits for another process' lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at whether nobody else is opening the file any more.
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// Where the database is.
pub enum Location {
    /// One file of this process' machine, made when it is not there.
    Sqlite(PathBuf),
    /// A server: `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    Postgres(Secret),
}

/// The connections to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// How many are open at most.
    pub connections: u32,
    /// How long a statement waits for a free one.
    pub patience: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            connections: 8,
            patience: PATIENCE,
        }
    }
}

/// A database of either kind.
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A statement: the same text for both, or one for each. Parameters are `$1`, `$2`, ... in both.
#[derive(Clone, Copy)]
pub(crate) enum Sql {
    Same(&'static str),
    Each {
        sqlite: &'static str,
        postgres: &'static str,
    },
}

/// What a transaction is for.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Reads one state of the database.
    Read,
    /// Reads and writes.
    Write,
    /// Changes the schema, alone.
    Migrate,
}

/// A parameter.
#[derive(Clone, Copy)]
pub(crate) enum Value<'v> {
    Int(i64),
    MaybeInt(Option<i64>),
    Text(&'v str),
    Bytes(&'v [u8]),
}

/// A row of an answer.
pub(crate) enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Database {
    pub(crate) async fn open(location: &Location, pool: Pool) -> Result<Self, StoreError> {
        match location {
            Location::Sqlite(path) => open_sqlite(path, pool).await,
            Location::Postgres(url) => open_postgres(url, pool).await,
        }
    }

    /// The same without connecting: the first statement does, and fails while it cannot.
    pub(crate) fn unreached(location: &Location, pool: Pool) -> Result<Self, StoreError> {
        Ok(match location {
            Location::Sqlite(path) => Self::Sqlite(sqlite_pool(sqlite_options(path), pool)),
            Location::Postgres(url) => Self::Postgres(postgres_pool(postgres_options(url)?, pool)),
        })
    }

    pub(crate) async fn begin(&self, access: Access) -> Result<Transaction, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => {
                let begin = match access {
                    Access::Read => "BEGIN",
                    Access::Write => "BEGIN IMMEDIATE",
                    Access::Migrate => "BEGIN EXCLUSIVE",
                };
                Ok(Transaction::Sqlite(pool.begin_with(begin).await?))
            }
            Self::Postgres(pool) => {
                let begin = match access {
                    Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    Access::Write | Access::Migrate => "BEGIN ISOLATION LEVEL READ COMMITTED",
                };
                Ok(Transaction::Postgres(pool.begin_with(begin).await?))
            }
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: Sql,
        values: &[Value<'_>],
    ) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => {
                let query = bind(sql.sqlite(), values);
                Ok(query.execute(&mut **transaction).await?.rows_affected())
            }
            Self::Postgres(transaction) => {
                let query = bind(sql.postgres(), values);
                Ok(query.execute(&mut **transaction).await?.rows_affected())
            }
        }
    }

    /// Runs a query and reads each row of its answer.
    pub(crate) async fn fetch<T>(
        &mut self,
        sql: Sql,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => {
                let query = bind(sql.sqlite(), values);
                let rows = query.fetch_all(&mut **transaction).await?;
                rows.iter().map(|row| read(&Row::Sqlite(row))).collect()
            }
            Self::Postgres(transaction) => {
                let query = bind(sql.postgres(), values);
                let rows = query.fetch_all(&mut **transaction).await?;
                rows.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// The first row of an answer.
    pub(crate) async fn first<T>(
        &mut self,
        sql: Sql,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, sqlx::Error> {
        Ok(self.fetch(sql, values, read).await?.into_iter().next())
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

impl Sql {
    const fn sqlite(self) -> &'static str {
        match self {
            Self::Same(sql) | Self::Each { sqlite: sql, .. } => sql,
        }
    }

    const fn postgres(self) -> &'static str {
        match self {
            Self::Same(sql) | Self::Each { postgres: sql, .. } => sql,
        }
    }
}

impl Row<'_> {
    pub(crate) fn int(&self, column: usize) -> Result<i64, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

fn bind<'v, D>(sql: &'static str, values: &[Value<'v>]) -> Query<'static, D, D::Arguments>
where
    D: sqlx::Database,
    i64: Encode<'v, D> + Type<D>,
    Option<i64>: Encode<'v, D> + Type<D>,
    &'v str: Encode<'v, D> + Type<D>,
    &'v [u8]: Encode<'v, D> + Type<D>,
{
    let mut query = sqlx::query(sql);
    for value in values {
        query = match *value {
            Value::Int(int) => query.bind(int),
            Value::MaybeInt(int) => query.bind(int),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}

/// A file has one writer at a time: more connections than this only wait.
const FILE_CONNECTIONS: u32 = 4;

async fn open_sqlite(path: &Path, pool: Pool) -> Result<Database, StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let place: Box<str> = path.display().to_string().into();
    let unreachable = |reason: String| StoreError::Unreachable {
        place: place.clone(),
        reason: one_line(&reason),
    };
    let turn = turn_to_open(path, &unreachable).await?;
    // Made here and not by SQLite, so that nobody else can read it; SQLite gives its other files
    // the permissions of this one. One that is there already is not opened: closing it would end
    // the locks that another connection of this process has on it.
    let made = std::fs::OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(unreachable(error.to_string()));
        }
        _ => {}
    }
    let options = sqlite_options(path);
    let first = options.connect().await;
    let closed = match first {
        Ok(connection) => connection.close().await,
        Err(error) => Err(error),
    };
    drop(turn);
    closed.map_err(|error| match StoreError::from(error) {
        StoreError::Failed(reason) => unreachable(reason.into()),
        other => other,
    })?;
    Ok(Database::Sqlite(sqlite_pool(options, pool)))
}

/// One process, or thread, at a time opens a file for the first time: of two that make its journal
/// a write-ahead log at once, `SQLite` refuses one without waiting, since either would wait for the
/// other. The lock is that of the folder, and goes with what is returned.
async fn turn_to_open(
    path: &Path,
    unreachable: &impl Fn(String) -> StoreError,
) -> Result<File, StoreError> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    };
    let folder = File::open(folder).map_err(|error| unreachable(error.to_string()))?;
    let turn = async {
        loop {
            match folder.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(BETWEEN_TRIES).await,
                Err(TryLockError::Error(error)) => return Err(unreachable(error.to_string())),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, turn).await {
        Ok(taken) => taken.map(|()| folder),
        Err(_) => Err(StoreError::Locked),
    }
}

/// On a full disk `SQLite` ends the transaction by itself, and the driver goes on counting it: such
/// a connection is of no use any more.
pub(crate) fn sqlite_pool(options: SqliteConnectOptions, pool: Pool) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(pool.connections.min(FILE_CONNECTIONS))
        .acquire_timeout(pool.patience)
        .after_release(|connection, _| {
            Box::pin(async move {
                // A rollback on its way is over once the connection answers.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_lazy_with(options)
}

pub(crate) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .row_buffer_size(1_000)
        .disable_statement_logging()
}

fn postgres_options(url: &Secret) -> Result<PgConnectOptions, StoreError> {
    let url = url.expose();
    let text = std::str::from_utf8(url.bytes())
        .map_err(|_| StoreError::Address("it is no text".into()))?;
    // The reason could quote the address, and with it the password.
    let options = PgConnectOptions::from_str(text)
        .map_err(|_| StoreError::Address("it is no postgres:// address".into()))?;
    Ok(options
        .application_name("ironward")
        .disable_statement_logging())
}

async fn open_postgres(url: &Secret, pool: Pool) -> Result<Database, StoreError> {
    let options = postgres_options(url)?;
    let place = format!(
        "{}:{}/{}",
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or_default()
    );
    let unreachable = |reason: &str| StoreError::Unreachable {
        place: place.as_str().into(),
        reason: one_line(reason),
    };
    // The pool would try again until its patience ends, and then not say why.
    let first = async { options.connect().await?.close().await };
    match tokio::time::timeout(PATIENCE, first).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(unreachable(&error.to_string())),
        Err(_) => return Err(unreachable("no answer within 5 s")),
    }
    Ok(Database::Postgres(postgres_pool(options, pool)))
}

/// A statement that was given up leaves its connection waiting for the answer, and the pool waits
/// with it: where the network has lost the connection without a word, for a quarter of an hour.
fn postgres_pool(options: PgConnectOptions, pool: Pool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(pool.connections)
        .acquire_timeout(pool.patience)
        .after_release(|connection, _| {
            Box::pin(async move {
                let answer = tokio::time::timeout(PATIENCE, connection.ping()).await;
                let silent = |_| sqlx::Error::Protocol("no answer within 5 s".into());
                answer.map_err(silent)?.map(|()| true)
            })
        })
        .connect_lazy_with(options)
}
