//! What Ironward keeps: the objects that carry authority, in a database that is not trusted.

mod ids;
mod role;

pub mod objects;
