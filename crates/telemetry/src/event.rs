use std::net::SocketAddr;
use std::time::Duration;

use ironward_catalogue::Charged;
use ironward_core::{CallId, Fault, Money, Side, Usage};
use tracing::field::display;

/// Who calls, as logs name them.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The alias of the key that made the call, or of the account where there is no key; the id of
    /// what has no alias.
    pub alias: &'a str,
    /// The id of the key, where it is a virtual one.
    pub key: Option<&'a str>,
    /// The id of the person or the service account whose call it is.
    pub account: Option<&'a str>,
    /// Who they are to whoever vouches for them, where they came without a key: the subject of a
    /// token or the SPIFFE id of a certificate.
    pub subject: Option<&'a str>,
    /// The id of the team that pays.
    pub team: Option<&'a str>,
    /// What people call that team.
    pub team_alias: Option<&'a str>,
}

/// A call is over, however it ended.
#[derive(Debug, Clone, Copy)]
pub struct CallSettled<'a> {
    /// Its id.
    pub id: CallId,
    /// Who made it.
    pub caller: Named<'a>,
    /// The client's dialect.
    pub dialect: &'static str,
    /// The model group asked for.
    pub model_group: &'a str,
    /// The deployment that answered, or the last one that was tried.
    pub deployment: Option<&'a str>,
    /// The HTTP status that the client got.
    pub status: u16,
    /// Why it failed.
    pub fault: Option<&'a Fault>,
    /// What it consumed, as far as the provider said.
    pub usage: Option<Usage>,
    /// What it cost; `None`: no provider answered, or it is one that costs nothing.
    pub cost: Option<Charged>,
    /// How many attempts were made.
    pub attempts: u32,
    /// From the request's head to the reply's end.
    pub total: Duration,
    /// The part of it that was not spent waiting for providers; of a stream, up to its first byte.
    /// `None`: the client went away during an attempt.
    pub overhead: Option<Duration>,
}

impl CallSettled<'_> {
    /// Writes it: a fault of ours or of a provider's as a warning, a refused call as information,
    /// and a call that went well only at `debug`, since there are many.
    pub fn emit(self) {
        let Self {
            id,
            dialect,
            model_group,
            deployment,
            status,
            attempts,
            ..
        } = self;
        let Named {
            alias: caller,
            key,
            account,
            subject,
            team,
            team_alias: _,
        } = self.caller;
        let usage = self.usage.unwrap_or_default();
        let (input_tokens, output_tokens) = (usage.input, usage.output);
        let total_ms = self.total.as_millis();
        let overhead_us = self.overhead.map(|overhead| overhead.as_micros());
        let cost = self.cost.map(|charged| display(charged.amount));
        let cost_incomplete = self.cost.map(|charged| charged.incomplete);
        let prices = self.cost.map(|charged| charged.version);
        match self.fault {
            None => tracing::debug!(
                %id, caller, key, account, subject, team, dialect, model_group, deployment, status, attempts,
                input_tokens, output_tokens, cost, cost_incomplete, prices, total_ms, overhead_us, "call settled"
            ),
            Some(fault) if fault.side == Side::Downstream => tracing::info!(
                %id, caller, key, account, subject, team, dialect, model_group, deployment, status, attempts,
                fault = fault.kind.label(), reason = &*fault.message,
                cause = fault.cause.as_deref(), cost, cost_incomplete, prices, total_ms, "call refused"
            ),
            Some(fault) => tracing::warn!(
                %id, caller, key, account, subject, team, dialect, model_group, deployment, status, attempts,
                fault = fault.kind.label(), upstream_status = fault.upstream_status,
                reason = &*fault.message, cause = fault.cause.as_deref(), cost, cost_incomplete, prices,
                total_ms, "call failed"
            ),
        }
    }
}

/// A request was answered with an error before it was admitted as a call.
#[derive(Debug, Clone, Copy)]
pub struct CallRefused<'a> {
    /// Its id.
    pub id: CallId,
    /// Who made it; `None`: nobody was let in.
    pub caller: Option<Named<'a>>,
    /// Why.
    pub fault: &'a Fault,
}

impl CallRefused<'_> {
    /// Writes it. Strangers can cause any number of these, so only at `debug`, unless it is our
    /// own fault.
    pub fn emit(self) {
        let Self { id, caller, fault } = self;
        let key = caller.and_then(|caller| caller.key);
        let account = caller.and_then(|caller| caller.account);
        let subject = caller.and_then(|caller| caller.subject);
        let team = caller.and_then(|caller| caller.team);
        let caller = caller.map(|caller| caller.alias);
        if fault.side == Side::Downstream {
            tracing::debug!(
                %id, caller, key, account, subject, team, fault = fault.kind.label(),
                reason = &*fault.message, cause = fault.cause.as_deref(), "request refused"
            );
        } else {
            tracing::warn!(
                %id, caller, key, account, subject, team, fault = fault.kind.label(),
                reason = &*fault.message, cause = fault.cause.as_deref(), "request failed"
            );
        }
    }
}

