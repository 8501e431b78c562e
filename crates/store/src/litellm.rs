//! Reads LiteLLM's own database, to take it over. Nothing is written there.

use ironward_secret::Secret;

use crate::database::{Access, Database, Location, Pool, Sql};
use crate::error::StoreError;

/// A table: its name, whether it is there, and its rows as JSON.
struct Table {
    name: &'static str,
    is_there: Sql,
    rows: Sql,
}

macro_rules! tables {
    ($($name:literal of $row:literal by $order:literal),* $(,)?) => {
        const TABLES: &[Table] = &[$(Table {
            name: $name,
            is_there: Sql::Same(concat!(
                "SELECT (to_regclass('\"", $name, "\"') IS NOT NULL)::int::bigint"
            )),
            rows: Sql::Same(concat!(
                "SELECT ", $row, "::text FROM \"", $name, "\" t ORDER BY ", $order
            )),
        }),*];
    };
}

tables!(
    "LiteLLM_BudgetTable" of "row_to_json(t)" by "budget_id",
    "LiteLLM_ObjectPermissionTable" of "row_to_json(t)" by "object_permission_id",
    "LiteLLM_OrganizationTable" of "row_to_json(t)" by "organization_id",
    "LiteLLM_OrganizationMembership" of "row_to_json(t)" by "user_id, organization_id",
    "LiteLLM_UserTable" of "row_to_json(t)" by "user_id",
    "LiteLLM_TeamTable" of "row_to_json(t)" by "team_id",
    "LiteLLM_TeamMembership" of "row_to_json(t)" by "user_id, team_id",
    "LiteLLM_VerificationToken" of "row_to_json(t)" by "token",
    // Their parameters are encrypted.
    "LiteLLM_ProxyModelTable" of "json_build_object('model_name', t.model_name)" by "model_id",
);

/// The rows of LiteLLM's tables as JSON, of one state of the database at `url`. Tables that are not
/// there have none.
///
/// # Errors
/// When the database cannot be read.
pub async fn read_tables(url: Secret) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
    let pool = Pool {
        connections: 1,
        ..Pool::default()
    };
    let database = Database::open(&Location::Postgres(url), pool).await?;
    let mut transaction = database.begin(Access::Read).await?;
    let mut tables = Vec::new();
    for table in TABLES {
        let is_there = transaction
            .first(table.is_there, &[], |row| row.int(0))
            .await?;
        if is_there == Some(1) {
            let rows = transaction
                .fetch(table.rows, &[], |row| row.text(0))
                .await?;
            tables.push((table.name, rows));
        }
    }
    transaction.commit().await?;
    database.close().await;
    Ok(tables)
}
