use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ironward_identity::{Asked, Identity, LoginFailed};
use ironward_telemetry::{LoggedIn, LoginRefused};
use serde_json::{Value, json};

use super::cookie::{self, Sent};
use super::pending::{Begun, LIFETIME};
use super::person::Person;
use super::sessions::Session;
use super::{Login, check_site};
use crate::fault::Refusal;
use crate::plane::Plane;
use crate::request::parameters;

/// What a browser gets from a callback. The session's cookie is not sent where another site led the
/// browser, and the issuer has just done so: this page is ours, and what it leads to gets the cookie.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta http-equiv=\"refresh\" content=\"0;url=/sso/session\"><title>Ironward</title>\
<p>You are logged in. <a href=\"/sso/session\">Go on</a>\n";

/// Nothing is loaded, run, framed or remembered, and the code in the address is told to nobody.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
];

type Outcome = Result<Response, Refusal>;

/// The routes of logins, where people can log in; nothing where they cannot.
pub(crate) fn routes(plane: &Arc<Plane>) -> Router {
    let Some(login) = &plane.login else {
        return Router::new();
    };
    let desk = Desk {
        plane: Arc::clone(plane),
        login: Arc::clone(login),
    };
    Router::new()
        .route("/sso/login", get(begin))
        .route("/sso/callback", get(finish))
        .route("/sso/session", get(show))
        .route("/sso/logout", post(end))
        .method_not_allowed_fallback(|| async { Refusal::no_route() })
        .with_state(desk)
}

/// What the routes work with.
#[derive(Clone)]
struct Desk {
    plane: Arc<Plane>,
    login: Arc<Login>,
}

async fn begin(State(desk): State<Desk>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    answered(desk.begin(&head).await, &[])
}

async fn finish(State(desk): State<Desk>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    // Whatever comes of it, the login is no longer under way.
    answered(desk.finish(&head).await, &[cookie::LOGIN])
}

async fn show(State(desk): State<Desk>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let outcome = desk.show(&head);
    let is_over = matches!(&outcome, Err(refusal) if refusal.status() == StatusCode::UNAUTHORIZED);
    answered(outcome, if is_over { &[cookie::SESSION] } else { &[] })
}

async fn end(State(desk): State<Desk>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let outcome = desk.end(&head);
    let is_over = outcome.is_ok();
    answered(outcome, if is_over { &[cookie::SESSION] } else { &[] })
}

/// The answer, with which a browser forgets these cookies.
fn answered(outcome: Outcome, forgotten: &[&str]) -> Response {
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let forget = forgotten.iter();
    for forget in forget.filter_map(|name| cookie::set(name, "", Sent::Strict, 0)) {
        headers.append(SET_COOKIE, forget);
    }
    response
}

