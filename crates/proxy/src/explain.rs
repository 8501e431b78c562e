//! What would become of a call, by the same steps that a call goes through, without making it.

use std::net::IpAddr;
use std::sync::Arc;

use ironward_policy::access::may_call;
use ironward_policy::{Asked, Compiled, Explanation, Line, Link, Reason, Rule, Which, explain};
use ironward_store::objects::Key;
use ironward_store::{Entry, Found, LiveKey};
use ironward_wire::Dialect;

use crate::access::{Access, Chain};
use crate::routes;
use crate::snapshot::Snapshot;
use crate::stages::{find_group, judged_name, meaning, model_asked_for};

/// A chat call that might be made.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The id of the key.
    pub key: &'a str,
    /// The model, as a client would write it.
    pub model: &'a str,
    /// The address that it would come from; `None`: rules about addresses are left out.
    pub source: Option<IpAddr>,
    /// When, in milliseconds since 1970.
    pub now: u64,
}

/// What would become of it; `None`: there is no such key.
#[must_use]
pub fn explain_call(
    access: &Access,
    snapshot: &Snapshot,
    question: &Question<'_>,
) -> Option<Explanation> {
    let directory = &access.directory;
    let key = directory.keys.find(question.key)?;
    let mut secrets = key.object.secrets.iter();
    let secret = secrets.find(|secret| secret.is_live(question.now)).copied();
    let Some(secret) = secret else {
        return Some(Explanation::refused(
            question.model,
            "the key has no secret that is let in now",
        ));
    };
    let found = Found {
        key: Arc::clone(&key),
        secret,
    };
    Some(match Chain::of_key(directory, found) {
        Ok(chain) => judge(snapshot, (&chain, &key), question),
        Err(fault) => Explanation::refused(question.model, &fault.message),
    })
}

fn judge(
    snapshot: &Snapshot,
    (chain, key): (&Chain, &Entry<Key, LiveKey>),
    question: &Question<'_>,
) -> Explanation {
    let dialect = Dialect::OpenAiChat;
    let asked_for = model_asked_for(&snapshot.settings, dialect, question.model);
    let meaning = meaning(snapshot, Some(chain), asked_for);
    let group = find_group(snapshot, meaning.group);
    let regions: Vec<Option<&str>> = group
        .iter()
        .flat_map(|(group, _)| &group.deployments)
        .map(|routed| routed.region.as_deref())
        .collect();
    let end = key.object.grant.date.map(Compiled::until);
    let mut links = chain.links();
    links.extend(end.as_ref().map(|grant| Link {
        which: Which::Key,
        name: key.id.as_str(),
        grant,
    }));
    let asked = Asked {
        now: question.now,
        source: question.source,
        route: routes::templates(dialect),
        model: Some(judged_name(&links, &meaning)),
        called: Some(question.model),
        regions: &regions,
        ..Asked::default()
    };
    let is_judged = |line: &Line| question.source.is_some() || line.rule != Rule::Sources;
    let lines = explain(&links, &asked).into_iter().filter(is_judged);
    let mut reasons: Vec<Reason> = lines.map(Into::into).collect();
    reasons.extend(chain.roles().map(|(which, name, role)| Reason {
        link: which.as_str(),
        name: name.into(),
        rule: "role",
        is_allowed: may_call(role),
        why: format!("its role is {}", role.as_str()),
    }));
    Explanation {
        model: question.model.into(),
        group: group.map(|(group, _)| group.name.clone()),
        meant: meaning.group.into(),
        failed: None,
        reasons,
    }
}
