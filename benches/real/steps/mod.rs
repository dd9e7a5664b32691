//! The steps: each measures one thing at one size, the tool and its ceilings in turn.

pub mod batches;
pub mod changes;
pub mod first_import;
pub mod growth;
pub mod peers;
pub mod read;
pub mod unchanged;