impl Desk {
    /// Sends the browser to the issuer.
    async fn begin(&self, head: &Parts) -> Outcome {
        if head.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Refusal::bad_request(
                "a login takes no parameters; go to /sso/login alone",
            ));
        }
        let plane = &*self.plane;
        let asked = Asked {
            state: self.draw(),
            nonce: self.draw(),
            verifier: self.draw(),
        };
        let place = self.login.issuer.authorise(&asked).await;
        let place = place.map_err(|failed| refuse(&failed))?;
        let id = self.draw();
        let begun = Begun {
            state: plane.hasher.hash(asked.state.as_bytes()),
            asked,
            source: source(head),
            at: plane.clock.now(),
        };
        let id_hash = plane.hasher.hash(id.as_bytes());
        self.login.pending.begin(id_hash, begun)?;
        let cookie = cookie::set(cookie::LOGIN, &id, Sent::Lax, LIFETIME.as_secs());
        let place = HeaderValue::from_str(&place).ok();
        let (Some(cookie), Some(place)) = (cookie, place) else {
            return Err(Refusal::internal());
        };
        Ok((
            StatusCode::SEE_OTHER,
            [(LOCATION, place), (SET_COOKIE, cookie)],
        )
            .into_response())
    }

    /// Takes what the issuer sent the browser back with.
    async fn finish(&self, head: &Parts) -> Outcome {
        let plane = &*self.plane;
        let given = parameters(head.uri.query())?;
        let asked = self.asked(&head.headers, &given)?;
        if plane.is_stale() {
            return Err(Refusal::unavailable(
                "this node is cut off from the store and cannot tell who may log in; try again soon",
            ));
        }
        // RFC 9207: an answer that another issuer had the browser bring.
        let name = self.login.issuer.name();
        if given.contains_key("iss") && one(&given, "iss") != Some(name) {
            return Err(Refusal::forbidden("the answer is of another issuer"));
        }
        let Some(code) = one(&given, "code") else {
            return Err(Refusal::forbidden(
                "the issuer has logged nobody in, or sent no code along; its own log says why",
            ));
        };
        let identity = self.login.issuer.redeem(code, &asked).await;
        let identity = identity.map_err(|failed| refuse(&failed))?;
        self.let_in(&head.headers, &identity)
    }

    /// The login that is under way in this browser, if the answer is to it.
    fn asked(
        &self,
        headers: &HeaderMap,
        given: &BTreeMap<String, Value>,
    ) -> Result<Asked, Refusal> {
        let plane = &*self.plane;
        let (id, state) = (cookie::read(headers, cookie::LOGIN), one(given, "state"));
        let taken = id.zip(state).and_then(|(id, state)| {
            let (id, state) = (plane.hasher.hash(id), plane.hasher.hash(state.as_bytes()));
            self.login.pending.take(&id, &state, plane.clock.now())
        });
        taken.ok_or_else(|| {
            Refusal::bad_request(
                "no such login is under way in this browser, or it took over ten minutes; begin at \
                 /sso/login on the host of ironward.login.redirect_url",
            )
        })
    }

    /// Begins a session for whoever it is.
    fn let_in(&self, headers: &HeaderMap, identity: &Identity) -> Outcome {
        let (plane, login) = (&*self.plane, &*self.login);
        let subject = &*identity.subject;
        let person = login.person(&plane.directory(), identity);
        let Person { user, proof } = person.map_err(|reason| refused(reason, subject))?;
        let session = Session {
            user: user.id.clone(),
            role: user.object.role,
            created_at: user.object.origin.created_at,
            proof,
            csrf: self.draw(),
            began: plane.clock.now(),
        };
        if !super::person::holds(&plane.directory(), &session) {
            return Err(refused("the user is blocked, or was just changed", subject));
        }
        login.note(&plane.hasher, &session);
        // A session that the browser had is not carried on: its id may be known to somebody else.
        if let Some(old) = cookie::read(headers, cookie::SESSION) {
            login.sessions.end(&plane.hasher.hash(old));
        }
        let id = self.draw();
        login
            .sessions
            .begin(plane.hasher.hash(id.as_bytes()), session);
        LoggedIn {
            user: user.id.as_str(),
            subject: &identity.subject,
        }
        .emit();
        let seconds = login.sessions.lifetime().as_secs();
        let cookie = cookie::set(cookie::SESSION, &id, Sent::Strict, seconds);
        let cookie = cookie.ok_or_else(Refusal::internal)?;
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        Ok(([(CONTENT_TYPE, kind), (SET_COOKIE, cookie)], PAGE).into_response())
    }

    /// Who is logged in, and what their changes have to be sent with.
    fn show(&self, head: &Parts) -> Outcome {
        let session = self.session(head)?;
        check_site(&head.headers, &self.plane.hasher, &session, false)?;
        let (now, sessions) = (self.plane.clock.now(), &self.login.sessions);
        let left = sessions.left(&session, now).as_secs();
        Ok(Json(json!({
            "user_id": session.user.as_str(),
            "user_role": session.role.as_str(),
            "csrf_token": session.csrf,
            "expires_in": left,
            "idle_expires_in": sessions.idle().as_secs().min(left),
        }))
        .into_response())
    }

    /// Ends the session.
    fn end(&self, head: &Parts) -> Outcome {
        let session = self.session(head)?;
        check_site(&head.headers, &self.plane.hasher, &session, true)?;
        if let Some(id) = cookie::read(&head.headers, cookie::SESSION) {
            self.login.sessions.end(&self.plane.hasher.hash(id));
        }
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn session(&self, head: &Parts) -> Result<Arc<Session>, Refusal> {
        let plane = &*self.plane;
        let presented = (&head.headers, &*plane.hasher);
        let found = self
            .login
            .find(presented, &plane.directory(), plane.clock.now());
        found.map_err(|refusal| {
            let source = source(head).filter(|_| Login::is_session(&head.headers));
            plane.count_wrong_key(refusal, source)
        })
    }

    /// 256 random bits, as text.
    fn draw(&self) -> String {
        let bytes: [u8; 32] = self.plane.draw();
        bytes
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                // Writing to a text cannot fail.
                let _written = write!(hex, "{byte:02x}");
                hex
            })
    }
}

/// The one value of a parameter.
fn one<'g>(given: &'g BTreeMap<String, Value>, name: &str) -> Option<&'g str> {
    given.get(name).and_then(Value::as_str)
}

fn source(head: &Parts) -> Option<IpAddr> {
    let source = head.extensions.get::<ConnectInfo<SocketAddr>>();
    source.map(|source| source.0.ip())
}

/// The log says why; a stranger in front of a browser learns no address of the network.
fn refuse(failed: &LoginFailed) -> Refusal {
    let refusal = match failed {
        LoginFailed::Unavailable(_) | LoginFailed::Paused => Refusal::unavailable(
            "the issuer cannot be asked now; the gateway's log says why, try again soon",
        ),
        LoginFailed::Refused(_) => Refusal::forbidden(
            "the issuer does not vouch for this login; the gateway's log says why, begin again at \
             /sso/login",
        ),
    };
    if !matches!(failed, LoginFailed::Paused) {
        LoginRefused {
            reason: failed,
            subject: None,
        }
        .emit();
    }
    refusal
}

/// The issuer vouches for somebody, who is not let in.
fn refused(reason: &'static str, subject: &str) -> Refusal {
    LoginRefused {
        reason: &reason,
        subject: Some(subject),
    }
    .emit();
    Refusal::forbidden(reason)
}
