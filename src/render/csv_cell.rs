//! What all tables for spreadsheets share: RFC 4180 with a header row, commas, lines that end with CR LF, UTF-8 without a
//! mark.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, wherever the text came from, quotes or
//! not. Such a cell gets an apostrophe in front, and so does one that begins with an apostrophe: whoever reads the file
//! with a program takes one off to have the text back. Control and reordering characters are spelt out as everywhere (see
//! `escape`), so that a cell is one line. Leading zeros of barcodes are in the file; import the columns as text to keep
//! them in the sheet.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape::plain;

/// Rows on their way out. Buffered: [`Self::end`] must be called, as an error in a destructor is lost.
pub(super) struct Table<'a>(::csv::Writer<&'a mut dyn Write>);

impl<'a> Table<'a> {
    /// Nothing is written yet.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self(::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out))
    }

    /// Writes a row; every cell is made harmless.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(super) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> io::Result<()> {
        for text in cells {
            self.0.write_field(cell(text.as_ref()).as_bytes()).map_err(kept)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(kept)
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// With its own kind: a closed pipe is told from a full disk by it.
fn kept(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The cell's text.
fn cell(text: &str) -> Cow<'_, str> {
    let plain = plain(text);
    if plain.starts_with(['=', '+', '-', '@', '\'']) { Cow::Owned(format!("'{plain}")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for (given, written) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1", "'+1"),
            ("-5% off", "'-5% off"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("'quoted'", "''quoted'"),
            ("\t=1", "\\u{9}=1"),
            ("a\r\n=1", "a\\u{d}\\u{a}=1"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
        ] {
            assert_eq!(cell(given), written);
        }
    }

    #[test]
    fn other_text_is_not_touched() {
        for text in ["", "Tea, \"green\"", "0036000291452", "a=b", "Чай"] {
            assert!(matches!(cell(text), Cow::Borrowed(t) if t == text), "{text:?}");
        }
    }

    #[test]
    fn rows_are_rfc_4180() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out);
        table.row(["a", "b,c", "d\"e"]).unwrap();
        table.row(["=1", "", "ё"]).unwrap();
        table.end().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,\"b,c\",\"d\"\"e\"\r\n'=1,,ё\r\n");
    }

    /// A pipe that nobody reads any longer.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_known_as_one() {
        let mut closed = Closed;
        let mut table = Table::new(&mut closed);
        let long = "x".repeat(100_000);
        assert_eq!(table.row([&long]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
