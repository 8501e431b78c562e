//! Reads LiteLLM's own database, to take it over. Nothing is written there.

use ironward_secret::Secret;

use crate::database::{Access, Database, Location, Pool, Sql, Transaction};
use crate::error::StoreError;

/// What LiteLLM's database holds.
pub struct Tables {
    /// The rows of each table that is there, as JSON.
    pub rows: Vec<(&'static str, Vec<String>)>,
    /// How many rows there are in tables that are not read.
    pub unread: Vec<(&'static str, u64)>,
}

/// A table: its name, whether it is there, and what is asked of it.
struct Table {
    name: &'static str,
    is_there: Sql,
    query: Sql,
}

macro_rules! table {
    ($name:literal, $($query:literal),*) => {
        Table {
            name: $name,
            is_there: Sql::Same(concat!(
                "SELECT (to_regclass('\"", $name, "\"') IS NOT NULL)::int::bigint"
            )),
            query: Sql::Same(concat!($($query),*)),
        }
    };
}

macro_rules! tables {
    ($($name:literal of $row:literal by $order:literal),* $(,)?) => {
        const TABLES: &[Table] = &[$(table!(
            $name, "SELECT ", $row, "::text FROM \"", $name, "\" t ORDER BY ", $order
        )),*];
    };
}

macro_rules! unread {
    ($($name:literal),* $(,)?) => {
        const UNREAD: &[Table] = &[$(table!(
            $name, "SELECT count(*) FROM \"", $name, "\""
        )),*];
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

// What somebody who comes from LiteLLM may look for here. Its logs and sums are not among them.
unread!(
    "LiteLLM_AccessGroupTable",
    "LiteLLM_AgentsTable",
    "LiteLLM_CredentialsTable",
    "LiteLLM_DeprecatedVerificationToken",
    "LiteLLM_EndUserTable",
    "LiteLLM_GuardrailsTable",
    "LiteLLM_JWTKeyMapping",
    "LiteLLM_MCPServerTable",
    "LiteLLM_ModelTable",
    "LiteLLM_ProjectTable",
    "LiteLLM_TagTable",
);

/// Reads one state of the database at `url`: LiteLLM's `DATABASE_URL`, whose `schema` counts as it
/// does there.
///
/// # Errors
/// When the database cannot be read.
pub async fn read_tables(url: &str) -> Result<Tables, StoreError> {
    let pool = Pool {
        connections: 1,
        ..Pool::default()
    };
    let url = Secret::new(with_search_path(url).as_bytes());
    let database = Database::open(&Location::Postgres(url), pool).await?;
    let mut transaction = database.begin(Access::Read).await?;
    let mut tables = Tables {
        rows: Vec::new(),
        unread: Vec::new(),
    };
    for table in TABLES {
        if is_there(&mut transaction, table).await? {
            let rows = transaction.fetch(table.query, &[], |row| row.text(0));
            tables.rows.push((table.name, rows.await?));
        }
    }
    for table in UNREAD {
        if is_there(&mut transaction, table).await? {
            let count = transaction.first(table.query, &[], |row| row.int(0));
            let count = count.await?.unwrap_or_default().unsigned_abs();
            tables.unread.push((table.name, count));
        }
    }
    transaction.commit().await?;
    database.close().await;
    Ok(tables)
}

async fn is_there(transaction: &mut Transaction, table: &Table) -> Result<bool, StoreError> {
    let found = transaction.first(table.is_there, &[], |row| row.int(0));
    Ok(found.await? == Some(1))
}

/// The settings of an address that PostgreSQL's driver knows. It would log any other with its value,
/// and one of Prisma's is a password.
const KNOWN: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// An address as Prisma takes it, for PostgreSQL.
fn with_search_path(url: &str) -> String {
    let Some((place, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let mut read = place.to_owned();
    let mut separator = '?';
    let mut add = |setting: &str, value: &str| {
        read.push(separator);
        separator = '&';
        read.push_str(setting);
        read.push_str(value);
    };
    for setting in query.split('&') {
        match setting.split_once('=').unwrap_or((setting, "")) {
            ("schema", schema) if !schema.is_empty() => add("options=-csearch_path%3D", schema),
            (name, _) if KNOWN.contains(&name) => add(setting, ""),
            _ => {}
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::with_search_path;

    #[test]
    fn an_address_of_prisma_is_one_of_postgresql() {
        for (written, expected) in [
            ("postgresql://a:b@c/d", "postgresql://a:b@c/d"),
            (
                "postgresql://c/d?schema=public",
                "postgresql://c/d?options=-csearch_path%3Dpublic",
            ),
            (
                "postgresql://c/d?connection_limit=10&sslmode=require&pool_timeout=60&schema=x",
                "postgresql://c/d?sslmode=require&options=-csearch_path%3Dx",
            ),
            (
                "postgresql://c/d?pgbouncer=true&sslpassword=hunter2",
                "postgresql://c/d",
            ),
        ] {
            assert_eq!(with_search_path(written), expected);
        }
    }
}
