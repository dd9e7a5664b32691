//! The T-SQL that is sent: quoting, wrapping, session settings. Nothing but SET, SELECT, BEGIN and COMMIT.
//!
//! Pure text; sends nothing and knows no driver.

use std::time::Duration;

/// A name in brackets: `a]b` becomes `[a]]b]`.
pub(super) fn name(text: &str) -> String {
    format!("[{}]", text.replace(']', "]]"))
}

/// A Unicode literal: `it's` becomes `N'it''s'`.
pub(super) fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// The query as a table. A line of its own keeps a closing `-- comment` from swallowing the bracket; a semicolon at the
/// end, which people write and a subquery may not have, goes, and comments behind it with it.
pub(super) fn as_table(query: &str) -> String {
    format!("(\n{}\n) AS q", without_end(query))
}

/// The query up to the semicolon that ends it, if nothing but blanks, comments and semicolons follow.
fn without_end(query: &str) -> &str {
    let bytes = query.as_bytes();
    // Where the last token ends, and where the first semicolon behind it stands.
    let (mut at, mut end, mut semicolon) = (0, 0, None);
    while at < bytes.len() {
        let rest = &query[at..];
        let quote = match bytes[at] {
            quote @ (b'\'' | b'"') => Some(quote as char),
            b'[' => Some(']'),
            _ => None,
        };
        if let Some(quote) = quote {
            // A doubled quote ends one text and begins another, which comes to the same here.
            at += rest[1..].find(quote).map_or(rest.len(), |length| length + 2);
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            at += comment(rest);
            continue;
        } else {
            let token = rest.chars().next().unwrap_or_default();
            let start = at;
            at += token.len_utf8();
            if token == ';' {
                semicolon = semicolon.or(Some(start));
                continue;
            }
            if token.is_whitespace() {
                continue;
            }
        }
        (end, semicolon) = (at, None);
    }
    debug_assert!(semicolon.is_none_or(|at| at >= end), "only what comes behind the last token");
    query[..semicolon.unwrap_or(query.len())].trim_end()
}

/// How long the comment is that a text begins with; SQL Server's may stand inside each other.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = text[at..].find(['/', '*']) {
        at += found;
        let sign = &text[at..];
        if sign.starts_with("/*") {
            depth += 1;
        } else if sign.starts_with("*/") {
            depth -= 1;
        } else {
            at += 1;
            continue;
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// How a column of the query is read by the wrapping SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// As it is.
    Plain,
    /// As another type.
    As(String),
    /// As text of so many UTF-16 units, without blanks at its ends: with them, the cast would keep blanks and cut a text off.
    Text(usize),
    /// The same for `text` and `ntext`, of which the server trims nothing.
    LongText(usize),
    /// Something else as text of so many units: a number, a GUID.
    Shown(usize),
}

/// One column of the wrapping SELECT: `CAST(q.[Price] AS decimal(19, 4)) AS [price]`.
pub(super) fn column(column: &str, read: Read, alias: &str) -> String {
    let own = format!("q.{}", name(column));
    let read = match read {
        Read::Plain => own,
        Read::As(to) => format!("CAST({own} AS {to})"),
        Read::Text(units) => format!("CAST(LTRIM(RTRIM({own})) AS nvarchar({units}))"),
        Read::LongText(units) => format!("CAST(LTRIM(RTRIM(CAST({own} AS nvarchar(max)))) AS nvarchar({units}))"),
        Read::Shown(units) => format!("CAST({own} AS nvarchar({units}))"),
    };
    format!("{read} AS {}", name(alias))
}

/// The wrapping SELECT.
pub(super) fn select(columns: &[String], query: &str) -> String {
    format!("SELECT {} FROM {}", columns.join(", "), as_table(query))
}

/// The wrapping SELECT, and behind it how many rows it had. The driver takes the end of the last packet for the end of an
/// answer, whatever its DONE tokens say: an answer that was cut short lacks the count, or has another one.
pub(super) fn counted(select: &str) -> String {
    format!("{select};\nSELECT ROWCOUNT_BIG() AS [rows]")
}

/// The columns of a query without its rows, for servers that cannot describe it.
pub(super) fn select_none(query: &str) -> String {
    format!("SELECT TOP (0) q.* FROM {}", as_table(query))
}

