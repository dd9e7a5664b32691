//! The target adapter: Odoo 14 to 19 over its API. Knows the catalogue, never the source.
//!
//! [`transport`] speaks HTTP, [`client`] connects and repeats, [`procedure`] holds the code that runs inside Odoo,
//! [`setup`] installs it, [`session`] greets it, [`snapshot`] and [`barcodes`] read and [`writer`] writes through it, under the [`lease`].
//! [`history`] and [`runs`] read what runs recorded, [`deferred`] what waits, and notes what people chose, past the
//! procedures. [`prune`] takes away what is old, [`doctor`] looks at everything once and says what it finds. [`script`] is an
//! Odoo for tests.

pub mod barcodes;
pub mod client;
pub mod deferred;
pub mod digest;
pub mod doctor;
pub mod error;
pub mod history;
pub mod lease;
pub mod procedure;
pub mod prune;
pub mod retry;
mod row;
pub mod runs;
pub mod script;
pub mod session;
pub mod setup;
pub mod snapshot;
pub mod transport;
pub mod writer;

pub use client::{ConnectOptions, Odoo, TransportChoice, Trust};
pub use error::{ErrorClass, ErrorKind, Fault, OdooError};
pub use lease::{Lease, Pause};
pub use retry::{Hurry, Retry};
pub use session::{Constants, Named, NewKind, Session, SessionOptions, require_setup};
pub use writer::Writer;
