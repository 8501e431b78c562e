use ironward_policy::{Grant, Hours};
use ironward_store::objects::Metadata;
use serde_json::{Map, Value};

use crate::answer::Row;
use crate::answer::schema::{Described, count, list, or_null, switch, text, things};
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape};

/// What an object may do at most: LiteLLM's fields, and those of Ironward's grants that LiteLLM has
/// no word for, under their own names.
pub(crate) struct GrantFields {
    pub(crate) models: Field<Vec<Box<str>>>,
    pub(crate) access_groups: Field<Vec<Name>>,
    pub(crate) routes: Field<Vec<Box<str>>>,
    object_permission: Field<ObjectPermission>,
    blocked: Field<bool>,
    tools: Field<Vec<Box<str>>>,
    regions: Field<Vec<Box<str>>>,
    sources: Field<Vec<Box<str>>>,
    hours: Field<Vec<HoursFields>>,
    output_tokens: Field<u64>,
    content_logging: Field<bool>,
}

impl Shape for GrantFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            models: fields.take("models"),
            access_groups: fields.take("access_group_ids"),
            routes: fields.take("allowed_routes"),
            object_permission: fields.take("object_permission"),
            blocked: fields.take("blocked"),
            tools: fields.take("tools"),
            regions: fields.take("regions"),
            sources: fields.take("sources"),
            hours: fields.take("hours"),
            output_tokens: fields.take("output_tokens"),
            content_logging: fields.take("content_logging"),
        }
    }
}

const OBJECT_PERMISSION: &str = "object_permission";

impl GrantFields {
    /// Whether the request changes `blocked`.
    pub(crate) const fn says_blocked(&self) -> bool {
        self.blocked.is_given()
    }

    /// Changes what the request names. LiteLLM's empty lists of models and routes mean all.
    pub(crate) fn apply(self, grant: &mut Grant, kept: &mut Metadata) {
        all_if_empty(self.models).apply(&mut grant.models);
        let groups = self.access_groups.map(|groups| {
            let groups = groups.into_iter().map(Name::into_text);
            groups.collect()
        });
        groups.apply_or_default(&mut grant.access_groups);
        // Groups narrow only beside a list of models: without one they would mean all.
        if !grant.access_groups.is_empty() && grant.models.is_none() {
            grant.models = Some(Vec::new());
        }
        all_if_empty(self.routes).apply(&mut grant.routes);
        match self.object_permission {
            Field::Absent => {}
            Field::Null => {
                kept.remove(OBJECT_PERMISSION);
                grant.mcp_servers = None;
                grant.blocked_tools.clear();
            }
            Field::Value(permission) => {
                kept.insert(OBJECT_PERMISSION.to_owned(), permission.written);
                grant.mcp_servers = permission.mcp_servers;
                grant.blocked_tools = permission.blocked_tools;
            }
        }
        self.blocked.apply_or_default(&mut grant.blocked);
        self.tools.apply(&mut grant.tools);
        self.regions.apply(&mut grant.regions);
        self.sources.apply(&mut grant.sources);
        let hours = self.hours.map(|hours| {
            let hours = hours.into_iter().map(|hours| hours.0);
            hours.collect()
        });
        hours.apply(&mut grant.hours);
        self.output_tokens.apply(&mut grant.output_tokens);
        self.content_logging.apply(&mut grant.content_logging);
    }

    /// Writes them into an answer.
    pub(crate) fn show(grant: &Grant, kept: &Metadata, row: &mut Row) {
        row.put("models", grant.models.as_deref().unwrap_or_default());
        let groups = &grant.access_groups;
        row.put("access_group_ids", (!groups.is_empty()).then_some(groups));
        row.put(
            "allowed_routes",
            grant.routes.as_deref().unwrap_or_default(),
        );
        row.put(OBJECT_PERMISSION, kept.get(OBJECT_PERMISSION));
        row.put("blocked", grant.blocked);
        row.put("tools", &grant.tools);
        row.put("regions", &grant.regions);
        row.put("sources", &grant.sources);
        row.put("hours", &grant.hours);
        row.put("output_tokens", grant.output_tokens);
        row.put("content_logging", grant.content_logging);
    }

    /// What [`Self::show`] writes.
    pub(crate) fn describe(row: &mut Described) {
        let names = || list(text());
        row.put("models", names())
            .put("access_group_ids", or_null(names()))
            .put("allowed_routes", names())
            .put(OBJECT_PERMISSION, or_null(things()))
            .put("blocked", switch())
            .put("tools", or_null(names()))
            .put("regions", or_null(names()))
            .put("sources", or_null(names()))
            .put("hours", or_null(list(HoursFields::schema())))
            .put("output_tokens", or_null(count()))
            .put("content_logging", or_null(switch()));
    }
}

fn all_if_empty(list: Field<Vec<Box<str>>>) -> Field<Vec<Box<str>>> {
    match list {
        Field::Value(list) if list.is_empty() => Field::Null,
        list => list,
    }
}

/// LiteLLM's `object_permission`. Its MCP servers and blocked tools take effect; the rest is kept.
struct ObjectPermission {
    written: Value,
    mcp_servers: Option<Vec<Box<str>>>,
    blocked_tools: Vec<Box<str>>,
}

struct ObjectPermissionFields {
    mcp_servers: Option<Vec<Box<str>>>,
    blocked_tools: Option<Vec<Box<str>>>,
}

impl Shape for ObjectPermissionFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        type List = Option<Vec<Box<str>>>;
        for name in [
            "mcp_access_groups",
            "mcp_toolsets",
            "vector_stores",
            "agents",
            "agent_access_groups",
            "models",
            "search_tools",
            "skills",
        ] {
            let _kept: List = fields.optional(name);
        }
        let _kept: Option<Map<String, Value>> = fields.optional("mcp_tool_permissions");
        let _kept: Option<bool> = fields.optional("mcp_tool_search_enabled");
        Self {
            mcp_servers: fields.optional("mcp_servers"),
            blocked_tools: fields.optional("blocked_tools"),
        }
    }
}

impl FromJson for ObjectPermission {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let fields = ObjectPermissionFields::from_json(value.clone(), at, problems)?;
        Some(Self {
            written: value,
            // LiteLLM's empty list is no list.
            mcp_servers: fields.mcp_servers.filter(|servers| !servers.is_empty()),
            blocked_tools: fields.blocked_tools.unwrap_or_default(),
        })
    }

    fn schema() -> Value {
        ObjectPermissionFields::schema()
    }
}

/// A span of the week: `{"days": [0, 4], "from": 480, "to": 1080}`.
struct HoursFields(Hours);

impl Shape for HoursFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        let days: Vec<u64> = fields.require("days");
        let from: u64 = fields.require("from");
        let to: u64 = fields.require("to");
        let is_week = days.iter().all(|day| *day < 7) && !days.is_empty();
        if !is_week || from >= to || to > 1440 {
            fields.refuse(
                "days",
                "days are 0 (Monday) to 6; from and to are minutes of the day, to is later and at \
                 most 1440",
            );
        }
        let small = |minute: u64| u16::try_from(minute).unwrap_or(u16::MAX);
        Self(Hours {
            days: days
                .into_iter()
                .filter_map(|day| day.try_into().ok())
                .collect(),
            from: small(from),
            to: small(to),
        })
    }
}
