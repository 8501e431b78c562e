use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use ironward_core::{Deployment, DeploymentId, Fault, FaultKind, Usage};
use ironward_egress::{Redaction, ReplyBody, UpstreamReply};
use ironward_policy::{Backoff, Next, decide};
use ironward_provider::Target;
use ironward_telemetry::Series;
use ironward_wire::{Call, Envelope};

use super::local::Local;
use super::reserve::Held;
use super::route::Plan;
use crate::Gateway;
use crate::budgets::Refusal;
use crate::cost::Charge;
use crate::reply::{Begun, Relay};
use crate::side_pool::Work;
use crate::snapshot::{Routed, Settings};

/// An answer and how it was come by.
pub(crate) struct Attempted {
    pub(crate) answer: Answer,
    /// What the call is charged by.
    pub(crate) charge: Option<Charge>,
    /// The last attempt succeeded.
    pub(crate) progress: Progress,
    /// The provider's reply headers.
    pub(crate) headers: HeaderMap,
}

/// Why nobody answered, and how far the call got.
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) progress: Progress,
    /// The headers of the provider's refusal, where it answered with one.
    pub(crate) headers: HeaderMap,
    /// The headers of our own, where a budget or limit refused.
    pub(crate) own: HeaderMap,
}

/// How far a call has come with its deployments.
pub(crate) struct Progress {
    /// The deployment that was asked last.
    pub(crate) served: Option<Served>,
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// When the last one began, and where it is counted.
    pub(crate) last: Option<(Instant, Arc<Series>)>,
    /// How much of the time there was nothing to do but wait for providers. Pauses between attempts
    /// are none of it: nobody works on the call then.
    pub(crate) waited: Duration,
    /// When the last attempt ended.
    pub(crate) ended: Instant,
}

/// A deployment that was asked.
pub(crate) struct Served {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) region: Option<Arc<str>>,
    /// The vendor's name of the model, where it is not the one of the deployment.
    model: Option<Box<str>>,
}

impl Served {
    /// The vendor's name of the model.
    pub(crate) fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(&self.deployment.model)
    }
}

impl Progress {
    /// Nobody was asked yet.
    pub(crate) const fn none(now: Instant) -> Self {
        Self {
            served: None,
            attempts: 0,
            last: None,
            waited: Duration::ZERO,
            ended: now,
        }
    }

    /// The id of the deployment that was asked last.
    pub(crate) fn deployment(&self) -> Option<&DeploymentId> {
        self.served.as_ref().map(|served| &served.deployment.id)
    }
}

impl Failed {
    /// Nobody could be asked.
    pub(crate) fn unplanned(fault: Fault, now: Instant) -> Self {
        Self {
            fault,
            progress: Progress::none(now),
            headers: HeaderMap::new(),
            own: HeaderMap::new(),
        }
    }

    /// A budget or limit does not let it out.
    pub(crate) fn refused(refusal: Refusal, now: Instant) -> Self {
        Self {
            own: refusal.headers,
            ..Self::unplanned(refusal.fault, now)
        }
    }
}

/// Why one attempt failed.
struct Setback {
    fault: Fault,
    /// The headers of the provider's refusal.
    headers: HeaderMap,
}

impl From<Fault> for Setback {
    fn from(fault: Fault) -> Self {
        let headers = HeaderMap::new();
        Self { fault, headers }
    }
}

/// What a provider answered, in the client's dialect.
pub(crate) enum Answer {
    /// All of it.
    Whole { bytes: Bytes, usage: Option<Usage> },
    /// Its beginning, and what carries over the rest.
    Stream(Box<Begun>),
}

