//! What SQL Server's error numbers and the TLS library's words mean for this tool, and what to do about them.
//!
//! Pure tables. The numbers are those of `sys.messages`.

use super::error::Kind;

/// What an error number means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hint {
    pub kind: Kind,
    /// Beginning anew may help.
    pub transient: bool,
    /// What to do.
    pub cure: &'static str,
}

const WRAP: &str = "the query is used as a table, SELECT … FROM (query) AS q, so it must be one SELECT without ORDER BY, \
     WITH and GO, and every column needs a name of its own; anything else belongs into a view, which the query then reads";

/// Looks a number up; the severity tells where the number is unknown (20 and above ends the connection).
pub(super) fn of_number(number: u32, severity: u8) -> Hint {
    let refused = |cure| Hint { kind: Kind::Refused, transient: false, cure };
    let wrong = |cure| Hint { kind: Kind::Configuration, transient: false, cure };
    let failed = |cure| Hint { kind: Kind::Failed, transient: false, cure };
    let again = |cure| Hint { kind: Kind::Failed, transient: true, cure };
    let away = |cure| Hint { kind: Kind::Unreachable, transient: true, cure };
    match number {
        18_456 => refused(
            "check user and password; the true reason is in SQL Server's error log (the state above is hidden from \
             clients): a wrong password, a disabled login, or a server that only accepts Windows accounts",
        ),
        18_452 => refused(
            "the server accepts Windows accounts only, or the user is one: create an SQL login and allow \"SQL Server \
             and Windows Authentication mode\"",
        ),
        18_470 => refused("the login is disabled: ALTER LOGIN … ENABLE"),
        18_486 => refused("the login is locked out after wrong passwords: ALTER LOGIN … WITH PASSWORD = … UNLOCK"),
        18_487 | 18_488 => {
            refused("the password has expired: set a new one, and CHECK_EXPIRATION = OFF for this login")
        }
        18_451 | 17_142 | 18_401 | 6_005 => away("the server is starting, pausing or stopping; try later"),
        17_809 | 17_810 | 10_928 | 10_929 => away("the server has no connection to spare; try later"),
        4_060 | 4_064 | 916 => refused(
            "the database does not exist under this name, is offline, or the login has no user in it: CREATE USER … FOR \
             LOGIN …",
        ),
        229 | 230 | 262 | 297 | 300 | 371 => {
            refused("the account lacks a right: GRANT SELECT ON that table or view (and nothing more) to its user")
        }
        208 => wrong(
            "check the table's or view's name and schema in the query, and that the account has SELECT on it: what an \
             account may not see does not exist for it",
        ),
        207 | 4_104 => wrong("check the columns' names in the query and in the settings against the table"),
        1_033 | 102 | 156 | 319 | 336 | 8_155 | 8_156 | 2_715 | 1_046 => wrong(WRAP),
        245 | 248 | 8_114 | 8_115 | 8_169 | 220 | 241 | 242 | 8_134 => wrong(
            "a value does not convert; find it, or leave it out in the query, for example with TRY_CAST or NULLIF",
        ),
        468 | 457 => wrong("the query compares texts of different collations; add COLLATE to one side"),
        3_952 => {
            wrong("allow it with ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON, or set isolation to read-committed")
        }
        3_996 | 41_332 | 41_333 | 41_368 | 3_963 => wrong(
            "the query reads something that SNAPSHOT isolation cannot (a memory-optimised table, another server); set \
             isolation to read-committed",
        ),
        1_205 => again("another session won a deadlock; if it happens at every run, read at a quieter time"),
        1_222 => again(
            "somebody holds a lock for longer than lock_timeout; find the blocking session, allow SNAPSHOT isolation, or \
             read at a quieter time",
        ),
        3_960 | 3_961 | 3_958 | 3_966 | 3_967 => {
            again("the snapshot was lost to a change of a table or to a full tempdb; if it stays, ask the DBA")
        }
        601 => again("the data moved during the read"),
        701 | 802 | 8_628 | 8_645 | 8_651 | 40_501 | 40_550 | 40_549 => {
            again("the server is short of memory or throttles; try at a quieter time")
        }
        596 | 4_221 | 40_197 | 40_540 | 40_143 | 40_544 => again("the server ended the session; try later"),
        40_613 | 49_918 | 49_919 | 49_920 | 40_615 | 921 | 922 | 923 | 927 | 942 | 952 | 976 | 978 | 979 | 982
        | 983 => away(
            "the database is not available now: starting, restoring, offline, or on a replica that does not answer reads; \
             try later, or ask the DBA",
        ),
        233 | 64 | 10_053 | 10_054 | 10_060 => away("the connection broke on the server's side; try later"),
        _ if severity >= 20 => again("the server ended the connection; its error log says more"),
        _ => failed("ask the DBA, with the number and the text"),
    }
}

/// The setting to blame is the isolation, so that [`super::Isolation::Auto`] may fall back to READ COMMITTED.
pub(super) fn snapshot_is_impossible(number: u32) -> bool {
    matches!(number, 3_952 | 3_996 | 41_332 | 41_333 | 41_368 | 3_963)
}

