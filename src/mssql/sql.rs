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
/// end, which people write and a subquery may not have, goes.
pub(super) fn as_table(query: &str) -> String {
    let query = query.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    format!("(\n{query}\n) AS q")
}

/// One column of the wrapping SELECT: `CAST(q.[Price] AS decimal(19, 4)) AS [price]`.
pub(super) fn cast(column: &str, to: &str, alias: &str) -> String {
    format!("CAST(q.{} AS {to}) AS {}", name(column), name(alias))
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
         CAST(error_number AS int) AS [number], CAST(error_message AS nvarchar(2048)) AS [text] \
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
        let columns = [cast("ID", "nvarchar(65)", "id"), cast("Odd]", "decimal(19, 4)", "price")];
        assert_eq!(
            select(&columns, "SELECT ID, Price FROM dbo.P -- all of them"),
            "SELECT CAST(q.[ID] AS nvarchar(65)) AS [id], CAST(q.[Odd]]] AS decimal(19, 4)) AS [price] FROM (\n\
             SELECT ID, Price FROM dbo.P -- all of them\n) AS q"
        );
    }

    #[test]
    fn a_semicolon_at_the_end_is_dropped_and_others_stay() {
        assert_eq!(as_table("SELECT ';' AS a ;\n ; "), "(\nSELECT ';' AS a\n) AS q");
        assert_eq!(as_table("SELECT 1; SELECT 2"), "(\nSELECT 1; SELECT 2\n) AS q");
    }

    #[test]
    fn times_fit_the_server() {
        assert_eq!(settings(Duration::from_secs(30)), "SET LOCK_TIMEOUT 30000; SET DEADLOCK_PRIORITY LOW");
        assert!(settings(Duration::from_secs(u64::MAX)).contains(" 2147483647;"));
    }
}