/// Plan -> answer: encode, dial, classify; after a fault the next deployment, or the same again.
/// Once the client has a byte there is no other attempt.
pub(crate) async fn attempt(
    gateway: &Gateway,
    settings: &Settings,
    backoff: Backoff,
    plan: &Plan,
    (held, call): (&mut Held, &Arc<Call>),
    envelope: &Envelope,
) -> Result<Attempted, Failed> {
    let mut progress = Progress::none(gateway.clock.now());
    let mut position = 0;
    loop {
        let (Some(routed), Some(series)) = (plan.deployment(position), plan.series(position))
        else {
            let fault = Fault::gateway(FaultKind::NoDeployment, "no deployment is left to try");
            return Err(Failed {
                progress,
                ..Failed::unplanned(fault, gateway.clock.now())
            });
        };
        if let Err(refusal) = held.begin((gateway, settings), (plan, position, routed), call) {
            return Err(Failed {
                progress,
                ..Failed::refused(*refusal, gateway.clock.now())
            });
        }
        let one = One {
            gateway,
            settings,
            plan,
            call,
            envelope,
            routed,
        };
        let outcome = one.count(series, &mut progress).await;
        let setback = match outcome {
            Ok((answer, headers)) => {
                return Ok(Attempted {
                    answer,
                    charge: Charge::of(routed, &plan.model(routed), call),
                    progress,
                    headers,
                });
            }
            Err(setback) => setback,
        };
        held.fail(setback.fault.sent);
        let jitter = backoff.jitter.mul_f64(gateway.draw_fraction());
        let next = decide(
            &setback.fault,
            progress.attempts - 1,
            plan.retries,
            plan.others(position),
            Backoff { jitter, ..backoff },
        );
        let left = plan.left(progress.ended);
        match next {
            Next::Elsewhere if !left.is_zero() => position += 1,
            Next::Again(pause) if pause < left => tokio::time::sleep(pause).await,
            // Whoever waits would not be there any more.
            Next::Stop | Next::Elsewhere | Next::Again(_) => {
                let Setback { fault, headers } = setback;
                return Err(Failed {
                    fault,
                    progress,
                    headers,
                    own: HeaderMap::new(),
                });
            }
        }
    }
}

/// One attempt at one deployment.
struct One<'a> {
    gateway: &'a Gateway,
    settings: &'a Settings,
    plan: &'a Plan,
    call: &'a Arc<Call>,
    envelope: &'a Envelope,
    routed: &'a Routed,
}

