//! The records of calls. There are two of each call, so they are written by hand: no names to sort, and
//! no memory but that of the group that they go to.

use std::net::IpAddr;
use std::time::Duration;

use ironward_core::{Amount, CallId, Usage};

use crate::line::Line;
use crate::record::{Kind, LARGEST_RECORD, NAME, SCHEMA, Who};

/// What the id of a settlement adds to the call's.
const SETTLED: &str = ".settled";
/// The most characters of a name where they all are as long as they may be.
const SHORT_NAME: usize = 64;

/// A call was let in: what it asks for, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its id, and the record's.
    pub id: CallId,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who made it.
    pub who: Who<'a>,
    /// The address that the connection came from.
    pub source: Option<IpAddr>,
    /// The client's dialect.
    pub dialect: &'static str,
    /// The model group asked for, as the client wrote it.
    pub model: &'a str,
    /// Whether the reply is to be streamed.
    pub stream: bool,
}

/// A call is over, however it ended.
#[derive(Debug, Clone, Copy)]
pub struct Settlement<'a> {
    /// The call's id.
    pub id: CallId,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who was asked last.
    pub served: Option<Served<'a>>,
    /// How often providers were asked.
    pub attempts: u32,
    /// The HTTP status that stands for the end; a stream that broke has begun with another.
    pub status: u16,
    /// The kind of fault, where it did not go well.
    pub fault: Option<&'static str>,
    /// What the provider says that it consumed.
    pub usage: Option<Usage>,
    /// What it cost.
    pub cost: Option<Cost>,
    /// From the request's head to the reply's end.
    pub total: Duration,
    /// From the request's head to the reply's first byte, once there was one.
    pub first_byte: Option<Duration>,
    /// The part of it that was not spent waiting for providers.
    pub overhead: Option<Duration>,
}

/// The deployment that a call came to.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// Its id.
    pub deployment: &'a str,
    /// The vendor.
    pub provider: &'static str,
    /// The region, where the configuration says it.
    pub region: Option<&'a str>,
    /// The vendor's name of the model.
    pub model: &'a str,
}

/// What a call cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// As far as it is known.
    pub dollars: Amount,
    /// Whether it is more than that, and nobody knows how much.
    pub incomplete: bool,
    /// The version of the catalogue that has the prices.
    pub prices: &'static str,
}

impl Call<'_> {
    /// Writes it, in place of what is there.
    pub(crate) fn write(&self, node: &str, to: &mut Vec<u8>) {
        write(to, |line| self.fields(node, line));
    }

    fn fields(&self, node: &str, line: &mut Line<'_>) {
        line.number("at", self.at);
        line.id("id", self.id, "");
        line.text("kind", Kind::Call.as_str());
        line.text("node", node);
        line.number("v", SCHEMA.into());
        line.object("what", |line| {
            line.text("dialect", self.dialect);
            line.text("model", self.model);
            line.truth("stream", self.stream);
        });
        line.object("who", |line| {
            let who = &self.who;
            line.some("key", who.key);
            line.some("name", who.name);
            line.some("on_behalf_of", who.on_behalf_of);
            line.some("organisation", who.organisation);
            line.some("role", who.role);
            line.some("service_account", who.service_account);
            match (self.source, who.source) {
                (Some(address), _) => line.address("source", address),
                (None, text) => line.some("source", text),
            }
            line.some("team", who.team);
            line.some("user", who.user);
        });
    }
}

impl Settlement<'_> {
    /// Writes it, in place of what is there.
    pub(crate) fn write(&self, node: &str, to: &mut Vec<u8>) {
        write(to, |line| self.fields(node, line));
    }

    fn fields(&self, node: &str, line: &mut Line<'_>) {
        line.number("at", self.at);
        line.id("id", self.id, SETTLED);
        line.text("kind", Kind::CallSettled.as_str());
        line.text("node", node);
        line.id("of", self.id, "");
        line.number("v", SCHEMA.into());
        line.object("what", |line| self.what(line));
    }

    fn what(&self, line: &mut Line<'_>) {
        line.number("attempts", self.attempts.into());
        if let Some(cost) = &self.cost {
            line.object("cost", |line| {
                line.shown("dollars", &cost.dollars);
                line.truth("incomplete", cost.incomplete);
                line.text("prices", cost.prices);
            });
        }
        line.some("deployment", self.served.map(|served| served.deployment));
        line.some("fault", self.fault);
        line.some("provider", self.served.map(|served| served.provider));
        line.some("region", self.served.and_then(|served| served.region));
        line.some("resolved_model", self.served.map(|served| served.model));
        line.number("status", self.status.into());
        line.object("times", |line| {
            let mut time = |name, time: Option<Duration>| {
                if let Some(time) = time {
                    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                    line.number(name, micros);
                }
            };
            time("first_byte", self.first_byte);
            time("overhead", self.overhead);
            time("total", Some(self.total));
        });
        if let Some(usage) = &self.usage {
            line.object("usage", |line| count(usage, line));
        }
    }
}

fn count(usage: &Usage, line: &mut Line<'_>) {
    line.count("input", usage.input);
    line.count("input_audio", usage.input_audio);
    line.count("input_cache_write", usage.input_cache_write);
    line.count("input_cache_write_1h", usage.input_cache_write_1h);
    line.count("input_cached", usage.input_cached);
    line.count("output", usage.output);
    line.count(
        "output_accepted_prediction",
        usage.output_accepted_prediction,
    );
    line.count("output_audio", usage.output_audio);
    line.count("output_reasoning", usage.output_reasoning);
    line.count(
        "output_rejected_prediction",
        usage.output_rejected_prediction,
    );
}

fn write(to: &mut Vec<u8>, fields: impl Fn(&mut Line<'_>)) {
    for most in [NAME, SHORT_NAME] {
        to.clear();
        let mut line = Line::open(to, most);
        fields(&mut line);
        line.close();
        if to.len() <= LARGEST_RECORD {
            break;
        }
    }
}

#[cfg(test)]
mod tests;
