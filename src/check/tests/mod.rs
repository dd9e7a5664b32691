//! Each kind of finding by example, and what holds for all inputs.

mod cases;
mod properties;
mod world;
