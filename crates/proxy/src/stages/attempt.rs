use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use ironward_core::{Fault, FaultKind, Usage};
use ironward_egress::{Redaction, ReplyBody, UpstreamReply};
use ironward_policy::{Backoff, Next, decide};
use ironward_provider::Target;
use ironward_wire::{Call, ChatReply, Choice, Delta, Envelope, Finish, Part, Reply};

use super::route::Plan;
use crate::Gateway;
use crate::reply::{Begun, Relay};
use crate::side_pool::{self, Work};
use crate::snapshot::{Routed, Settings};

/// An answer and how it was come by.
pub(crate) struct Attempted {
    pub(crate) answer: Answer,
    /// Who answered.
    pub(crate) routed: Routed,
    /// How many attempts were made; the last one succeeded.
    pub(crate) attempts: u32,
    /// How much of the time was spent waiting for providers, and pausing between attempts.
    pub(crate) waited: Duration,
    /// The provider's reply headers.
    pub(crate) headers: HeaderMap,
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
    call: &Arc<Call>,
    envelope: &Envelope,
) -> Result<Attempted, (Fault, u32)> {
    let mut waited = Duration::ZERO;
    let (mut position, mut attempts) = (0, 0);
    loop {
        let Some(routed) = plan.deployment(position) else {
            return Err((
                Fault::gateway(FaultKind::NoDeployment, "no deployment is left to try"),
                attempts,
            ));
        };
        let one = One {
            gateway,
            settings,
            plan,
            call,
            envelope,
            routed,
        };
        let outcome = one.make(&mut waited).await;
        attempts += 1;
        let fault = match outcome {
            Ok((answer, headers)) => {
                return Ok(Attempted {
                    answer,
                    routed: routed.clone(),
                    attempts,
                    waited,
                    headers,
                });
            }
            Err(fault) => fault,
        };
        let jitter = backoff.jitter.mul_f64(gateway.draw_fraction());
        match decide(
            &fault,
            attempts - 1,
            plan.retries,
            plan.others(position),
            Backoff { jitter, ..backoff },
        ) {
            Next::Stop => return Err((fault, attempts)),
            Next::Elsewhere => position += 1,
            Next::Again(pause) => {
                waited += pause;
                tokio::time::sleep(pause).await;
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
    async fn make(&self, waited: &mut Duration) -> Result<(Answer, HeaderMap), Fault> {
        if let Some(reply) = self.local_reply() {
            return Ok((self.encode(reply?)?, HeaderMap::new()));
        }
        let request = self.encode_request().await?;
        let timeouts = self.plan.timeouts(self.routed, self.call.stream);
        let credential = self.routed.deployment.credential;
        let sent = self.gateway.upstream.send(credential, request, &timeouts);
        let reply = self.wait(waited, sent).await?;
        self.receive(reply, waited).await
    }

    /// Awaits something of the provider's. What the gateway does with it is its own time.
    async fn wait<T>(&self, waited: &mut Duration, theirs: impl Future<Output = T>) -> T {
        let began = self.gateway.clock.now();
        let result = theirs.await;
        *waited += self.gateway.clock.now().saturating_duration_since(began);
        result
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
        side_pool::run(self.work(), self.call.body.bytes().len(), move || {
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
        })
        .await
    }

    async fn receive(
        &self,
        reply: UpstreamReply,
        waited: &mut Duration,
    ) -> Result<(Answer, HeaderMap), Fault> {
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
            return Err(self.routed.provider.classify(status, &headers, &bytes));
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
            Err(fault) => Err(redaction.apply(fault)),
        }
    }

    async fn receive_whole(&self, bytes: Bytes) -> Result<Answer, Fault> {
        let (call, envelope, provider) = (
            Arc::clone(self.call),
            self.envelope.clone(),
            self.routed.provider,
        );
        side_pool::run(self.work(), bytes.len(), move || {
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
        })
        .await
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

    /// A reply that needs no upstream: the built-in echo, or a deployment's `mock_response`.
    fn local_reply(&self) -> Option<Result<Reply, Fault>> {
        let Some(text) = &self.routed.deployment.mock_response else {
            return self.routed.provider.answer(self.call);
        };
        let choice = Choice {
            parts: vec![Part::text(&**text)],
            finish: Some(Finish::Stop),
            ..Choice::default()
        };
        let usage = Some(Usage {
            input: 10,
            output: 20,
            ..Usage::default()
        });
        Some(Ok(Reply::Chat(ChatReply {
            choices: vec![choice],
            usage,
            ..ChatReply::default()
        })))
    }

    /// Writes a local reply, streamed where the call asks for it.
    fn encode(&self, reply: Reply) -> Result<Answer, Fault> {
        let (dialect, usage) = (self.call.dialect, reply.usage());
        match reply {
            Reply::Chat(chat) if self.call.stream => {
                let encoder = dialect
                    .stream_encoder(self.envelope.clone())
                    .ok_or_else(no_stream)?;
                let mut relay = Relay::translate(Box::new(Ready(chat.into_deltas())), encoder);
                let all = relay.finish().bytes;
                Ok(Answer::Stream(Box::new(Begun::all(all, relay))))
            }
            reply => Ok(Answer::Whole {
                bytes: dialect.encode_reply(self.call, &reply, self.envelope)?,
                usage,
            }),
        }
    }
}

fn no_stream() -> Fault {
    Fault::gateway(FaultKind::Internal, "this kind of call has no streams")
}

/// A stream that is known from its beginning to its end.
struct Ready(Vec<Delta>);

impl ironward_wire::StreamDecoder for Ready {
    fn push(&mut self, _chunk: Bytes, _deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        deltas.append(&mut self.0);
        Ok(())
    }
}