/// A new configuration is in force.
#[derive(Debug, Clone, Copy)]
pub struct ConfigReloaded {
    /// How many model groups it has.
    pub model_groups: usize,
}

impl ConfigReloaded {
    /// Writes it.
    pub fn emit(self) {
        tracing::info!(model_groups = self.model_groups, "config reloaded");
    }
}

/// A changed configuration was refused; the old one stays in force.
#[derive(Debug, Clone, Copy)]
pub struct ConfigRefused<'a> {
    /// Why, one problem a line.
    pub problems: &'a str,
}

impl ConfigRefused<'_> {
    /// Writes it, a line for each problem.
    pub fn emit(self) {
        for problem in self.problems.lines() {
            tracing::error!(problem, "config refused, the old one stays in force");
        }
    }
}

/// A listener takes connections.
#[derive(Debug, Clone, Copy)]
pub struct ListenerOpened {
    /// Which one: `data` or `admin`.
    pub plane: &'static str,
    /// Where.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

impl ListenerOpened {
    /// Writes it.
    pub fn emit(self) {
        tracing::info!(plane = self.plane, address = %self.address, tls = self.tls, "listening");
    }
}

/// The gateway takes no new calls and waits for the running ones.
#[derive(Debug, Clone, Copy)]
pub struct Draining {
    /// How many calls are running.
    pub in_flight: usize,
    /// How long it waits for them.
    pub limit: Duration,
}

impl Draining {
    /// Writes it.
    pub fn emit(self) {
        tracing::info!(
            in_flight = self.in_flight,
            limit_s = self.limit.as_secs(),
            "draining"
        );
    }
}

/// Connections could not be taken.
#[derive(Debug, Clone, Copy)]
pub struct AcceptFailed<'a> {
    /// Why the last one was not.
    pub error: &'a std::io::Error,
    /// How often it was tried in vain since this was written last.
    pub failures: u64,
}

impl AcceptFailed<'_> {
    /// Writes it.
    pub fn emit(self) {
        let Self { error, failures } = self;
        tracing::warn!(%error, failures, "a connection could not be taken");
    }
}

/// The configuration says something that the operator should know.
#[derive(Debug, Clone, Copy)]
pub struct ConfigNotice<'a> {
    /// What.
    pub text: &'a str,
}

impl ConfigNotice<'_> {
    /// Writes it.
    pub fn emit(self) {
        tracing::warn!(notice = self.text, "config");
    }

    /// Writes it as what nobody may overlook.
    pub fn emit_alarm(self) {
        tracing::error!(alarm = self.text, "config");
    }
}

/// What somebody has spent has reached their soft budget.
#[derive(Clone, Copy)]
pub struct SoftBudgetReached<'a> {
    /// Whose it is.
    pub scope: &'a dyn std::fmt::Display,
    /// From where on it is told.
    pub budget: Money,
    /// What was spent by then.
    pub spent: Money,
}

impl SoftBudgetReached<'_> {
    /// Writes it.
    pub fn emit(self) {
        let Self {
            scope,
            budget,
            spent,
        } = self;
        tracing::warn!(%scope, soft_budget = %budget, %spent, "soft budget reached");
    }
}

/// How long the polls of a data thread took, in a build that measures them.
#[derive(Debug, Clone, Copy)]
pub struct PollsCounted {
    /// How many there were.
    pub polls: u64,
    /// How many took more than a millisecond of CPU time.
    pub long: u64,
    /// The CPU time of the longest, in µs.
    pub longest_us: u64,
}

impl PollsCounted {
    /// Writes it.
    pub fn emit(self) {
        tracing::info!(
            polls = self.polls,
            long = self.long,
            longest_us = self.longest_us,
            "polls"
        );
    }
}

/// Somebody tried to change something on the admin plane.
#[derive(Debug, Clone, Copy)]
pub struct AdminAct<'a> {
    /// The name under which objects remember who it was.
    pub actor: &'a str,
    /// Whom they act for, by their own word.
    pub changed_by: Option<&'a str>,
    /// The path template of the route.
    pub route: &'static str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Why it was refused.
    pub reason: Option<&'a str>,
}

impl AdminAct<'_> {
    /// Writes it.
    pub fn emit(self) {
        let Self {
            actor,
            changed_by,
            route,
            status,
            reason,
        } = self;
        match reason {
            None => tracing::info!(actor, changed_by, route, status, "admin act"),
            Some(reason) => {
                tracing::info!(
                    actor,
                    changed_by,
                    route,
                    status,
                    reason,
                    "admin act refused"
                );
            }
        }
    }
}

