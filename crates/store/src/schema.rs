use crate::database::{Access, Database, Sql, Transaction, Value};
use crate::error::{StoreError, one_line};

/// One step of the schema. A step that has been released is never changed: add another one.
pub(crate) struct Migration {
    /// Counts from 1 without a gap.
    version: i64,
    statements: &'static [Sql],
}

/// What a number in the `PostgreSQL` server's space of advisory locks is taken for by us: the
/// ASCII of `ironward`.
const LOCK: Sql = Sql::Same("SELECT pg_advisory_xact_lock(7598824549029765732)");
const SCHEMA: Sql = Sql::Each {
    sqlite: "CREATE TABLE IF NOT EXISTS schema_version (one INTEGER PRIMARY KEY CHECK (one = 1), \
             version INTEGER NOT NULL) STRICT",
    postgres: "CREATE TABLE IF NOT EXISTS schema_version (one BIGINT PRIMARY KEY CHECK (one = 1), \
               version BIGINT NOT NULL)",
};
const VERSION: Sql = Sql::Same("SELECT version FROM schema_version WHERE one = 1");
const PUT_VERSION: Sql = Sql::Same(
    "INSERT INTO schema_version (one, version) VALUES (1, $1) \
     ON CONFLICT (one) DO UPDATE SET version = excluded.version",
);
const PUT_INSTALLATION: Sql = Sql::Same(
    "INSERT INTO installation (one, id, made) VALUES (1, $1, $2) ON CONFLICT (one) DO NOTHING",
);

/// Every step, in order. Ids and bodies are bytes, so that they may be any text and come back
/// exactly, whatever encoding and collation the server has.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        statements: &[
            Sql::Each {
                sqlite: "CREATE TABLE installation (one INTEGER PRIMARY KEY CHECK (one = 1), \
                     id TEXT NOT NULL, made INTEGER NOT NULL) STRICT",
                postgres: "CREATE TABLE installation (one BIGINT PRIMARY KEY CHECK (one = 1), \
                       id TEXT NOT NULL, made BIGINT NOT NULL)",
            },
            Sql::Each {
                sqlite: "CREATE TABLE data_key (version INTEGER PRIMARY KEY, kek TEXT NOT NULL, \
                     state TEXT NOT NULL, wrapped BLOB NOT NULL, made INTEGER NOT NULL) STRICT",
                postgres: "CREATE TABLE data_key (version BIGINT PRIMARY KEY, kek TEXT NOT NULL, \
                       state TEXT NOT NULL, wrapped BYTEA NOT NULL, made BIGINT NOT NULL)",
            },
            Sql::Each {
                sqlite: "CREATE TABLE sealed (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
                postgres: "CREATE TABLE sealed (name TEXT COLLATE \"C\" PRIMARY KEY, \
                       value BYTEA NOT NULL)",
            },
            Sql::Each {
                sqlite: "CREATE TABLE census (one INTEGER PRIMARY KEY CHECK (one = 1), \
                     sealed BLOB NOT NULL) STRICT",
                postgres: "CREATE TABLE census (one BIGINT PRIMARY KEY CHECK (one = 1), \
                       sealed BYTEA NOT NULL)",
            },
            Sql::Each {
                sqlite: "CREATE TABLE object (kind TEXT NOT NULL, id BLOB NOT NULL, \
                     version INTEGER NOT NULL, seq INTEGER NOT NULL, nonce INTEGER NOT NULL, \
                     deleted INTEGER NOT NULL, body BLOB NOT NULL, mac BLOB NOT NULL, \
                     mac_key INTEGER NOT NULL, seal_key INTEGER, PRIMARY KEY (kind, id)) STRICT",
                postgres: "CREATE TABLE object (kind TEXT COLLATE \"C\" NOT NULL, id BYTEA NOT NULL, \
                       version BIGINT NOT NULL, seq BIGINT NOT NULL, nonce BIGINT NOT NULL, \
                       deleted BIGINT NOT NULL, body BYTEA NOT NULL, mac BYTEA NOT NULL, \
                       mac_key BIGINT NOT NULL, seal_key BIGINT, PRIMARY KEY (kind, id))",
            },
            Sql::Same("CREATE INDEX object_seq ON object (seq)"),
            Sql::Each {
                sqlite: "CREATE TABLE unique_value (space TEXT NOT NULL, value BLOB NOT NULL, \
                     kind TEXT NOT NULL, id BLOB NOT NULL, PRIMARY KEY (space, value), \
                     FOREIGN KEY (kind, id) REFERENCES object (kind, id)) STRICT, WITHOUT ROWID",
                postgres: "CREATE TABLE unique_value (space TEXT COLLATE \"C\" NOT NULL, \
                       value BYTEA NOT NULL, kind TEXT COLLATE \"C\" NOT NULL, id BYTEA NOT NULL, \
                       PRIMARY KEY (space, value), \
                       FOREIGN KEY (kind, id) REFERENCES object (kind, id))",
            },
            Sql::Same("CREATE INDEX unique_value_object ON unique_value (kind, id)"),
        ],
    },
    Migration {
        version: 2,
        // When keys and credentials were used last. Nothing is decided by it, so that it has no MAC
        // and the census does not know of it: whoever writes to the database can forge a last use,
        // and by that nothing else.
        statements: &[Sql::Each {
            sqlite: "CREATE TABLE last_use (kind TEXT NOT NULL, id BLOB NOT NULL, \
                     used INTEGER NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID",
            postgres: "CREATE TABLE last_use (kind TEXT COLLATE \"C\" NOT NULL, id BYTEA NOT NULL, \
                       used BIGINT NOT NULL, PRIMARY KEY (kind, id))",
        }],
    },
];

/// Brings the schema up to the last of `migrations`, in one transaction that excludes other nodes.
pub(crate) async fn migrate(
    database: &Database,
    migrations: &[Migration],
    installation: &str,
    now: i64,
) -> Result<(), StoreError> {
    let mut transaction = database.begin(Access::Migrate).await?;
    if transaction.is_postgres() {
        transaction.execute(LOCK, &[]).await?;
    }
    transaction.execute(SCHEMA, &[]).await?;
    let found = transaction.first(VERSION, &[], |row| row.int(0)).await?;
    let found = found.unwrap_or(0);
    let known = migrations.last().map_or(0, |last| last.version);
    if found > known {
        return Err(StoreError::Newer {
            found: found.unsigned_abs(),
            known: known.unsigned_abs(),
        });
    }
    for migration in migrations.iter().filter(|step| step.version > found) {
        apply(&mut transaction, migration).await?;
    }
    let values = [Value::Text(installation), Value::Int(now)];
    transaction.execute(PUT_INSTALLATION, &values).await?;
    Ok(transaction.commit().await?)
}

async fn apply(transaction: &mut Transaction, migration: &Migration) -> Result<(), StoreError> {
    for statement in migration.statements {
        let outcome = transaction.execute(*statement, &[]).await;
        outcome.map_err(|error| match StoreError::from(error) {
            StoreError::Failed(reason) => StoreError::Migration {
                version: migration.version.unsigned_abs(),
                reason: one_line(&reason),
            },
            other => other,
        })?;
    }
    let version = [Value::Int(migration.version)];
    transaction.execute(PUT_VERSION, &version).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
