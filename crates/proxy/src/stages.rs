//! One file a stage, in the order in which [`serve`](crate::pipeline::serve) calls them.

mod admit;
mod asks;
mod attempt;
mod authenticate;
mod authorise;
mod local;
mod read_call;
mod reserve;
mod route;
mod settle;

pub(crate) use admit::{Grant, Outcome, Recorded, Request, admit};
pub(crate) use attempt::{Failed, attempt};
pub(crate) use authenticate::{Arrival, Caller, authenticate};
pub(crate) use authorise::{
    Authorised, Permit, Visible, authorise, find_group, judged_name, may_call, meaning,
    model_asked_for,
};
pub(crate) use read_call::{Arrived, read_call};
pub(crate) use reserve::{Cap, bounds, reserve};
pub(crate) use route::{Plan, route};
pub(crate) use settle::settle;
