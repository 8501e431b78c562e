use ironward_secret::Secret;
use ironward_testkit::Postgres;

use super::{MIGRATIONS, Migration, migrate};
use crate::database::{Access, Database, Location, Pool, Sql};
use crate::error::StoreError;

const BROKEN: &[Migration] = &[
    Migration {
        version: 1,
        statements: &[
            Sql::Same("CREATE TABLE installation (one BIGINT PRIMARY KEY, id TEXT, made BIGINT)"),
            Sql::Same("CREATE TABLE first (x INTEGER)"),
        ],
    },
    Migration {
        version: 2,
        statements: &[
            Sql::Same("CREATE TABLE second (x INTEGER)"),
            Sql::Same("ALTER TABLE nowhere ADD COLUMN y INTEGER"),
        ],
    },
];

#[tokio::test]
async fn a_step_that_fails_leaves_the_old_state_in_a_file() {
    let directory = tempfile::TempDir::new().unwrap();
    check(&Location::Sqlite(directory.path().join("ironward.db"))).await;
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_old_state_on_a_server() {
    let server = Postgres::start();
    check(&Location::Postgres(Secret::new(server.database()))).await;
}

async fn check(location: &Location) {
    let database = Database::open(location, Pool::default()).await.unwrap();
    let only_first = &BROKEN[..1];
    migrate(&database, only_first, "id", 1).await.unwrap();
    let failed = migrate(&database, BROKEN, "other", 2).await.unwrap_err();
    assert!(
        matches!(failed, StoreError::Migration { version: 2, .. }),
        "{failed}"
    );
    let mut transaction = database.begin(Access::Read).await.unwrap();
    let version = Sql::Same("SELECT version FROM schema_version");
    let version = transaction
        .first(version, &[], |row| row.int(0))
        .await
        .unwrap();
    assert_eq!(version, Some(1));
    let second = Sql::Same("SELECT x FROM second");
    assert!(transaction.fetch(second, &[], |_| Ok(())).await.is_err());
    drop(transaction);
    migrate(&database, only_first, "id", 1).await.unwrap();
    database.close().await;
}

#[test]
fn steps_count_from_one_without_a_gap() {
    let versions: Vec<_> = MIGRATIONS.iter().map(|step| step.version).collect();
    let expected: Vec<_> = (1..).take(versions.len()).collect();
    assert_eq!(versions, expected);
}
