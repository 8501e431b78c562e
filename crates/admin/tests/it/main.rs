//! The admin plane over a real store, request by request.
#![cfg(test)]

mod acts;
mod attacks;
mod canary;
mod contract;
mod credentials;
mod document;
mod explain;
mod fixture;
mod groups;
mod keys;
mod last_uses;
mod lists;
mod making;
mod matrix;
mod metrics;
mod model_attacks;
mod models;
mod names;
mod organisations;
mod prices;
mod reach;
mod service_accounts;
mod strangers;
mod teams;
mod users;
