//! What stands around a call: the client's key, the labels of the reply, and the small routes that
//! clients ask first.

mod authentication;
mod labels;
mod routes;
