//! What docs/security.md promises, with the built binary against the stand-ins: secrets stay secret, servers are checked, weaker
//! settings are warned of, files are not for others, and odd names stay names.

#![allow(missing_docs)]

mod files;
mod forms;
mod injection;
mod rights;
mod secrets;
mod stage;
mod statements;
mod tls;
mod warnings;
mod wire;
