//! What SQL Server's error numbers and the TLS library's words mean for this tool, and what to do about them.
//!
//! Pure tables. The numbers are those of `sys.messages`.

use super::error::{Kind, ServerError};
use super::remedies::Remedy;

/// What an error number means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hint {
    pub kind: Kind,
    /// Beginning anew may help.
    pub transient: bool,
    /// What to do; a remedy for each `{}`.
    words: &'static str,
    remedies: &'static [Remedy],
}

impl Hint {
    /// What to do, for the account and the database that are meant.
    pub(super) fn cure(&self, login: &str, database: &str) -> String {
        let mut parts = self.words.split("{}");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for (part, remedy) in parts.zip(self.remedies) {
            out += &remedy.of_account(login, database);
            out += part;
        }
        out
    }
}

const WRAP: &str = "the query is used as a table, SELECT … FROM (query) AS q, so it must be one SELECT without ORDER BY, \
     WITH and GO, and every column needs a name of its own; anything else belongs into a view, which the query then reads";

/// Looks an error up: by its number, by its words where the number is another server's own, and else by its severity (20
/// and above ends the connection).
pub(super) fn of(error: &ServerError) -> Hint {
    let known = || of_number(error.number).or_else(|| of_number(number_of_words(&error.text)?));
    known().unwrap_or_else(|| {
        let (kind, words) = (Kind::Failed, "ask the DBA, with the number and the text");
        if error.severity >= 20 {
            let words = "the server ended the connection; its error log says more";
            return Hint { kind, transient: true, words, remedies: &[] };
        }
        Hint { kind, transient: false, words, remedies: &[] }
    })
}

/// Servers that speak the same protocol, and are none of Microsoft's, say some things in words of their own with numbers of
/// their own; the number under which SQL Server says the same.
fn number_of_words(text: &str) -> Option<u32> {
    const WORDS: [(&[&str], u32); 12] = [
        (&["lock timeout"], 1_222),
        (&["lock request time out"], 1_222),
        (&["deadlock"], 1_205),
        (&["could not serialize"], 3_960),
        (&["permission", "denied"], 229),
        (&["database \"", "does not exist"], 911),
        (&["relation \"", "does not exist"], 208),
        (&["column", "does not exist"], 207),
        (&["authentication failed"], 18_456),
        (&["syntax error"], 102),
        (&["invalid input syntax"], 8_114),
        (&["division by zero"], 8_134),
    ];
    let text = text.to_lowercase();
    WORDS.iter().find(|(words, _)| words.iter().all(|word| text.contains(word))).map(|(_, number)| *number)
}

