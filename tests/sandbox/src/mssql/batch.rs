//! A batch's text as statements. T-SQL needs no separators, so each statement is recognised by its first word.

use sqlparser::ast::{Expr, Query, SetExpr};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::error::SqlError;

pub(super) const DIALECT: MsSqlDialect = MsSqlDialect {};

/// Isolation levels, as far as they differ for somebody who only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isolation {
    /// READ COMMITTED and READ UNCOMMITTED: each statement sees what is there when it starts.
    ReadCommitted,
    /// REPEATABLE READ and SERIALIZABLE: given the view of the first read, without blocking the writers.
    Serializable,
    Snapshot,
}

#[derive(Debug, Clone)]
pub(super) enum Statement {
    Select(Box<Query>),
    SetNoCount(bool),
    /// Columns without rows from here on, as bulk copy programs ask.
    SetFormatOnly(bool),
    SetIsolation(Isolation),
    /// A setting without consequence here.
    SetOption,
    Use(String),
    Begin,
    Commit,
    Rollback,
    If(Box<Expr>, Box<Statement>),
    Print(String),
    /// What the login may not do: the verb, the object, the whole text.
    Write {
        verb: String,
        object: String,
        text: String,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Located {
    pub statement: Statement,
    pub line: u32,
}

pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    Tokenizer::new(&DIALECT, text).tokenize_with_location().map_err(|error| {
        SqlError::new(105, 15, 1, "Unclosed quotation mark after the character string.".to_owned())
            .at(error.location.line as u32)
    })
}

/// Splits a batch.
///
/// # Errors
/// 102 and 156 with the line; nothing of the batch is run then, as in SQL Server.
pub(super) fn parse(text: &str) -> Result<Vec<Located>, SqlError> {
    let mut parser = Parser::new(&DIALECT).with_tokens_with_locations(tokens(text)?);
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let first = parser.peek_token();
        if first.token == Token::EOF {
            return Ok(statements);
        }
        let line = first.span.start.line as u32;
        let statement = statement(&mut parser).map_err(|error| error.at(line))?;
        statements.push(Located { statement, line });
    }
}

fn statement(parser: &mut Parser<'_>) -> Result<Statement, SqlError> {
    let first = word(&parser.peek_token().token);
    Ok(match first.as_str() {
        "SELECT" | "WITH" | "(" => {
            let start = parser.index();
            let query = parser.parse_query().map_err(|error| syntax_error(&error, parser))?;
            skip_option_clause(parser)?;
            match written(&query) {
                Some((verb, object)) => {
                    Statement::Write { verb: verb.to_owned(), object, text: text_since(parser, start) }
                }
                None => Statement::Select(query),
            }
        }
        "SET" => {
            parser.next_token();
            set(parser)?
        }
        "USE" => {
            parser.next_token();
            Statement::Use(name(parser)?)
        }
        "BEGIN" => {
            parser.next_token();
            transaction_word(parser)?;
            Statement::Begin
        }
        "COMMIT" | "ROLLBACK" => {
            parser.next_token();
            if matches!(word(&parser.peek_token().token).as_str(), "TRAN" | "TRANSACTION" | "WORK") {
                parser.next_token();
            }
            if first == "COMMIT" { Statement::Commit } else { Statement::Rollback }
        }
        "IF" => {
            parser.next_token();
            let condition = parser.parse_expr().map_err(|error| syntax_error(&error, parser))?;
            Statement::If(Box::new(condition), Box::new(statement(parser)?))
        }
        "PRINT" => {
            parser.next_token();
            match parser.next_token().token {
                Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => Statement::Print(text),
                other => return Err(near(&other)),
            }
        }
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" | "CREATE" | "ALTER" | "DROP" | "GRANT" | "DENY"
        | "REVOKE" | "BULK" | "EXEC" | "EXECUTE" | "BACKUP" | "DBCC" | "KILL" | "SHUTDOWN" | "RECONFIGURE" => {
            write(parser, first)
        }
        _ => return Err(near(&parser.next_token().token)),
    })
}