/// Explains a failed TLS handshake: what is wrong, and the cure; `ca_file` says whether a file was given.
pub(super) fn of_tls(words: &str, ca_file: bool) -> (String, &'static str) {
    let says = |sign: &str| words.contains(sign);
    if says("CaUsedAsEndEntity") {
        return (
            "its certificate is self-signed and marked as a CA (CaUsedAsEndEntity), which is refused as a server's \
             certificate even when it is trusted"
                .to_owned(),
            "install a certificate signed by a CA and name the CA's certificate in ca_file with tls = \"ca-file\", or set \
             tls = \"trust-any\" and accept whoever answers",
        );
    }
    if says("UnknownIssuer") || says("BadSignature") {
        let cure = if ca_file {
            "ca_file must hold the CA that signed the server's certificate"
        } else {
            "SQL Server's own certificate is self-signed by default: install one signed by a CA and name that CA in ca_file \
             with tls = \"ca-file\", or set tls = \"trust-any\" and accept whoever answers"
        };
        return ("its certificate is signed by nobody whom this machine trusts".to_owned(), cure);
    }
    if says("not valid for name") || says("NotValidForName") {
        let names = words.split_once("certificate not valid for name ").map_or("", |(_, rest)| rest);
        let names = names.split(". ").next().unwrap_or_default().trim_end_matches('.');
        let problem = if names.is_empty() {
            "its certificate is for another name".to_owned()
        } else {
            format!("its certificate is not for the name {names}")
        };
        return (problem, "write the certificate's name as host, or install a certificate for this name");
    }
    if says("expired") || says("Expired") {
        return ("its certificate has expired".to_owned(), "install a new one on the server");
    }
    if says("not valid yet") || says("NotValidYet") {
        return ("its certificate is not valid yet".to_owned(), "compare the clocks of both machines");
    }
    if says("UnsupportedCertVersion") || says("UnsupportedSignatureAlgorithm") {
        return (
            "its certificate is of an outdated kind".to_owned(),
            "install a new certificate (X.509 version 3, SHA-256), or set tls = \"trust-any\" and accept whoever answers",
        );
    }
    if says("ProtocolVersion") || says("HandshakeFailure") || says("incompatible") {
        return (
            format!("it offers no TLS 1.2 ({})", first_sentence(words)),
            "install the update that brings TLS 1.2 (SQL Server 2008 to 2014 need one), or set tls = \"off\" on a network \
             that you trust",
        );
    }
    if says("does not allow the requested encryption") {
        return (
            "it offers no encryption".to_owned(),
            "install a certificate on the server, or set tls = \"off\" on a network that you trust",
        );
    }
    if says("no usable CA certificates") || says("could not load platform certificates") {
        return (
            "this machine has no trusted root certificates".to_owned(),
            "install the package ca-certificates, or name the CA in ca_file with tls = \"ca-file\"",
        );
    }
    (first_sentence(words).to_owned(), "check the server's certificate, tls and ca_file")
}

/// The words up to the library's own advice, which names functions that nobody can call from outside.
fn first_sentence(words: &str) -> &str {
    words.split(" To connect anyway").next().unwrap_or(words).trim().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_worth_another_attempt() {
        for number in [1_205, 1_222, 3_960, 3_961, 40_613, 40_197, 596, 701, 922, 10_054] {
            assert!(of_number(number, 16).transient, "{number}");
        }
        for number in [18_456, 18_452, 4_060, 229, 208, 207, 1_033, 102, 156, 3_952, 8_115, 50_000] {
            assert!(!of_number(number, 16).transient, "{number}");
        }
        assert!(of_number(12_345, 20).transient, "severity 20 ends the connection");
    }

    #[test]
    fn numbers_by_kind() {
        let table = [
            (18_456, Kind::Refused),
            (4_060, Kind::Refused),
            (229, Kind::Refused),
            (208, Kind::Configuration),
            (207, Kind::Configuration),
            (1_033, Kind::Configuration),
            (40_613, Kind::Unreachable),
            (1_205, Kind::Failed),
            (99_999, Kind::Failed),
        ];
        for (number, kind) in table {
            assert_eq!(of_number(number, 16).kind, kind, "{number}");
        }
    }

    #[test]
    fn tls_words_become_cures() {
        let table = [
            (
                "rejected: Other(OtherError(CaUsedAsEndEntity)). To connect anyway you can",
                "CaUsedAsEndEntity",
                "ca_file",
            ),
            ("rejected: UnknownIssuer. To connect", "nobody whom this machine trusts", "trust-any"),
            (
                "rejected: certificate not valid for name \"10.0.0.5\"; certificate is only valid for DnsName(\"sql\"). To",
                "not for the name \"10.0.0.5\"; certificate is only valid for DnsName(\"sql\")",
                "as host",
            ),
            ("certificate expired: verification time 1 (UNIX)", "expired", "new one"),
            ("received fatal alert: ProtocolVersion", "no TLS 1.2", "update"),
            ("Server does not allow the requested encryption level.", "no encryption", "\"off\""),
            ("something new. To connect anyway you can", "something new", "ca_file"),
        ];
        for (words, problem, cure) in table {
            let (said, todo) = of_tls(words, false);
            assert!(said.contains(problem), "{words}: {said}");
            assert!(todo.contains(cure), "{words}: {todo}");
            assert!(!said.contains("To connect anyway"), "{said}");
        }
        assert!(of_tls("UnknownIssuer", true).1.contains("must hold the CA"));
    }
}
