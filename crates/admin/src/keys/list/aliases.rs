use ironward_store::objects::Key;
use ironward_store::{Entry, LiveKey};
use serde_json::json;

use super::Held;
use super::filter::contains;
use super::visible::{sees_all, visible};
use crate::call::{Call, Outcome};
use crate::page::Paging;
use crate::request::{Fields, Shape};

pub(crate) struct ListAliases {
    paging: Paging,
    search: Option<Box<str>>,
}

impl Shape for ListAliases {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            paging: Paging::read(fields, "size", 50),
            search: fields.optional("search"),
        }
    }
}

/// `GET /key/aliases`. A text to search is looked for in each.
pub(crate) fn list_aliases(call: &Call<'_>) -> Outcome {
    let request: ListAliases = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let wanted = |entry: &Entry<Key, LiveKey>| {
        let search = request.search.as_deref().unwrap_or_default();
        entry
            .object
            .alias
            .as_deref()
            .is_some_and(|alias| contains(alias, search))
    };
    let alias = |entry: Held| entry.object.alias.clone();
    let page = if request.search.is_none() && sees_all(call, by) {
        let directory = call.plane.directory();
        request
            .paging
            .of(|part| directory.page_of_key_aliases(part))
            .map(alias)
    } else {
        let found = visible(call, by, None, wanted);
        let mut aliases: Vec<_> = found.into_iter().map(alias).collect();
        aliases.sort_unstable();
        aliases.dedup();
        request.paging.cut(aliases)
    };
    Ok(permit.answer(json!({
        "aliases": page.items,
        "total_count": page.total,
        "current_page": page.page,
        "total_pages": page.pages,
        "size": page.size,
    })))
}