/// A statement that the login may not run goes to the next semicolon: where it ends exactly does not matter.
fn write(parser: &mut Parser<'_>, verb: String) -> Statement {
    let start = parser.index();
    parser.next_token();
    let mut kind = String::new();
    let mut object = Vec::new();
    loop {
        let token = parser.peek_token().token;
        let upper = word(&token);
        match upper.as_str() {
            "INTO" | "FROM" if object.is_empty() => {}
            "TABLE" | "VIEW" | "INDEX" | "PROCEDURE" | "FUNCTION" | "SCHEMA" | "DATABASE" | "TRIGGER" | "USER"
            | "LOGIN"
                if object.is_empty() =>
            {
                kind = format!(" {upper}");
            }
            _ => match token {
                Token::Word(part) => {
                    object.push(part.value);
                    parser.next_token();
                    if parser.consume_token(&Token::Period) {
                        continue;
                    }
                    break;
                }
                _ => break,
            },
        }
        parser.next_token();
    }
    while !matches!(parser.peek_token().token, Token::SemiColon | Token::EOF) {
        parser.next_token();
    }
    Statement::Write { verb: verb + &kind, object: object.join("."), text: text_since(parser, start) }
}

/// SELECT … INTO, and data-modifying statements behind WITH.
fn written(query: &Query) -> Option<(&'static str, String)> {
    match &*query.body {
        SetExpr::Select(select) => {
            let into = select.into.as_ref()?;
            let name = into.to_string();
            Some(("CREATE TABLE", name.trim_start_matches("INTO ").trim().to_owned()))
        }
        SetExpr::Insert(_) => Some(("INSERT", String::new())),
        SetExpr::Update(_) => Some(("UPDATE", String::new())),
        SetExpr::Delete(_) => Some(("DELETE", String::new())),
        SetExpr::Merge(_) => Some(("MERGE", String::new())),
        _ => None,
    }
}

fn set(parser: &mut Parser<'_>) -> Result<Statement, SqlError> {
    const SWITCHES: [&str; 26] = [
        "ANSI_DEFAULTS",
        "ANSI_NULL_DFLT_OFF",
        "ANSI_NULL_DFLT_ON",
        "ANSI_NULLS",
        "ANSI_PADDING",
        "ANSI_WARNINGS",
        "ARITHABORT",
        "ARITHIGNORE",
        "CONCAT_NULL_YIELDS_NULL",
        "CURSOR_CLOSE_ON_COMMIT",
        "FMTONLY",
        "FORCEPLAN",
        "IMPLICIT_TRANSACTIONS",
        "NOCOUNT",
        "NOEXEC",
        "NO_BROWSETABLE",
        "NUMERIC_ROUNDABORT",
        "PARSEONLY",
        "QUOTED_IDENTIFIER",
        "REMOTE_PROC_TRANSACTIONS",
        "SHOWPLAN_ALL",
        "SHOWPLAN_TEXT",
        "SHOWPLAN_XML",
        "STATISTICS",
        "XACT_ABORT",
        "IDENTITY_INSERT",
    ];
    let option = word(&parser.next_token().token);
    match option.as_str() {
        "TRANSACTION" => {
            let mut words = Vec::new();
            while let Token::Word(part) = parser.peek_token().token {
                let part = part.value.to_uppercase();
                let full = words.join(" ");
                let complete = matches!(full.as_str(), "ISOLATION LEVEL SNAPSHOT" | "ISOLATION LEVEL SERIALIZABLE")
                    || words.len() == 4;
                if complete {
                    break;
                }
                words.push(part);
                parser.next_token();
            }
            Ok(Statement::SetIsolation(match words.join(" ").as_str() {
                "ISOLATION LEVEL SNAPSHOT" => Isolation::Snapshot,
                "ISOLATION LEVEL READ COMMITTED" | "ISOLATION LEVEL READ UNCOMMITTED" => Isolation::ReadCommitted,
                "ISOLATION LEVEL REPEATABLE READ" | "ISOLATION LEVEL SERIALIZABLE" => Isolation::Serializable,
                _ => return Err(SqlError::syntax(words.last().map_or("TRANSACTION", |w| w))),
            }))
        }
        "LOCK_TIMEOUT" | "TEXTSIZE" | "ROWCOUNT" | "DATEFIRST" | "QUERY_GOVERNOR_COST_LIMIT" => {
            let _ = parser.consume_token(&Token::Minus);
            match parser.next_token().token {
                Token::Number(..) => Ok(Statement::SetOption),
                other => Err(near(&other)),
            }
        }
        "DEADLOCK_PRIORITY" | "LANGUAGE" | "DATEFORMAT" | "CONTEXT_INFO" => {
            let _ = parser.consume_token(&Token::Minus);
            parser.next_token();
            Ok(Statement::SetOption)
        }
        _ => {
            let mut options = vec![option];
            while parser.consume_token(&Token::Comma) {
                options.push(word(&parser.next_token().token));
            }
            if let Some(unknown) = options.iter().find(|option| !SWITCHES.contains(&option.as_str())) {
                return Err(SqlError::new(195, 15, 5, format!("'{unknown}' is not a recognized SET option.")));
            }
            if options == ["STATISTICS"] || options == ["IDENTITY_INSERT"] {
                name(parser)?;
            }
            let on = match word(&parser.next_token().token).as_str() {
                "ON" => true,
                "OFF" => false,
                other => return Err(SqlError::syntax(other)),
            };
            if options.iter().any(|option| option == "NOCOUNT") {
                Ok(Statement::SetNoCount(on))
            } else if options == ["FMTONLY"] {
                Ok(Statement::SetFormatOnly(on))
            } else {
                Ok(Statement::SetOption)
            }
        }
    }
}