/// Asks for the columns of a query without running it (SQL Server 2012 and later); one row with an error's number and
/// text where the query has one.
pub(super) fn describe(query: &str) -> String {
    format!(
        "SELECT CAST(name AS nvarchar(128)) AS [name], CAST(system_type_name AS nvarchar(256)) AS [type], \
         CAST(error_number AS int) AS [number], CAST(error_message AS nvarchar(2048)) AS [text], \
         CAST(collation_name AS nvarchar(128)) AS [collation] \
         FROM sys.dm_exec_describe_first_result_set({}, NULL, 0) ORDER BY column_ordinal",
        literal(query)
    )
}

/// The columns of a query with types and collations, for people.
pub(super) fn describe_for_people(query: &str) -> String {
    format!(
        "SELECT CAST(name AS nvarchar(128)) AS [name], CAST(system_type_name AS nvarchar(256)) AS [type], \
         CAST(collation_name AS nvarchar(128)) AS [collation] \
         FROM sys.dm_exec_describe_first_result_set({}, NULL, 0) ORDER BY column_ordinal",
        literal(query)
    )
}

/// How texts compare in the database's columns, unless they say otherwise.
pub(super) const COLLATION: &str =
    "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) AS [collation]";

/// The code page of a collation.
pub(super) fn code_page(collation: &str) -> String {
    format!("SELECT CAST(COLLATIONPROPERTY({}, N'CodePage') AS int) AS [page]", literal(collation))
}

/// The first rows of what [`select`] made, in no order.
pub(super) fn top(select: &str, rows: usize) -> String {
    format!("SELECT TOP ({rows}) {}", select.strip_prefix("SELECT ").unwrap_or(select))
}

/// What server and database it is.
pub(super) const SERVER: &str = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS [version], \
     CAST(SERVERPROPERTY('ProductLevel') AS nvarchar(128)) AS [level], \
     CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS [edition], \
     CAST(SERVERPROPERTY('EngineEdition') AS nvarchar(128)) AS [engine], \
     CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)) AS [server], \
     CAST(ORIGINAL_LOGIN() AS nvarchar(128)) AS [login], \
     CAST(DB_NAME() AS nvarchar(128)) AS [database], \
     CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) AS [collation], \
     CAST(DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS nvarchar(128)) AS [updateability]";

/// The roles that may write, and whether the account is in each.
pub(super) const ROLES: [&str; 4] = ["sysadmin", "db_owner", "db_datawriter", "db_ddladmin"];

/// Whether the account is in each of [`ROLES`].
pub(super) const MEMBER: &str = "SELECT CAST(IS_SRVROLEMEMBER('sysadmin') AS int) AS [sysadmin], \
     CAST(IS_ROLEMEMBER('db_owner') AS int) AS [owner], CAST(IS_ROLEMEMBER('db_datawriter') AS int) AS [writer], \
     CAST(IS_ROLEMEMBER('db_ddladmin') AS int) AS [ddladmin]";

/// What would change data.
pub(super) const WRITES: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

/// The tables and views that the account can see.
pub(super) const TABLES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES \
     ORDER BY TABLE_SCHEMA, TABLE_NAME";

/// Their columns.
pub(super) const COLUMNS: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, CAST(DATA_TYPE AS nvarchar(128)) AS DATA_TYPE \
     FROM INFORMATION_SCHEMA.COLUMNS ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION";

/// Asks of each table by name whether the account may do each of [`WRITES`]; a row each with the table's place.
pub(super) fn may_write(tables: &[(String, String)]) -> String {
    let rows = tables.iter().enumerate().map(|(place, (schema, table))| {
        let securable = literal(&format!("{}.{}", name(schema), name(table)));
        let asked = WRITES.map(|right| {
            format!("HAS_PERMS_BY_NAME({securable}, N'OBJECT', N'{right}') AS [may_{}]", right.to_lowercase())
        });
        format!("SELECT {place} AS [place], {}", asked.join(", "))
    });
    rows.collect::<Vec<_>>().join(" UNION ALL ")
}

/// What the session is and what the database allows.
pub(super) const FACTS: &str = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS [version], \
     CAST(DB_NAME() AS nvarchar(128)) AS [database], CAST(ORIGINAL_LOGIN() AS nvarchar(128)) AS [login]";

