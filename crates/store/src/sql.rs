//! The statements. Those of the schema are in `schema.rs`.

use crate::database::Sql;

pub(crate) const INSTALLATION: Sql = Sql::Same("SELECT id FROM installation WHERE one = 1");

pub(crate) const WRAPPED_KEYS: Sql =
    Sql::Same("SELECT version, kek, state, wrapped, made FROM data_key ORDER BY version");
pub(crate) const WRAPPED_KEY_STATE: Sql =
    Sql::Same("SELECT state FROM data_key WHERE version = $1");
pub(crate) const UPDATE_WRAPPED_KEY: Sql =
    Sql::Same("UPDATE data_key SET kek = $2, state = $3, wrapped = $4 WHERE version = $1");
/// Whoever changes the data keys waits here for the one before.
pub(crate) const LOCK_WRAPPED_KEYS: Sql = Sql::Each {
    sqlite: "SELECT 1",
    postgres: "LOCK TABLE data_key IN SHARE ROW EXCLUSIVE MODE",
};
pub(crate) const CREATE_WRAPPED_KEY: Sql = Sql::Same(
    "INSERT INTO data_key (version, kek, state, wrapped, made) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (version) DO NOTHING",
);

pub(crate) const SEALED_VALUES: Sql = Sql::Same("SELECT name, value FROM sealed ORDER BY name");
pub(crate) const SEALED_VALUE: Sql = Sql::Same("SELECT value FROM sealed WHERE name = $1");
pub(crate) const UPDATE_SEALED_VALUE: Sql =
    Sql::Same("UPDATE sealed SET value = $2 WHERE name = $1");
pub(crate) const REPLACE_SEALED_VALUE: Sql =
    Sql::Same("UPDATE sealed SET value = $3 WHERE name = $1 AND value = $2");
pub(crate) const CREATE_SEALED_VALUE: Sql =
    Sql::Same("INSERT INTO sealed (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");

pub(crate) const CENSUS: Sql = Sql::Same("SELECT sealed FROM census WHERE one = 1");
/// Every writer of authority waits here for the one before it.
pub(crate) const LOCK_CENSUS: Sql = Sql::Each {
    sqlite: "SELECT sealed FROM census WHERE one = 1",
    postgres: "SELECT sealed FROM census WHERE one = 1 FOR UPDATE",
};
pub(crate) const PUT_CENSUS: Sql = Sql::Same(
    "INSERT INTO census (one, sealed) VALUES (1, $1) \
     ON CONFLICT (one) DO UPDATE SET sealed = excluded.sealed",
);
pub(crate) const CREATE_CENSUS: Sql =
    Sql::Same("INSERT INTO census (one, sealed) VALUES (1, $1) ON CONFLICT (one) DO NOTHING");
pub(crate) const NOTIFY: Sql = Sql::Same("SELECT pg_notify('ironward', $1)");

pub(crate) const PAGE: Sql = Sql::Same(
    "SELECT kind, id, version, seq, nonce, deleted, body, mac, mac_key, seal_key FROM object \
     WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3",
);
/// The same page with its part of the index, as one value: `store/packed.rs` reads it. Handing over
/// each row by itself costs more than everything else about it. The length of a page is bounded:
/// `SQLite` makes no value above 1,000,000,000 bytes.
pub(crate) const PACKED_PAGE: Sql = Sql::Same(
    "SELECT CAST(ifnull(group_concat(packed, ''), '') AS BLOB) FROM (SELECT \
     format('r%d %d %d %d %d %d %d %d %d %d %d ', version, seq, nonce, deleted, mac_key, \
     seal_key IS NOT NULL, ifnull(seal_key, 0), octet_length(kind), octet_length(id), \
     octet_length(body), octet_length(mac)) || kind || id || body || mac || ifnull((SELECT \
     group_concat(format('i%d %d ', octet_length(space), octet_length(value)) || space || value, '') \
     FROM unique_value WHERE unique_value.kind = object.kind AND unique_value.id = object.id), '') \
     AS packed FROM object WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3)",
);
pub(crate) const PAGE_INDEX: Sql = Sql::Same(
    "SELECT kind, id, space, value FROM unique_value \
     WHERE (kind, id) > ($1, $2) AND (kind, id) <= ($3, $4) ORDER BY kind, id, space, value",
);
pub(crate) const CHANGES: Sql = Sql::Same(
    "SELECT kind, id, version, seq, nonce, deleted, body, mac, mac_key, seal_key FROM object \
     WHERE seq > $1 ORDER BY seq LIMIT $2",
);
pub(crate) const ONE: Sql = Sql::Same(
    "SELECT kind, id, version, seq, nonce, deleted, body, mac, mac_key, seal_key FROM object \
     WHERE kind = $1 AND id = $2",
);
pub(crate) const ONE_INDEX: Sql = Sql::Same(
    "SELECT space, value FROM unique_value WHERE kind = $1 AND id = $2 ORDER BY space, value",
);
/// Rows of which something is under the data key `$4` or an older one.
pub(crate) const PAGE_UNDER: Sql = Sql::Same(
    "SELECT kind, id, version, seq, nonce, deleted, body, mac, mac_key, seal_key FROM object \
     WHERE (kind, id) > ($1, $2) AND (mac_key <= $4 OR seal_key <= $4) ORDER BY kind, id LIMIT $3",
);
pub(crate) const COUNT_UNDER: Sql =
    Sql::Same("SELECT COUNT(*) FROM object WHERE mac_key <= $1 OR seal_key <= $1");
