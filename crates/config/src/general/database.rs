use std::path::{Path, PathBuf};

use ironward_secret::Secret;

use super::GeneralSettings;
use crate::Place;
use crate::reader::{Field, Reader, Text};

/// Where what the gateway keeps is kept. It has no `Debug`: it may hold a password.
pub enum DatabaseUrl {
    /// An `SQLite` file of this machine.
    Sqlite(PathBuf),
    /// A `PostgreSQL` server: the whole URL.
    Postgres(Secret),
}

/// Reads `database_url`. What is wrong with it is told without it: it may hold a password.
pub(super) fn read(
    reader: &mut Reader<'_>,
    url: &Text,
    place: &Place,
    path: &str,
) -> Option<DatabaseUrl> {
    let text = url.text.trim();
    if let Some(file) = text.strip_prefix("sqlite://")
        && !file.is_empty()
    {
        // As every file of a configuration: relative to the one that names it.
        let file = Path::new(&*place.file).with_file_name(file);
        return Some(DatabaseUrl::Sqlite(file));
    }
    let is_postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if is_postgres {
        return Some(DatabaseUrl::Postgres(Secret::new(text.as_bytes())));
    }
    let source = url.source.name();
    let source = source.map_or_else(String::new, |source| format!(" ({source})"));
    let message = format!(
        "not the address of a database{source}; write postgres://USER:PASSWORD@HOST:PORT/NAME or \
         sqlite:///PATH"
    );
    reader.problem_at(place, path, message);
    None
}

pub(super) fn read_pool_limit(
    general: &mut GeneralSettings,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) {
    match reader.whole(field) {
        Some(0) => reader.problem(field, "the gateway needs a connection; write 1 or more"),
        limit => general.database_connection_pool_limit = limit,
    }
}
