//! Grants and calls out of so few words that they often meet.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::{Asked, Grant, Hours};

const HOUR_MS: u64 = 3_600_000;

/// A call with its own text.
#[derive(Debug, Clone)]
pub(super) struct Call {
    now: u64,
    source: Option<IpAddr>,
    route: Vec<&'static str>,
    model: Option<&'static str>,
    tools: Vec<&'static str>,
    mcp_servers: Vec<&'static str>,
    pub(super) regions: Vec<Option<&'static str>>,
    output_tokens: Option<u64>,
}

impl Call {
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Asked<'_>) -> T) -> T {
        question(&Asked {
            now: self.now,
            source: self.source,
            route: &self.route,
            model: self.model,
            tools: &self.tools,
            mcp_servers: &self.mcp_servers,
            regions: &self.regions,
            output_tokens: self.output_tokens,
            called: None,
        })
    }
}

pub(super) fn calls() -> impl Strategy<Value = Call> {
    let sources = vec![
        "10.0.0.1",
        "10.9.0.1",
        "192.0.2.1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
    ];
    let routes = vec![
        vec!["/v1/chat/completions", "/chat/completions"],
        vec!["/key/generate"],
        vec!["/key/regenerate", "/key/{key}/regenerate"],
        vec![],
    ];
    let names = || vec(select(vec!["ls", "rm", "rmdir"]), 0..3);
    (
        0u64..200,
        of(select(sources)),
        select(routes),
        of(select(vec!["a", "a/x", "a/y", "b", "no-default-models"])),
        names(),
        names(),
        vec(of(select(vec!["eu", "us"])), 0..3),
        of(0u64..4),
    )
        .prop_map(
            |(hour, source, route, model, tools, mcp_servers, regions, output_tokens)| Call {
                now: hour * HOUR_MS,
                source: source.map(|source| source.parse().unwrap()),
                route,
                model,
                tools,
                mcp_servers,
                regions,
                output_tokens,
            },
        )
}

fn lists(words: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<Box<str>>>> {
    let most = words.len().min(3);
    prop::option::weighted(
        0.5,
        subsequence(words, 0..=most).prop_map(|words| words.into_iter().map(Into::into).collect()),
    )
}

fn hours() -> impl Strategy<Value = Option<Vec<Hours>>> {
    let span = (subsequence(vec![0u8, 1, 2, 3, 4, 5, 6], 1..=7), 0u16..1440).prop_flat_map(
        |(days, from)| {
            (from + 1..=1440).prop_map(move |to| Hours {
                days: days.clone(),
                from,
                to,
            })
        },
    );
    prop::option::weighted(0.3, vec(span, 0..3))
}

pub(super) fn grants() -> impl Strategy<Value = Grant> {
    let words = (
        lists(&[
            "a",
            "a/*",
            "*",
            "b",
            "*x",
            "base",
            "all-proxy-models",
            "no-default-models",
        ]),
        subsequence(vec!["base", "wide", "gone"], 0..=2),
        lists(&[
            "/*",
            "/key/*",
            "/chat/completions",
            "/key/{id}/regenerate",
            "management_routes",
            "llm_api_routes",
        ]),
        lists(&["ls", "r*", "rm", "*"]),
        subsequence(vec!["rm", "r*", "ls"], 0..=1),
        lists(&["ls", "r*", "rm", "*"]),
        lists(&["eu", "us", "*"]),
        lists(&[
            "10.0.0.0/8",
            "10.0.0.0/16",
            "192.0.2.1",
            "2001:db8::/32",
            "0.0.0.0/0",
        ]),
    );
    let numbers = (
        hours(),
        of(0u64..200),
        of(0u64..4),
        of(any::<bool>()),
        prop::bool::weighted(0.1),
    );
    (words, numbers).prop_map(|(words, numbers)| {
        let (models, groups, routes, tools, blocked_tools, mcp_servers, regions, sources) = words;
        let (hours, expires, output_tokens, content_logging, blocked) = numbers;
        let boxed = |words: Vec<&str>| words.into_iter().map(Into::into).collect();
        Grant {
            // Groups need models.
            access_groups: if models.is_some() {
                boxed(groups)
            } else {
                Vec::new()
            },
            models,
            routes,
            tools,
            blocked_tools: boxed(blocked_tools),
            mcp_servers,
            regions,
            sources,
            hours,
            expires: expires.map(|hour| hour * HOUR_MS),
            output_tokens,
            content_logging,
            blocked,
        }
    })
}

/// One grant and several others that say something about one subject only, the same for all: in
/// grants that say everything at once, most calls fail for another reason than the one looked for.
pub(super) fn about_one_subject() -> impl Strategy<Value = (Grant, Vec<Grant>)> {
    (0u8..9, grants(), chains()).prop_map(|(subject, one, others)| {
        let about = |grant: Grant| about(subject, grant);
        (about(one), others.into_iter().map(about).collect())
    })
}

fn about(subject: u8, grant: Grant) -> Grant {
    let unset = Grant::default();
    match subject {
        0 => Grant {
            models: grant.models,
            access_groups: grant.access_groups,
            ..unset
        },
        1 => Grant {
            routes: grant.routes,
            ..unset
        },
        2 => Grant {
            tools: grant.tools,
            blocked_tools: grant.blocked_tools,
            ..unset
        },
        3 => Grant {
            mcp_servers: grant.mcp_servers,
            ..unset
        },
        4 => Grant {
            regions: grant.regions,
            ..unset
        },
        5 => Grant {
            sources: grant.sources,
            ..unset
        },
        6 => Grant {
            hours: grant.hours,
            ..unset
        },
        7 => Grant {
            expires: grant.expires,
            output_tokens: grant.output_tokens,
            ..unset
        },
        _ => Grant {
            content_logging: grant.content_logging,
            blocked: grant.blocked,
            ..unset
        },
    }
}

pub(super) fn chains() -> impl Strategy<Value = Vec<Grant>> {
    vec(grants(), 1..4)
}

/// The same grant with one field narrowed: an item fewer, a limit more, a lower number.
pub(super) fn narrower(grant: Grant) -> impl Strategy<Value = Grant> {
    (0u8..12, any::<prop::sample::Index>()).prop_map(move |(field, which)| {
        let mut grant = grant.clone();
        let shorten = |list: &mut Option<Vec<Box<str>>>| match list {
            None => *list = Some(vec!["a".into()]),
            Some(items) => {
                let place = which.index(items.len().max(1));
                items.truncate(place);
            }
        };
        let lower = |most: &mut Option<u64>| *most = Some(most.map_or(1, |most| most / 2));
        match field {
            0 => shorten(&mut grant.models),
            1 => drop(grant.access_groups.pop()),
            2 => match &mut grant.routes {
                None => grant.routes = Some(vec!["/key/*".into()]),
                routes => shorten(routes),
            },
            3 => shorten(&mut grant.tools),
            4 => grant.blocked_tools.push("rm".into()),
            5 => shorten(&mut grant.mcp_servers),
            6 => shorten(&mut grant.regions),
            7 => match &mut grant.sources {
                None => grant.sources = Some(vec!["10.0.0.0/8".into()]),
                sources => shorten(sources),
            },
            8 => match &mut grant.hours {
                None => grant.hours = Some(Vec::new()),
                Some(hours) => drop(hours.pop()),
            },
            9 => lower(&mut grant.expires),
            10 => lower(&mut grant.output_tokens),
            _ => grant.blocked = true,
        }
        grant
    })
}
