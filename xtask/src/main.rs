//! The house's own tasks; `cargo xtask help` lists them.

fn main() {}