fn transaction_word(parser: &mut Parser<'_>) -> Result<(), SqlError> {
    let token = parser.next_token().token;
    match word(&token).as_str() {
        "TRAN" | "TRANSACTION" => Ok(()),
        _ => Err(near(&token)),
    }
}

pub(super) fn name(parser: &mut Parser<'_>) -> Result<String, SqlError> {
    let mut parts = Vec::new();
    loop {
        match parser.next_token().token {
            Token::Word(part) => parts.push(part.value),
            other => return Err(near(&other)),
        }
        if !parser.consume_token(&Token::Period) {
            return Ok(parts.join("."));
        }
    }
}

/// `OPTION (…)` after a query asks the optimizer for something and changes no answer.
pub(super) fn skip_option_clause(parser: &mut Parser<'_>) -> Result<(), SqlError> {
    if word(&parser.peek_token().token) != "OPTION" {
        return Ok(());
    }
    parser.next_token();
    let mut depth = 0;
    loop {
        match parser.next_token().token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::EOF => return Err(SqlError::syntax("OPTION")),
            _ => {}
        }
        if depth == 0 {
            return Ok(());
        }
    }
}

/// An unquoted word in upper case; other tokens as they are written.
pub(super) fn word(token: &Token) -> String {
    match token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_uppercase(),
        Token::Word(_) => String::new(),
        other => other.to_string(),
    }
}

fn text_since(parser: &Parser<'_>, start: usize) -> String {
    let text: String = (start..parser.index()).map(|at| parser.token_at(at).token.to_string()).collect();
    text.trim().to_owned()
}

/// 102, or 156 for a keyword.
pub(super) fn near(token: &Token) -> SqlError {
    match token {
        Token::Word(word) if word.quote_style.is_none() && is_reserved(&word.value.to_uppercase()) => {
            SqlError::syntax_keyword(&word.value)
        }
        Token::Word(word) => SqlError::syntax(&word.value),
        Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => SqlError::syntax(text),
        other => SqlError::syntax(&other.to_string()),
    }
}

