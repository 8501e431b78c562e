use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ironward_core::{Clock, CredentialId, Fault, Timeouts, UpstreamRequest};
use tokio::time::timeout_at;

use crate::alarm::Deadlines;
use crate::body::Source;
use crate::connect::Connected;
use crate::http1::Head;
use crate::http2::Shared;
use crate::link::{Link, Setback, Whole};
use crate::outgoing::Outgoing;
use crate::pool::{Keeping, Lane, Pool, Taken};
use crate::receive::{Arrived, receive};
use crate::upstream::BoxFuture;
use crate::{Credential, Credentials, Dialler, Timing, Upstream, UpstreamReply, faults, outgoing};

/// A connection that rested for this long is given a second look before it is used.
const DOUBTFUL: Duration = Duration::from_millis(100);

/// How often a request is taken to another connection before it counts as a failure. Each time is
/// without effect on the provider, so this only guards against a peer that closes everything.
const TRIES: usize = 4;

/// The way out of one data-plane thread, with its own connections.
///
/// It has to be used within a tokio runtime that has its I/O and time drivers enabled. Its
/// futures are `Send`, so a multi-threaded runtime works too; one instance for each
/// single-threaded runtime is faster.
pub struct Egress {
    credentials: Arc<Credentials>,
    dialler: Arc<Dialler>,
    clock: Arc<dyn Clock>,
    pool: Pool,
}

impl Egress {
    /// A way out without connections.
    #[must_use]
    pub fn new(credentials: Arc<Credentials>, dialler: Arc<Dialler>) -> Self {
        let clock = Arc::clone(&dialler.clock);
        let pool = Pool::new(Keeping {
            clock: Arc::clone(&clock),
            idle_per_origin: dialler.settings.idle_per_origin,
            keep_alive: dialler.settings.idle_keep_alive,
            draining: AtomicBool::new(false),
        });
        Self {
            credentials,
            dialler,
            clock,
            pool,
        }
    }

    /// Closes the connections that no request is on.
    pub fn close_idle(&self) {
        self.pool.close_idle();
    }

    /// From now on, closes every connection as soon as its reply is read. Requests still go out:
    /// calls that were admitted before the drain end as they would have.
    pub fn drain(&self) {
        self.pool.drain();
    }

    /// How many connections no request is on.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.pool.idle()
    }

    async fn attempt(
        &self,
        id: CredentialId,
        request: UpstreamRequest,
        timeouts: &Timeouts,
    ) -> Result<UpstreamReply, Fault> {
        let started = self.clock.now();
        let deadlines = Deadlines::start(timeouts, request.stream);
        let credential = self
            .credentials
            .open(id)
            .ok_or_else(faults::credential_gone)?;
        // A stream is as long as it is; it is never in memory as a whole.
        let limit = if request.stream {
            u64::MAX
        } else {
            self.dialler.reply_limit()
        };
        let lane = self
            .pool
            .lane(credential.endpoint(), |endpoint| self.dialler.way(endpoint));
        let request = outgoing::prepare(request, &credential, &self.dialler.user_agent)?;
        let sent = self
            .exchange(&lane, (&credential, request), &deadlines)
            .await?;
        let arrived = Arrived {
            head: sent.head,
            timing: Timing {
                connect: sent.on.connect,
                head: self.clock.now().saturating_duration_since(started),
                reused: sent.on.reused,
            },
            source: Source {
                link: sent.on.link,
                lane,
            },
        };
        let reply = receive(arrived, &credential, &deadlines, limit).await;
        reply.map_err(Fault::after_sending)
    }

    async fn exchange(
        &self,
        lane: &Lane,
        (credential, mut request): (&Credential, Outgoing),
        deadlines: &Deadlines,
    ) -> Result<Exchanged, Fault> {
        let mut tries = 1;
        loop {
            let mut on = self.link(lane, tries > 1, deadlines).await?;
            // From here on the peer may have the secret, whatever becomes of the request.
            credential.note_use(&*self.clock);
            match on.link.send(request, lane, deadlines).await {
                Ok(head) => return Ok(Exchanged { head, on }),
                Err(Setback {
                    unsent: Some(unsent),
                    ..
                }) if on.reused && tries < TRIES => {
                    request = *unsent;
                    tries += 1;
                }
                Err(Setback {
                    fault,
                    unsent: Some(_),
                }) => return Err(fault),
                Err(Setback { fault, .. }) => return Err(fault.after_sending()),
            }
        }
    }

    /// A pooled connection, or a new one.
    async fn link(&self, lane: &Lane, again: bool, deadlines: &Deadlines) -> Result<On, Fault> {
        let now = self.clock.now();
        if again {
            // What was in the pool was stale, and its neighbours are of the same age. Streams are
            // on connections that are in use.
            if let Some(stream) = lane.take_stream(now) {
                return Ok(On::reused(Link::Stream(stream)));
            }
        } else {
            while let Some(Taken { mut link, rested }) = lane.take(now) {
                if rested < DOUBTFUL {
                    return Ok(On::reused(link));
                }
                // What the peer did is known only after the runtime has asked the system, which it
                // does between two turns. One turn finds out before a request is lost.
                tokio::task::yield_now().await;
                if link.is_fit() {
                    return Ok(On::reused(link));
                }
            }
        }
        // Boxed, so that the frequent case does not carry the state of the rare one around.
        let connecting = Box::pin(self.connect(lane));
        timeout_at(deadlines.connect(), connecting)
            .await
            .unwrap_or_else(|_| Err(deadlines.late_connect()))
    }

    async fn connect(&self, lane: &Lane) -> Result<On, Fault> {
        let started = self.clock.now();
        let mut turn = None;
        if lane.may_share(self.dialler.settings.http2) {
            turn = Some(lane.dialling.lock().await);
            // Whoever had the turn before may have made what we need.
            if let Some(stream) = lane.take_stream(self.clock.now()) {
                return Ok(On::reused(Link::Stream(stream)));
            }
            if !lane.may_share(true) {
                turn = None;
            }
        }
        self.pool.sweep();
        let connected = self.dialler.connect(&lane.endpoint, &lane.way).await?;
        let link = match connected {
            Connected::Plain(stream) => Link::Whole(Whole::new(stream)),
            Connected::Tls(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                Link::Stream(lane.share(Shared::start(*stream).await?))
            }
            Connected::Tls(stream) => {
                lane.chose_http1();
                Link::Whole(Whole::new(*stream))
            }
        };
        drop(turn);
        Ok(On {
            link,
            reused: false,
            connect: self.clock.now().saturating_duration_since(started),
        })
    }
}

/// What a request goes out on, and how it was come by.
struct On {
    link: Link,
    reused: bool,
    connect: Duration,
}

impl On {
    fn reused(link: Link) -> Self {
        Self {
            link,
            reused: true,
            connect: Duration::ZERO,
        }
    }
}

struct Exchanged {
    head: Head,
    on: On,
}

impl Upstream for Egress {
    fn send<'a>(
        &'a self,
        credential: CredentialId,
        request: UpstreamRequest,
        timeouts: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        Box::pin(self.attempt(credential, request, timeouts))
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