/// What SQL Server's own numbers mean.
#[allow(clippy::too_many_lines)]
fn of_number(number: u32) -> Option<Hint> {
    const NONE: &[Remedy] = &[];
    let hint = |kind, transient, words, remedies| Some(Hint { kind, transient, words, remedies });
    let refused = |words, remedies| hint(Kind::Refused, false, words, remedies);
    let wrong = |words, remedies| hint(Kind::Configuration, false, words, remedies);
    let again = |words| hint(Kind::Failed, true, words, NONE);
    let away = |words| hint(Kind::Unreachable, true, words, NONE);
    let kept_out = |words, remedies| hint(Kind::Unreachable, false, words, remedies);
    match number {
        18_456 => refused(
            "check user and password; the true reason is in SQL Server's error log (the state above is hidden from \
             clients): a wrong password, a disabled login, or a server that only accepts Windows accounts",
            NONE,
        ),
        18_452 => refused(
            "the server accepts Windows accounts only, or the user is one: create an SQL login and allow \"SQL Server \
             and Windows Authentication mode\"",
            NONE,
        ),
        18_470 => refused("the login is disabled: {}", &[Remedy::EnableLogin]),
        18_486 => refused("the login is locked out after wrong passwords: {}", &[Remedy::UnlockLogin]),
        18_487 | 18_488 => refused("the password has expired: {}, and write the new one here", &[Remedy::NewPassword]),
        18_451 | 17_142 | 18_401 | 6_005 => away("the server is starting, pausing or stopping; try later"),
        17_809 | 17_810 | 10_928 | 10_929 => away("the server has no connection to spare; try later"),
        4_060 | 4_064 | 916 => refused(
            "the database does not exist under this name, is offline, or the login has no user in it: {}, in the database",
            &[Remedy::CreateUser],
        ),
        911 => wrong(
            "the server has no database of this name: correct database; {} tells which there are",
            &[Remedy::Databases],
        ),
        40_532 => {
            refused("the gateway must know the server: write user as LOGIN@SERVER, with the server's short name", NONE)
        }
        40_615 => kept_out(
            "the firewall of Azure SQL does not let this machine in, and will not later either: ask its administrator for a \
             rule for the address above, in master: {}",
            &[Remedy::FirewallRule],
        ),
        40_914 | 47_073 => kept_out(
            "the network rules of Azure SQL do not let this machine in, and will not later either: ask its administrator for \
             a virtual network rule for this machine's subnet, or for a private endpoint, and name that as host",
            NONE,
        ),
        229 | 230 | 262 | 297 | 300 | 371 => {
            refused("the account lacks a right: {} for that table or view, and nothing more", &[Remedy::GrantSelect])
        }
        208 => wrong(
            "check the table's or view's name and schema in the query, and that the account has SELECT on it: what an \
             account may not see does not exist for it",
            NONE,
        ),
        207 | 4_104 => wrong("check the columns' names in the query and in the settings against the table", NONE),
        1_033 | 102 | 156 | 319 | 336 | 8_155 | 8_156 | 2_715 | 1_046 => wrong(WRAP, NONE),
        245 | 248 | 8_114 | 8_115 | 8_169 | 220 | 241 | 242 => wrong(
            "a value does not convert; {} finds numbers that are none (SQL Server 2012 and later): correct them in the \
             source, or leave the rows out with WHERE; {} is for empty texts that mean no value",
            &[Remedy::FindNoNumbers, Remedy::EmptyIsNull],
        ),
        8_134 => wrong("the query divides by zero: leave such rows out with WHERE", NONE),
        468 | 457 => wrong(
            "the query compares texts of different collations; add one of them to both sides: {}",
            &[Remedy::Collated],
        ),
        3_952 => wrong("allow it with {}, or set isolation = \"read-committed\"", &[Remedy::AllowSnapshot]),
        3_996 | 41_332 | 41_333 | 41_368 | 3_963 => wrong(
            "the query reads something that SNAPSHOT isolation cannot (a memory-optimised table, another server); set \
             isolation = \"read-committed\"",
            NONE,
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
        40_613 | 49_918 | 49_919 | 49_920 | 921 | 922 | 923 | 927 | 942 | 952 | 976 | 978 | 979 | 982 | 983 => away(
            "the database is not available now: starting, restoring, offline, or on a replica that does not answer reads; \
             try later, or ask the DBA",
        ),
        233 | 64 | 10_053 | 10_054 | 10_060 => away("the connection broke on the server's side; try later"),
        _ => None,
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

    fn said(number: u32, severity: u8, text: &str) -> Hint {
        of(&ServerError { number, state: 1, severity, text: text.to_owned() })
    }

    #[test]
    fn numbers_that_are_worth_another_attempt() {
        for number in [1_205, 1_222, 3_960, 3_961, 40_613, 40_197, 596, 701, 922, 10_054] {
            assert!(said(number, 16, "").transient, "{number}");
        }
        for number in [18_456, 18_452, 4_060, 911, 229, 208, 207, 1_033, 102, 156, 3_952, 8_115, 40_615, 40_914, 50_000]
        {
            assert!(!said(number, 16, "").transient, "{number}");
        }
        assert!(said(12_345, 20, "").transient, "severity 20 ends the connection");
    }

    #[test]
    fn numbers_by_kind() {
        let table = [
            (18_456, Kind::Refused),
            (4_060, Kind::Refused),
            (229, Kind::Refused),
            (208, Kind::Configuration),
            (207, Kind::Configuration),
            (911, Kind::Configuration),
            (1_033, Kind::Configuration),
            (40_613, Kind::Unreachable),
            (40_615, Kind::Unreachable),
            (1_205, Kind::Failed),
            (99_999, Kind::Failed),
        ];
        for (number, kind) in table {
            assert_eq!(said(number, 16, "").kind, kind, "{number}");
        }
    }

    /// As a server says it whose numbers are its own.
    #[test]
    fn words_of_others_mean_the_same() {
        for (words, number) in [
            ("relation \"dbo.products\" does not exist", 208),
            ("column \"pricee\" does not exist", 207),
            ("column q.pricee does not exist", 207),
            ("canceling statement due to lock timeout", 1_222),
            ("deadlock detected", 1_205),
            ("permission denied for table products", 229),
            ("database \"trade\" does not exist. Make sure that the name is entered correctly.", 911),
            ("could not serialize access due to concurrent update", 3_960),
            ("invalid input syntax for type numeric: \"12,50\"", 8_114),
            ("syntax error at or near \"ORDER\"", 102),
        ] {
            assert_eq!(said(33_557_097, 16, words), said(number, 16, ""), "{words}");
        }
        assert_eq!(
            said(33_557_097, 16, "something else went wrong").words,
            "ask the DBA, with the number and the text"
        );
        assert_eq!(said(208, 16, "a deadlock").kind, Kind::Configuration, "a number that is known counts");
    }

    #[test]
    fn what_to_write_has_the_names_that_are_meant() {
        assert_eq!(said(18_470, 14, "").cure("o]ne", "Trade"), "the login is disabled: ALTER LOGIN [o]]ne] ENABLE");
        assert_eq!(
            said(3_952, 16, "").cure("erpsync", "Trade"),
            "allow it with ALTER DATABASE [Trade] SET ALLOW_SNAPSHOT_ISOLATION ON, or set isolation = \"read-committed\""
        );
    }

    /// Each place for a remedy has one.
    #[test]
    fn no_remedy_is_missing_or_left_over() {
        for number in 0..60_000 {
            if let Some(hint) = of_number(number) {
                assert_eq!(hint.words.matches("{}").count(), hint.remedies.len(), "{number}");
            }
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