/// The store could not do what was asked of it.
#[derive(Clone, Copy)]
pub struct StoreFailed<'a> {
    /// What came of it.
    pub what: &'static str,
    /// Why.
    pub error: &'a dyn std::fmt::Display,
}

impl StoreFailed<'_> {
    /// Writes it.
    pub fn emit(self) {
        tracing::error!(error = %self.error, "{}", self.what);
    }
}

/// What the operator should know about the database and the keys that it is sealed under.
#[derive(Debug, Clone, Copy)]
pub struct VaultNotice<'a> {
    /// What, where, and what to do; one line.
    pub text: &'a str,
}

impl VaultNotice<'_> {
    /// Writes it.
    pub fn emit(self) {
        tracing::warn!(notice = self.text, "vault");
    }

    /// Writes it as what nobody may overlook.
    pub fn emit_alarm(self) {
        tracing::error!(alarm = self.text, "vault");
    }
}

/// What the operator should know about the journal.
#[derive(Debug, Clone, Copy)]
pub struct JournalNotice<'a> {
    /// What, where, and what to do; one line.
    pub text: &'a str,
}

impl JournalNotice<'_> {
    /// Writes it.
    pub fn emit(self) {
        tracing::warn!(notice = self.text, "journal");
    }

    /// Writes it as what nobody may overlook.
    pub fn emit_alarm(self) {
        tracing::error!(alarm = self.text, "journal");
    }
}

/// Lines found no room in the log, since nobody read it for too long.
#[derive(Debug, Clone, Copy)]
pub struct LogLinesLost {
    /// How many.
    pub lines: u64,
}

impl LogLinesLost {
    /// Writes it.
    pub fn emit(self) {
        let Self { lines } = self;
        tracing::warn!(
            lines,
            "log lines lost: whoever reads the log does not keep up"
        );
    }
}

/// The keys of an issuer of tokens are in force, and are others than before.
#[derive(Debug, Clone, Copy)]
pub struct IssuerKeysFetched<'a> {
    /// Whose.
    pub issuer: &'a str,
    /// How many can be used.
    pub keys: usize,
    /// Those that cannot, each with the reason.
    pub left_out: &'a [String],
}

impl IssuerKeysFetched<'_> {
    /// Writes it, and what was left out.
    pub fn emit(self) {
        tracing::info!(
            issuer = self.issuer,
            keys = self.keys,
            "issuer's keys fetched"
        );
        for reason in self.left_out {
            tracing::info!(
                issuer = self.issuer,
                reason,
                "a key of the issuer is not used"
            );
        }
    }
}

/// The keys of an issuer of tokens could not be fetched.
#[derive(Debug, Clone, Copy)]
pub struct IssuerKeysFailed<'a> {
    /// Whose, what failed, where, and what to do.
    pub reason: &'a str,
    /// How old the keys in force are; `None` without any.
    pub age: Option<Duration>,
}

impl IssuerKeysFailed<'_> {
    /// Writes it.
    pub fn emit(self) {
        let age_s = self.age.map(|age| age.as_secs());
        tracing::warn!(reason = self.reason, age_s, "issuer's keys not fetched");
    }
}

/// A token was not taken on the admin plane.
#[derive(Clone, Copy)]
pub struct TokenRefused<'a> {
    /// Why: nothing of the token.
    pub reason: &'a dyn std::fmt::Display,
}

impl TokenRefused<'_> {
    /// Writes it. Strangers can cause any number of these, so only at `debug`.
    pub fn emit(self) {
        tracing::debug!(reason = %self.reason, "token refused");
    }
}

/// Somebody has logged in on the admin listener.
#[derive(Debug, Clone, Copy)]
pub struct LoggedIn<'a> {
    /// The user.
    pub user: &'a str,
    /// Who they are at the issuer.
    pub subject: &'a str,
}

impl LoggedIn<'_> {
    /// Writes it.
    pub fn emit(self) {
        tracing::info!(user = self.user, subject = self.subject, "logged in");
    }
}

/// A login that was begun here came to nothing.
#[derive(Clone, Copy)]
pub struct LoginRefused<'a> {
    /// Why, and what to do: no code, token or secret.
    pub reason: &'a dyn std::fmt::Display,
    /// Who it is at the issuer, where that is known.
    pub subject: Option<&'a str>,
}

impl LoginRefused<'_> {
    /// Writes it.
    pub fn emit(self) {
        tracing::warn!(reason = %self.reason, subject = self.subject, "login refused");
    }
}
