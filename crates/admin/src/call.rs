use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Bytes;
use ironward_policy::access::{Denial, Permission, Route, authorise};
use ironward_store::objects::Origin;
use serde_json::Value;

use crate::actor::Actor;
use crate::acts::Touched;
use crate::answer::Answer;
use crate::fault::Refusal;
use crate::permit::Permit;
use crate::plane::Plane;
use crate::request::{Shape, read_body, read_filled_body, read_query};
use crate::target::Target;

/// One request to a route of the table, by somebody who has proven who they are.
pub(crate) struct Call<'a> {
    pub(crate) plane: &'a Plane,
    pub(crate) actor: &'a Actor,
    pub(crate) route: Route,
    /// What stands for the `{}` of the path.
    pub(crate) name: Option<Box<str>>,
    pub(crate) query: Option<&'a str>,
    /// What the client wants to read.
    pub(crate) accept: &'a str,
    pub(crate) bytes: Bytes,
    /// The address that the request came from.
    pub(crate) source: Option<IpAddr>,
    /// What it has written so far.
    pub(crate) touched: Touched,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
}

/// How an operation ends.
pub(crate) type Outcome = Result<Answer, Refusal>;

impl Call<'_> {
    /// The body.
    ///
    /// # Errors
    /// When it is not what the operation takes.
    pub(crate) fn body<T: Shape>(&self) -> Result<T, Refusal> {
        read_body(self.bytes.clone())
    }

    /// The body, with what `fill` adds to what it says.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub(crate) fn filled_body<T: Shape>(
        &self,
        fill: impl FnOnce(&mut BTreeMap<String, Value>),
    ) -> Result<T, Refusal> {
        read_filled_body(self.bytes.clone(), fill)
    }

    /// The body, where there may be none.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub(crate) fn body_or_empty<T: Shape>(&self) -> Result<T, Refusal> {
        if self.bytes.trim_ascii().is_empty() {
            read_body(Bytes::from_static(b"{}"))
        } else {
            self.body()
        }
    }

    /// The query string.
    ///
    /// # Errors
    /// As for the body.
    pub(crate) fn query<T: Shape>(&self) -> Result<T, Refusal> {
        read_query(self.query)
    }

    /// Made now, by the actor.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            created_at: self.now,
            created_by: self.actor.id().into(),
            updated_at: self.now,
            updated_by: self.actor.id().into(),
        }
    }

    /// Changed now, by the actor.
    pub(crate) fn stamp(&self, origin: &mut Origin) {
        origin.updated_at = self.now;
        origin.updated_by = self.actor.id().into();
    }

    /// The permission to do what the route does to `target`.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn authorise(&self, target: &Target) -> Result<Permit, Refusal> {
        self.ask(self.route, Some(target))
            .map(|_| Permit::granted(&self.touched))
            .map_err(forbid)
    }

    /// Whether the actor may do what another route does: a change may hold one of a stricter kind.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn authorise_as(&self, route: Route, target: &Target) -> Result<(), Refusal> {
        self.ask(route, Some(target)).map(drop).map_err(forbid)
    }

    /// The permission to do it to an object that exists and that was asked for by its id. An
    /// object that the actor has nothing to do with is answered as one that is not there.
    ///
    /// # Errors
    /// 403, or `missing`.
    pub(crate) fn authorise_found(
        &self,
        target: &Target,
        missing: impl FnOnce() -> Refusal,
    ) -> Result<Permit, Refusal> {
        match self.ask(self.route, Some(target)) {
            Ok(_) => Ok(Permit::granted(&self.touched)),
            Err(Denial::Ownership { .. }) => Err(missing()),
            Err(denial @ Denial::Role { .. }) => Err(forbid(denial)),
        }
    }

    /// The permission to use a route that is about no object, and, for a list, the route by which
    /// each item is judged.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn authorise_route(&self) -> Result<(Permit, Option<Route>), Refusal> {
        match self.ask(self.route, None) {
            Ok(Permission::Granted) => Ok((Permit::granted(&self.touched), None)),
            Ok(Permission::EachBy(route)) => Ok((Permit::granted(&self.touched), Some(route))),
            Err(denial) => Err(forbid(denial)),
        }
    }

    /// Whether an item of a list is shown.
    pub(crate) fn shows(&self, by: Option<Route>, target: &Target) -> bool {
        by.is_none_or(|route| self.ask(route, Some(target)).is_ok())
    }

    /// Whether the actor could ever use the route: asked before anything of the request is read.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn admit(&self) -> Result<(), Refusal> {
        match self.ask(self.route, None) {
            Err(denial @ Denial::Role { .. }) => Err(forbid(denial)),
            Ok(_) | Err(Denial::Ownership { .. }) => Ok(()),
        }
    }

    fn ask(&self, route: Route, target: Option<&Target>) -> Result<Permission, Denial> {
        self.actor.with(|actor| match target {
            Some(target) => target.with(|target| authorise(actor, route, Some(target))),
            None => authorise(actor, route, None),
        })
    }
}

fn forbid(denial: Denial) -> Refusal {
    Refusal::forbidden(denial.to_string())
}
