//! The admin plane over a real store, request by request.
#![cfg(test)]

mod attacks;
mod fixture;
mod keys;
mod organisations;
mod strangers;
mod teams;
mod users;
