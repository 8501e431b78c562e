//! Ironward, the AI gateway built like a vault.

fn main() {}
