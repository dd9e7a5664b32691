//! PRELOGIN (MS-TDS 2.2.6.5) and LOGIN7 (2.2.6.4), read as a server reads them.

use std::io;

use super::options::Encryption;

/// The version that the stand-in claims: SQL Server 2022.
pub(super) const VERSION: (u8, u8, u16) = (16, 0, 4135);

/// Encryption as it stands in PRELOGIN.
pub(super) mod encrypt {
    pub const OFF: u8 = 0;
    pub const ON: u8 = 1;
    pub const NOT_SUPPORTED: u8 = 2;
    pub const REQUIRED: u8 = 3;
}

/// What is encrypted after the negotiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreed {
    Nothing,
    LoginOnly,
    Everything,
}

/// The server's answer to the client's wish and what both will do, or no agreement (the client hangs up).
pub(super) fn negotiate(policy: Encryption, client: u8) -> (u8, Option<Agreed>) {
    use encrypt::{NOT_SUPPORTED, OFF, ON, REQUIRED};
    match (policy, client) {
        (Encryption::NotSupported, OFF | NOT_SUPPORTED) => (NOT_SUPPORTED, Some(Agreed::Nothing)),
        (Encryption::NotSupported, _) => (NOT_SUPPORTED, None),
        (Encryption::Strict, _) => (REQUIRED, None),
        (Encryption::Off, OFF) => (OFF, Some(Agreed::LoginOnly)),
        (Encryption::Off, NOT_SUPPORTED) => (NOT_SUPPORTED, Some(Agreed::Nothing)),
        (Encryption::Off, _) => (ON, Some(Agreed::Everything)),
        (Encryption::On, ON | REQUIRED) => (ON, Some(Agreed::Everything)),
        (Encryption::On | Encryption::Required, OFF) => (REQUIRED, Some(Agreed::Everything)),
        (Encryption::Required, ON | REQUIRED) => (REQUIRED, Some(Agreed::Everything)),
        (Encryption::On | Encryption::Required, _) => (REQUIRED, None),
    }
}

/// The client's ENCRYPTION option; a client without one is taken as "not supported".
pub(super) fn client_encryption(message: &[u8]) -> io::Result<u8> {
    let mut at = 0;
    loop {
        let entry = message.get(at..at + 5);
        match (message.get(at), entry) {
            (Some(0xff), _) => return Ok(encrypt::NOT_SUPPORTED),
            (Some(1), Some(entry)) => {
                let offset = usize::from(u16::from_be_bytes([entry[1], entry[2]]));
                // The upper bits say "client certificate", which is not offered here.
                return message.get(offset).map(|byte| byte & 0x0f).ok_or_else(|| broken("PRELOGIN"));
            }
            (_, Some(_)) => at += 5,
            _ => return Err(broken("PRELOGIN")),
        }
    }
}

/// The server's PRELOGIN: version, encryption, instance accepted, no MARS.
pub(super) fn prelogin_answer(encryption: u8) -> Vec<u8> {
    let version = [VERSION.0, VERSION.1, (VERSION.2 >> 8) as u8, VERSION.2 as u8, 0, 0];
    let options: [(u8, &[u8]); 5] = [(0, &version), (1, &[encryption]), (2, &[0]), (3, &[]), (4, &[0])];
    let mut head = Vec::new();
    let mut data = Vec::new();
    for (token, value) in options {
        head.push(token);
        head.extend(((options.len() * 5 + 1 + data.len()) as u16).to_be_bytes());
        head.extend((value.len() as u16).to_be_bytes());
        data.extend_from_slice(value);
    }
    head.push(0xff);
    head.extend(data);
    head
}

/// What a client said in LOGIN7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The login's name.
    pub user: String,
    /// The client machine's name.
    pub host: String,
    /// The application name that a DBA sees in `sys.dm_exec_sessions`.
    pub application: String,
    /// The database asked for; empty: the login's default.
    pub database: String,
    /// `ApplicationIntent=ReadOnly`.
    pub read_only_intent: bool,
    /// The packet size asked for, in bytes; 0: the server's default.
    pub packet_size: u32,
    /// What was encrypted: `"nothing"`, `"login"` or `"everything"`.
    pub encrypted: &'static str,
}

/// LOGIN7 with the parts that are checked and not kept.
#[derive(Debug)]
pub(super) struct LoginRequest {
    pub login: Login,
    pub password: String,
    pub tds_version: u32,
}

pub(super) fn read_login(message: &[u8], agreed: Agreed) -> io::Result<LoginRequest> {
    let bad = || broken("LOGIN7");
    let u32_at = |at: usize| -> io::Result<u32> {
        let bytes = message.get(at..at + 4).ok_or_else(bad)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    };
    let field = |at: usize| -> io::Result<Vec<u8>> {
        let place = message.get(at..at + 4).ok_or_else(bad)?;
        let start = usize::from(u16::from_le_bytes([place[0], place[1]]));
        let length = usize::from(u16::from_le_bytes([place[2], place[3]])) * 2;
        if length == 0 {
            return Ok(Vec::new());
        }
        message.get(start..start + length).map(<[u8]>::to_vec).ok_or_else(bad)
    };
    let text = |at: usize| field(at).map(|bytes| utf16_text(&bytes));
    let password: Vec<u8> = field(44)?
        .into_iter()
        // Each byte was rotated by a nibble and XORed with 0xA5 (MS-TDS 2.2.6.4).
        .map(|byte| (byte ^ 0xa5).rotate_left(4))
        .collect();
    Ok(LoginRequest {
        login: Login {
            host: text(36)?,
            user: text(40)?,
            application: text(48)?,
            database: text(68)?,
            read_only_intent: message.get(26).ok_or_else(bad)? & 0x20 != 0,
            packet_size: u32_at(8)?,
            encrypted: match agreed {
                Agreed::Nothing => "nothing",
                Agreed::LoginOnly => "login",
                Agreed::Everything => "everything",
            },
        },
        password: utf16_text(&password),
        tds_version: u32_at(4)?,
    })
}

/// UTF-16 little-endian, as all text of a request is.
pub(super) fn utf16_text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the client's {what} is malformed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_read_back() {
        // "Aé" obfuscated: swap the nibbles, then XOR with 0xA5.
        let plain: Vec<u8> = "Aé".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hidden: Vec<u8> = plain.iter().map(|b| b.rotate_left(4) ^ 0xa5).collect();
        let mut message = vec![0u8; 94];
        message[44..48].copy_from_slice(&[94, 0, 2, 0]);
        message.extend(hidden);
        let request = read_login(&message, Agreed::Nothing).unwrap();
        assert_eq!(request.password, "Aé");
    }

    #[test]
    fn encryption_is_agreed_as_the_table_says() {
        use encrypt::{NOT_SUPPORTED, OFF, ON, REQUIRED};
        let everything = Some(Agreed::Everything);
        for (policy, client, answer) in [
            (Encryption::NotSupported, OFF, (NOT_SUPPORTED, Some(Agreed::Nothing))),
            (Encryption::NotSupported, ON, (NOT_SUPPORTED, None)),
            (Encryption::Off, OFF, (OFF, Some(Agreed::LoginOnly))),
            (Encryption::Off, ON, (ON, everything)),
            (Encryption::Off, NOT_SUPPORTED, (NOT_SUPPORTED, Some(Agreed::Nothing))),
            (Encryption::On, ON, (ON, everything)),
            (Encryption::Required, OFF, (REQUIRED, everything)),
            (Encryption::Required, NOT_SUPPORTED, (REQUIRED, None)),
        ] {
            assert_eq!(negotiate(policy, client), answer, "{policy:?} {client}");
        }
    }
}