pub(crate) const REMAC: Sql =
    Sql::Same("UPDATE object SET mac = $3, mac_key = $4 WHERE kind = $1 AND id = $2");
pub(crate) const UNINDEX_ALL: Sql = Sql::Same("DELETE FROM unique_value");

pub(crate) const INSERT: Sql = Sql::Same(
    "INSERT INTO object (kind, id, version, seq, nonce, deleted, body, mac, mac_key, seal_key) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
);
pub(crate) const UPDATE: Sql = Sql::Same(
    "UPDATE object SET version = $3, seq = $4, nonce = $5, deleted = $6, body = $7, mac = $8, \
     mac_key = $9, seal_key = $10 WHERE kind = $1 AND id = $2",
);
pub(crate) const INDEX: Sql = Sql::Same(
    "INSERT INTO unique_value (space, value, kind, id) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (space, value) DO NOTHING",
);
pub(crate) const UNINDEX: Sql = Sql::Same("DELETE FROM unique_value WHERE kind = $1 AND id = $2");
pub(crate) const REMOVE: Sql = Sql::Same("DELETE FROM object WHERE kind = $1 AND id = $2");

/// Takes the last uses `[[kind, id in hex, second], ...]` of objects that are there, unless later
/// ones are kept. In the order of the primary key: two nodes that write the same rows wait for each
/// other, and never both.
pub(crate) const KEEP_USES: Sql = Sql::Each {
    sqlite: "INSERT INTO last_use (kind, id, used) \
             SELECT object.kind, object.id, json_extract(entry.value, '$[2]') \
             FROM json_each($1) AS entry CROSS JOIN object \
             ON object.kind = json_extract(entry.value, '$[0]') \
             AND object.id = unhex(json_extract(entry.value, '$[1]')) \
             WHERE object.deleted = 0 ORDER BY object.kind, object.id \
             ON CONFLICT (kind, id) DO UPDATE SET used = excluded.used \
             WHERE excluded.used > last_use.used",
    postgres: "INSERT INTO last_use (kind, id, used) \
               SELECT object.kind, object.id, (entry.value ->> 2)::bigint \
               FROM json_array_elements($1::json) AS entry (value) JOIN object \
               ON object.kind = entry.value ->> 0 \
               AND object.id = decode(entry.value ->> 1, 'hex') \
               WHERE object.deleted = 0 ORDER BY object.kind, object.id \
               ON CONFLICT (kind, id) DO UPDATE SET used = excluded.used \
               WHERE excluded.used > last_use.used",
};
/// Those of the objects `[id in hex, ...]` of a kind.
pub(crate) const USES: Sql = Sql::Each {
    sqlite: "SELECT kind, id, used FROM last_use WHERE kind = $1 \
             AND id IN (SELECT unhex(value) FROM json_each($2))",
    postgres: "SELECT kind, id, used FROM last_use WHERE kind = $1 \
               AND id IN (SELECT decode(value, 'hex') FROM json_array_elements_text($2::json))",
};
pub(crate) const PAGE_OF_USES: Sql = Sql::Same(
    "SELECT kind, id, used FROM last_use WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3",
);
pub(crate) const FORGET_USE: Sql = Sql::Same("DELETE FROM last_use WHERE kind = $1 AND id = $2");
