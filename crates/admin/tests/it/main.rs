//! The admin plane over a real store, request by request.
#![cfg(test)]

mod attacks;
mod canary;
mod credentials;
mod fixture;
mod groups;
mod keys;
mod model_attacks;
mod models;
mod organisations;
mod service_accounts;
mod strangers;
mod teams;
mod users;
