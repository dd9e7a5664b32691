//! The parts that every product goes through, in memory: `cargo bench --bench micro`. Shows a regression before the real
//! benchmark does. Reading order: `catalogue` (both sides in step), then one module for each part.

mod catalogue;
mod digests;
mod planning;
mod reading;
#[path = "../real/recipe.rs"]
#[allow(dead_code, reason = "the real benchmark uses more of it")]
mod recipe;

/// Products in each; throughput is told in products.
const SIZE: u64 = 20_000;

fn main() {
    divan::main();
}