/// SQL Server's words for what the parser found; at the end of the text it names the last token.
pub(super) fn syntax_error(error: &ParserError, parser: &mut Parser<'_>) -> SqlError {
    let ParserError::ParserError(text) = error else {
        return SqlError::unsupported(error);
    };
    let (found, line) = match text.rsplit_once(" at Line: ") {
        Some((head, place)) => (
            head.rsplit_once("found: ").map(|(_, found)| found),
            place.split(',').next().and_then(|line| line.trim().parse().ok()),
        ),
        None => (text.rsplit_once("found: ").map(|(_, found)| found), None),
    };
    let error = match found {
        None | Some("EOF") => {
            let mut last = Token::EOF;
            let mut at = parser.index();
            while at > 0 {
                at -= 1;
                let token = &parser.token_at(at).token;
                if !matches!(token, Token::Whitespace(_) | Token::EOF | Token::SemiColon) {
                    last = token.clone();
                    break;
                }
            }
            near(&last)
        }
        Some(found) if is_reserved(&found.to_uppercase()) => SqlError::syntax_keyword(found),
        Some(found) => SqlError::syntax(found),
    };
    match line {
        Some(line) => error.at(line),
        None => error,
    }
}

fn is_reserved(word: &str) -> bool {
    const RESERVED: &[&str] = &[
        "ALL",
        "ALTER",
        "AND",
        "AS",
        "ASC",
        "BEGIN",
        "BETWEEN",
        "BY",
        "CASE",
        "COMMIT",
        "CREATE",
        "CROSS",
        "DELETE",
        "DESC",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "EXCEPT",
        "EXEC",
        "EXISTS",
        "FROM",
        "FULL",
        "GROUP",
        "HAVING",
        "IF",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "KEY",
        "LEFT",
        "LIKE",
        "NOT",
        "NULL",
        "ON",
        "OPTION",
        "OR",
        "ORDER",
        "OUTER",
        "PRIMARY",
        "RIGHT",
        "ROLLBACK",
        "SELECT",
        "SET",
        "TABLE",
        "THEN",
        "TOP",
        "UNION",
        "UNIQUE",
        "UPDATE",
        "USE",
        "VALUES",
        "VIEW",
        "WHEN",
        "WHERE",
        "WITH",
    ];
    RESERVED.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_need_no_separators() {
        let text = "SET NOCOUNT ON SET LOCK_TIMEOUT -1\nSET TRANSACTION ISOLATION LEVEL READ COMMITTED SET DEADLOCK_PRIORITY LOW; BEGIN TRANSACTION\nSELECT 1 AS a;COMMIT";
        let found = parse(text).unwrap();
        let lines: Vec<u32> = found.iter().map(|located| located.line).collect();
        assert_eq!(lines, [1, 1, 2, 2, 2, 3, 3]);
        assert!(matches!(found[0].statement, Statement::SetNoCount(true)));
        assert!(matches!(found[2].statement, Statement::SetIsolation(Isolation::ReadCommitted)));
        assert!(matches!(found[6].statement, Statement::Commit));
    }

    #[test]
    fn syntax_errors_are_worded_as_sql_server_words_them() {
        for (text, number, message) in [
            ("SELECT 1 FROM", 156, "Incorrect syntax near the keyword 'FROM'."),
            ("SELEC 1", 102, "Incorrect syntax near 'SELEC'."),
            ("SELECT (1", 102, "Incorrect syntax near '1'."),
            ("SELECT 'abc", 105, "Unclosed quotation mark after the character string."),
            ("SET NOSUCH ON", 195, "'NOSUCH' is not a recognized SET option."),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.number, error.message.as_str()), (number, message));
        }
        assert_eq!(parse("SELECT 1\n\nSELECT FROM x").unwrap_err().line, 3);
    }

    #[test]
    fn writes_are_named() {
        for (text, verb, object) in [
            ("UPDATE dbo.Products SET Price = 1", "UPDATE", "dbo.Products"),
            ("insert into [dbo].[Products] values (1)", "INSERT", "dbo.Products"),
            ("DROP TABLE dbo.Products", "DROP TABLE", "dbo.Products"),
            ("SELECT * INTO dbo.Copy FROM dbo.Products", "CREATE TABLE", "dbo.Copy"),
        ] {
            match &parse(text).unwrap()[0].statement {
                Statement::Write { verb: v, object: o, .. } => assert_eq!((v.as_str(), o.as_str()), (verb, object)),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
