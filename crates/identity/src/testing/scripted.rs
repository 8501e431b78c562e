//! A way out that answers from a table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use ironward_config::Issuer;
use ironward_core::{Clock, CredentialId, Fault, FaultKind, Retry, Timeouts, UpstreamRequest};
use ironward_egress::{
    BoxFuture, Credentials, Redaction, ReplyBody, Timing, Upstream, UpstreamReply,
};
use ironward_testkit::FakeClock;

use crate::fetch::Fetcher;

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Body(String),
    Status(u16),
    Down,
    /// Never.
    Hangs,
}

impl Answer {
    pub(crate) fn json(text: String) -> Self {
        Self::Body(text)
    }
}

pub(crate) struct Scripted {
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<String>>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) clock: Arc<FakeClock>,
}

impl Scripted {
    pub(crate) fn new(answers: &[(&str, Answer)]) -> Arc<Self> {
        let answers = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.clone()));
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            asked: Mutex::default(),
            credentials: Credentials::new(),
            clock: Arc::new(FakeClock::new()),
        })
    }

    pub(crate) fn fetcher(self: &Arc<Self>, issuer: Issuer) -> Fetcher {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let upstream = Arc::clone(self) as Arc<dyn Upstream>;
        Fetcher::new(issuer, upstream, &self.credentials, clock).unwrap()
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn reply(&self, request: UpstreamRequest) -> Result<UpstreamReply, Fault> {
        self.asked.lock().unwrap().push(request.path.clone());
        let answer = self.answers.lock().unwrap().get(&request.path).cloned();
        let (status, body) = match answer.unwrap_or(Answer::Status(404)) {
            Answer::Body(text) => (200, text),
            Answer::Status(status) => (status, String::new()),
            Answer::Down => {
                let retry = Retry::Elsewhere(None);
                return Err(Fault::upstream(
                    FaultKind::BadGateway,
                    retry,
                    "no connection",
                ));
            }
            Answer::Hangs => std::future::pending().await,
        };
        Ok(UpstreamReply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: ReplyBody::whole(body),
            redaction: Redaction::default(),
            timing: Timing::default(),
        })
    }
}

impl Upstream for Scripted {
    fn send<'a>(
        &'a self,
        _credential: CredentialId,
        request: UpstreamRequest,
        _timeouts: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        Box::pin(self.reply(request))
    }
}
