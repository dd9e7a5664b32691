//! A stand-in for SQL Server as a process: the seed's two tables with a few rows, until standard input ends.
//!
//! Prints one line, `PORT=… CA=…` (the CA's file, `-` without encryption); then each line of standard input is a
//! question: `refused` prints the refused writes, `logins` what was encrypted for each login; `sql …` changes the tables
//! as their owner would and prints `done` or what was wrong. Arguments: the encryption (`not-supported`, `off`, `on`, `required`), then optionally how many generated products to add.

use std::error::Error;
use std::io::{BufRead, Write};

use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer, SqlValue};

const SHOP: &str = "
CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL);
CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(30) NULL);
CREATE TABLE dbo.Typed (id int NOT NULL PRIMARY KEY, big bigint, small smallint, tiny tinyint, flag bit, f float, r real,
  d decimal(19,4), sm smallmoney, nvm nvarchar(max), v varchar(20) COLLATE Cyrillic_General_CI_AS, vm varchar(max), c char(4),
  nc nchar(4), g uniqueidentifier, day date, at datetime, at2 datetime2(7), bin varbinary(8));
INSERT INTO dbo.Products VALUES (1, N'Жаккард', 9.9955), (2, N'Silk', 922337203685477.5807), (3, NULL, NULL);
INSERT INTO logistics.ProductBarcodes VALUES (1, '4601234567890'), (1, '0012345678905'), (2, '');
INSERT INTO dbo.Typed VALUES (1, -9223372036854775808, -32768, 255, 1, 0.5, 0.25, -12345.6789, 1.5, N'Сыр', 'Сыр', 'text',
  'ab', N'Ж', '6F9619FF-8B86-D011-B42D-00C04FC964FF', '2026-11-22', '2026-11-22 20:05:32.000', '2026-11-22 20:05:32.1234567', 0xDEADBEEF);
INSERT INTO dbo.Typed (id) VALUES (2)";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let encryption = match arguments.next().as_deref() {
        Some("not-supported") => Encryption::NotSupported,
        None | Some("off") => Encryption::Off,
        Some("on") => Encryption::On,
        Some("required") => Encryption::Required,
        Some(other) => return Err(format!("unknown encryption {other:?}").into()),
    };
    let server = MssqlServer::start(MssqlOptions { encryption, ..MssqlOptions::default() }).await?;
    server.execute(SHOP)?;
    if let Some(count) = arguments.next() {
        let count: i64 = count.parse()?;
        let rows = (0..count).map(|n| {
            [SqlValue::Int(n + 1_000), SqlValue::Text(format!("Product {n}")), SqlValue::Text(format!("{n}.25"))]
        });
        server.insert_rows("dbo.Products", rows)?;
    }
    let mut ca_file = tempfile::NamedTempFile::new()?;
    let ca = match server.ca_pem() {
        Some(pem) => {
            ca_file.write_all(pem.as_bytes())?;
            ca_file.path().display().to_string()
        }
        None => "-".to_owned(),
    };
    println!("PORT={} CA={ca}", server.addr().port());
    let (lines, mut questions) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(question) = questions.recv().await {
        match question.trim() {
            "refused" => println!("{}", server.refused_writes().join(" | ")),
            "logins" => {
                let logins: Vec<&str> = server.logins().iter().map(|l| l.encrypted).collect();
                println!("{}", logins.join(" "));
            }
            change if change.starts_with("sql ") => match server.execute(&change[4..]) {
                Ok(_) => println!("done"),
                Err(e) => println!("{e:?}"),
            },
            other => println!("unknown question {other:?}"),
        }
    }
    server.stop().await;
    Ok(())
}