impl One<'_> {
    /// Makes the attempt, and counts it.
    async fn count(
        &self,
        series: &Arc<Series>,
        progress: &mut Progress,
    ) -> Result<(Answer, HeaderMap), Setback> {
        series.begin_attempt(progress.attempts > 0);
        let began = self.gateway.clock.now();
        let outcome = self.make(&mut progress.waited).await;
        let ended = self.gateway.clock.now();
        let fault = outcome.as_ref().err().map(|setback| setback.fault.kind);
        let took = ended.saturating_duration_since(began);
        series.end_attempt(&self.gateway.metrics, took, fault);
        progress.served = Some(self.served());
        progress.attempts += 1;
        progress.last = Some((began, Arc::clone(series)));
        progress.ended = ended;
        outcome
    }

    fn served(&self) -> Served {
        let Routed {
            deployment, region, ..
        } = self.routed;
        Served {
            deployment: Arc::clone(deployment),
            region: region.clone(),
            model: match self.plan.model(self.routed) {
                Cow::Borrowed(_) => None,
                Cow::Owned(model) => Some(model.into()),
            },
        }
    }

    async fn make(&self, waited: &mut Duration) -> Result<(Answer, HeaderMap), Setback> {
        if let Some(local) = Local::of(self.routed, self.call.dialect) {
            return Ok((self.answer(local).await?, HeaderMap::new()));
        }
        let request = self.encode_request().await?;
        let left = self.plan.left(self.gateway.clock.now());
        let timeouts = self.plan.timeouts(self.routed, self.call.stream, left);
        let credential = self.routed.deployment.credential;
        let sent = self.gateway.upstream.send(credential, request, &timeouts);
        let reply = self.wait(waited, sent).await?;
        self.receive(reply, waited).await
    }

    /// Awaits something of the provider's. Only the time counts in which there was nothing to do:
    /// while it is polled the gateway works, be it that it writes the request or unpacks the reply.
    async fn wait<T>(&self, waited: &mut Duration, theirs: impl Future<Output = T>) -> T {
        let clock = &*self.gateway.clock;
        let mut theirs = pin!(theirs);
        let mut since: Option<Instant> = None;
        poll_fn(|context| {
            if let Some(since) = since.take() {
                *waited += clock.now().saturating_duration_since(since);
            }
            let polled = theirs.as_mut().poll(context);
            if polled.is_pending() {
                since = Some(clock.now());
            }
            polled
        })
        .await
    }

    /// What is done with the call's body, and with its reply.
    fn work(&self) -> Work {
        if self.routed.provider.speaks(self.call.dialect) {
            Work::Pass
        } else {
            Work::Translate
        }
    }

    async fn encode_request(&self) -> Result<ironward_core::UpstreamRequest, Fault> {
        let (call, routed) = (Arc::clone(self.call), self.routed.clone());
        let model = self.plan.model(self.routed).into_owned();
        let drop_unsupported = self.plan.drops_params(self.routed);
        let size = self.call.body.bytes().len();
        let side_pool = &self.gateway.side_pool;
        let encode = move || {
            let target = Target {
                deployment: &routed.deployment,
                model: &model,
                drop_unsupported,
            };
            let mut request = routed.provider.encode(&call, &target)?;
            for (name, value) in &routed.deployment.extra_headers {
                request.headers.insert(name.clone(), value.clone());
            }
            Ok(request)
        };
        side_pool.run(self.work(), size, encode).await
    }

    async fn receive(
        &self,
        reply: UpstreamReply,
        waited: &mut Duration,
    ) -> Result<(Answer, HeaderMap), Setback> {
        let UpstreamReply {
            status,
            headers,
            body,
            redaction,
            ..
        } = reply;
        let limit = self.settings.reply_limit;
        if !status.is_success() {
            let bytes = self.wait(waited, body.collect(limit)).await?;
            let fault = self.routed.provider.classify(status, &headers, &bytes);
            return Err(Setback { fault, headers });
        }
        let answer = if self.call.stream {
            self.receive_stream(body, redaction.clone(), waited).await
        } else {
            match self.wait(waited, body.collect(limit)).await {
                Ok(bytes) => self.receive_whole(bytes).await,
                Err(fault) => Err(fault),
            }
        };
        // A provider can also quote the key in an error that comes with a success.
        match answer {
            Ok(answer) => Ok((answer, headers)),
            Err(fault) => Err(redaction.apply(fault).after_sending().into()),
        }
    }

    async fn receive_whole(&self, bytes: Bytes) -> Result<Answer, Fault> {
        let (call, envelope, provider) = (
            Arc::clone(self.call),
            self.envelope.clone(),
            self.routed.provider,
        );
        let size = bytes.len();
        let read = move || {
            if provider.speaks(call.dialect) {
                let forwarded = call.dialect.forward_reply(bytes, &envelope)?;
                return Ok(Answer::Whole {
                    bytes: forwarded.bytes,
                    usage: forwarded.usage,
                });
            }
            let reply = provider.decode(&call, &bytes)?;
            let usage = reply.usage();
            Ok(Answer::Whole {
                bytes: call.dialect.encode_reply(&call, &reply, &envelope)?,
                usage,
            })
        };
        self.gateway.side_pool.run(self.work(), size, read).await
    }

    /// Waits for the first frame, so that a provider which fails at once is an attempt that failed
    /// and not a broken stream.
    async fn receive_stream(
        &self,
        mut body: ReplyBody,
        redaction: Redaction,
        waited: &mut Duration,
    ) -> Result<Answer, Fault> {
        let mut relay = self.relay()?;
        loop {
            let passed = match self.wait(waited, body.frame()).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => relay.push(chunk),
                    Err(_trailers) => continue,
                },
                Some(Err(fault)) => return Err(fault),
                None => {
                    let passed = relay.finish();
                    return match passed.fault {
                        Some(fault) => Err(fault),
                        None => Ok(Answer::Stream(Box::new(Begun::all(passed.bytes, relay)))),
                    };
                }
            };
            match passed.fault {
                Some(fault) if passed.bytes.is_empty() => return Err(fault),
                None if passed.bytes.is_empty() => {}
                fault => {
                    let upstream = fault.is_none().then_some(body);
                    return Ok(Answer::Stream(Box::new(Begun {
                        ready: passed.bytes,
                        relay,
                        upstream,
                        fault,
                        redaction,
                    })));
                }
            }
        }
    }

    fn relay(&self) -> Result<Relay, Fault> {
        let (dialect, provider) = (self.call.dialect, self.routed.provider);
        if provider.speaks(dialect) {
            return dialect
                .forward(self.envelope)
                .map(Relay::Forward)
                .ok_or_else(no_stream);
        }
        let encoder = dialect
            .stream_encoder(self.envelope.clone())
            .ok_or_else(no_stream)?;
        Ok(Relay::translate(provider.stream(self.call)?, encoder))
    }

    /// Answers where the call runs, or beside it when there is much to say.
    async fn answer(&self, local: Local) -> Result<Answer, Fault> {
        let (call, envelope) = (Arc::clone(self.call), self.envelope.clone());
        let size = local.size(&call);
        let answer = move || local.answer(&call, &envelope);
        let side_pool = &self.gateway.side_pool;
        side_pool.run(Work::Translate, size, answer).await
    }
}

pub(super) fn no_stream() -> Fault {
    Fault::gateway(FaultKind::Internal, "this kind of call has no streams")
}
