//! `/key/list` and `/key/aliases`.

mod aliases;
mod filter;
mod form;
mod order;
mod visible;

use std::sync::Arc;

use ironward_store::objects::{Key, Kind};
use ironward_store::{Entry, LiveKey};
use serde_json::{Value, json};

use crate::call::{Call, Outcome};
use crate::page::Paging;
use crate::request::{Fields, Shape};

pub(crate) use aliases::{ListAliases, list_aliases};
use filter::Filter;
use form::Form;
use order::Sorting;
use visible::{sees_all, visible};

pub(crate) struct ListKeys {
    paging: Paging,
    filter: Filter,
    form: Form,
    sorting: Sorting,
}

impl Shape for ListKeys {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            paging: Paging::read(fields, "size", 10),
            filter: Filter::read(fields),
            form: Form::read(fields),
            sorting: Sorting::read(fields),
        }
    }
}

/// A key as the directory holds it.
type Held = Arc<Entry<Key, LiveKey>>;

/// `GET /key/list`. Only the keys of the page are made whole.
pub(crate) async fn list(call: &Call<'_>) -> Outcome {
    let request: ListKeys = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let is_whole = request.filter.is_for_all() && sees_all(call, by);
    let page = match request.sorting.held().filter(|_| is_whole) {
        Some((order, descending)) => request
            .paging
            .of(|part| directory.page_of_keys(order, part, descending)),
        None => {
            let among = request.filter.candidates(call.plane);
            let found = visible(call, by, among, |entry| {
                request.filter.matches(&directory, entry, call.now)
            });
            request.sorting.cut(request.paging, found)
        }
    };
    if request.form != Form::Id {
        let shown = page.items.iter().map(|entry| entry.id.as_str());
        let shown: Vec<&str> = shown.collect();
        call.plane.read_uses(Kind::Key, &shown).await;
    }
    let rows = page.items.iter();
    let rows: Vec<Value> = rows
        .map(|entry| request.form.show(call, &directory, entry))
        .collect();
    Ok(permit.answer(json!({
        "keys": rows,
        "total_count": page.total,
        "current_page": page.page,
        "total_pages": page.pages,
    })))
}
