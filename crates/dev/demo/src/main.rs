//! Renders the demo performers.
fn main() {}