/// Whether SNAPSHOT is allowed: 1 is "on", 2 and 3 are on the way. The own database is visible without any right.
pub(super) const SNAPSHOT_STATE: &str = "SELECT CAST(snapshot_isolation_state AS int) AS [state] FROM sys.databases \
     WHERE name = DB_NAME()";

/// The session's settings: a limit for waiting on locks, and that everybody else wins a deadlock.
pub(super) fn settings(lock_timeout: Duration) -> String {
    let ms = i32::try_from(lock_timeout.as_millis()).unwrap_or(i32::MAX);
    format!("SET LOCK_TIMEOUT {ms}; SET DEADLOCK_PRIORITY LOW")
}

/// One view for everything until [`COMMIT`].
pub(super) const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT";
/// Each statement sees what was committed while it ran.
pub(super) const READ_COMMITTED: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
/// Begins the view.
pub(super) const BEGIN: &str = "BEGIN TRANSACTION";
/// Ends it.
pub(super) const COMMIT: &str = "COMMIT TRANSACTION";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals_cannot_be_left() {
        assert_eq!(name("Product]ID"), "[Product]]ID]");
        assert_eq!(literal("SELECT 'a' AS x"), "N'SELECT ''a'' AS x'");
        assert_eq!(literal("'; DROP TABLE x --"), "N'''; DROP TABLE x --'");
    }

    #[test]
    fn a_query_is_wrapped() {
        let price = Read::As("decimal(19, 4)".to_owned());
        let columns = [column("ID", Read::Shown(66), "id"), column("Odd]", price, "price")];
        assert_eq!(
            select(&columns, "SELECT ID, Price FROM dbo.P -- all of them"),
            "SELECT CAST(q.[ID] AS nvarchar(66)) AS [id], CAST(q.[Odd]]] AS decimal(19, 4)) AS [price] FROM (\n\
             SELECT ID, Price FROM dbo.P -- all of them\n) AS q"
        );
    }

    #[test]
    fn a_semicolon_at_the_end_is_dropped_and_others_stay() {
        for (query, kept) in [
            ("SELECT ';' AS a ;\n ; ", "SELECT ';' AS a"),
            ("SELECT 1; SELECT 2", "SELECT 1; SELECT 2"),
            ("SELECT 1; SELECT 2; -- two", "SELECT 1; SELECT 2"),
            ("SELECT a FROM t; -- all of them", "SELECT a FROM t"),
            ("SELECT a FROM t -- all of them;", "SELECT a FROM t -- all of them;"),
            ("SELECT a FROM t -- all\n; /* the /* whole */ list; */ -- it's\n ;", "SELECT a FROM t -- all"),
            ("SELECT a /* ; */ FROM t", "SELECT a /* ; */ FROM t"),
            ("SELECT '--' AS [;], \"/*\" FROM t;", "SELECT '--' AS [;], \"/*\" FROM t"),
            ("SELECT N'it''s; --' AS a;", "SELECT N'it''s; --' AS a"),
            ("SELECT [a]];] FROM t;", "SELECT [a]];] FROM t"),
            ("SELECT Цена FROM Товары; -- все", "SELECT Цена FROM Товары"),
            ("SELECT a; /* never ends", "SELECT a"),
            ("SELECT 'never ends;", "SELECT 'never ends;"),
            (" ; -- nothing", ""),
            ("", ""),
        ] {
            assert_eq!(without_end(query), kept, "{query}");
        }
        assert_eq!(as_table("SELECT 1;"), "(\nSELECT 1\n) AS q");
    }

    #[test]
    fn texts_are_trimmed_before_they_are_cut() {
        assert_eq!(column("A", Read::Text(66), "id"), "CAST(LTRIM(RTRIM(q.[A])) AS nvarchar(66)) AS [id]");
        assert_eq!(
            column("A", Read::LongText(66), "id"),
            "CAST(LTRIM(RTRIM(CAST(q.[A] AS nvarchar(max)))) AS nvarchar(66)) AS [id]"
        );
        assert_eq!(column("A", Read::Plain, "price"), "q.[A] AS [price]");
    }

    #[test]
    fn times_fit_the_server() {
        assert_eq!(settings(Duration::from_secs(30)), "SET LOCK_TIMEOUT 30000; SET DEADLOCK_PRIORITY LOW");
        assert!(settings(Duration::from_secs(u64::MAX)).contains(" 2147483647;"));
    }
}
