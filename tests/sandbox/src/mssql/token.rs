//! The tokens of a server's answer that carry no rows (MS-TDS 2.2.7): ENVCHANGE, LOGINACK, ERROR, INFO, DONE and kin.
//!
//! Own code rather than the crate `tds-protocol`: that one is a client's half (it decodes these tokens and encodes
//! requests), and two halves by the same hand would prove less.

use super::error::SqlError;
use super::sqltype::Collation;

/// DONE status bits (MS-TDS 2.2.7.6).
pub(super) mod done {
    pub const FINAL: u16 = 0x000;
    pub const MORE: u16 = 0x001;
    pub const ERROR: u16 = 0x002;
    pub const COUNT: u16 = 0x010;
    pub const ATTN: u16 = 0x020;
}

/// Which DONE: after a statement of a batch, after one inside a procedure, after a procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Batch = 0xfd,
    Proc = 0xfe,
    InProc = 0xff,
}

/// `CurCmd` of a SELECT.
pub(super) const CMD_SELECT: u16 = 0xc1;

pub(super) fn done_token(out: &mut Vec<u8>, kind: Done, status: u16, command: u16, rows: u64) {
    out.push(kind as u8);
    out.extend(status.to_le_bytes());
    out.extend(command.to_le_bytes());
    out.extend(rows.to_le_bytes());
}

/// RETURNSTATUS of a procedure.
pub(super) fn return_status(out: &mut Vec<u8>, status: i32) {
    out.push(0x79);
    out.extend(status.to_le_bytes());
}

pub(super) fn error(out: &mut Vec<u8>, error: &SqlError, server: &str) {
    message(out, 0xaa, error, server);
}

pub(super) fn info(out: &mut Vec<u8>, number: u32, state: u8, text: &str, server: &str) {
    let note = SqlError::new(number, 0, state, text).at(1);
    message(out, 0xab, &note, server);
}

fn message(out: &mut Vec<u8>, token: u8, error: &SqlError, server: &str) {
    token_with_length(out, token, |out| {
        out.extend(error.number.to_le_bytes());
        out.push(error.state);
        out.push(error.class);
        us_varchar(out, &error.message);
        b_varchar(out, server);
        b_varchar(out, "");
        out.extend(error.line.max(1).to_le_bytes());
    });
}

/// ENVCHANGE types (MS-TDS 2.2.7.9).
#[derive(Debug, Clone)]
pub(super) enum EnvChange<'a> {
    Database { new: &'a str, old: &'a str },
    Language { new: &'a str },
    PacketSize { new: u32, old: u32 },
    Collation(Collation),
    BeginTransaction(u64),
    CommitTransaction(u64),
    RollbackTransaction(u64),
    Routing { host: &'a str, port: u16 },
}

pub(super) fn env_change(out: &mut Vec<u8>, change: &EnvChange<'_>) {
    token_with_length(out, 0xe3, |out| match change {
        EnvChange::Database { new, old } => {
            out.push(1);
            b_varchar(out, new);
            b_varchar(out, old);
        }
        EnvChange::Language { new } => {
            out.push(2);
            b_varchar(out, new);
            b_varchar(out, "");
        }
        EnvChange::PacketSize { new, old } => {
            out.push(4);
            b_varchar(out, &new.to_string());
            b_varchar(out, &old.to_string());
        }
        EnvChange::Collation(collation) => {
            out.extend([7, 5]);
            out.extend(collation.bytes());
            out.push(0);
        }
        EnvChange::BeginTransaction(id) => {
            out.extend([8, 8]);
            out.extend(id.to_le_bytes());
            out.push(0);
        }
        EnvChange::CommitTransaction(id) => {
            out.extend([9, 0, 8]);
            out.extend(id.to_le_bytes());
        }
        EnvChange::RollbackTransaction(id) => {
            out.extend([10, 0, 8]);
            out.extend(id.to_le_bytes());
        }
        EnvChange::Routing { host, port } => {
            out.push(20);
            let units: Vec<u8> = host.encode_utf16().flat_map(u16::to_le_bytes).collect();
            // Protocol TCP, the port, the name; no old value.
            out.extend(((units.len() + 5) as u16).to_le_bytes());
            out.push(0);
            out.extend(port.to_le_bytes());
            out.extend(((units.len() / 2) as u16).to_le_bytes());
            out.extend(units);
            out.extend([0, 0]);
        }
    });
}

/// LOGINACK: T-SQL interface, the TDS version as the client asked, the program and its version.
pub(super) fn login_ack(out: &mut Vec<u8>, tds_version: u32, version: (u8, u8, u16)) {
    token_with_length(out, 0xad, |out| {
        out.push(1);
        out.extend(tds_version.to_be_bytes());
        b_varchar(out, "Microsoft SQL Server\0\0");
        out.extend([version.0, version.1]);
        out.extend(version.2.to_be_bytes());
    });
}

fn token_with_length(out: &mut Vec<u8>, token: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(token);
    let at = out.len();
    out.extend([0, 0]);
    body(out);
    let length = (out.len() - at - 2) as u16;
    out[at..at + 2].copy_from_slice(&length.to_le_bytes());
}

/// B_VARCHAR: a byte with the number of UTF-16 units, then the units.
pub(super) fn b_varchar(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(units.len() as u8);
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

fn us_varchar(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(4000).collect();
    out.extend((units.len() as u16).to_le_bytes());
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}
