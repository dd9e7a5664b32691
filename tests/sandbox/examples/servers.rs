//! Stand-ins for both servers as one process, for whoever tries an installed erpsync against them: a SQL Server with three
//! products, and an Odoo 19 without any, until standard input ends.
//!
//! Prints one line, `PORT=… CA=… URL=…` (CA is a file). Each line of standard input changes the source as its owner would,
//! and is answered with `done` or what was wrong. Accounts: `erpsync` with `source-secret` in database `Trade`, `erpsync` with
//! `odoo-secret` in database `shop`, and Odoo's `admin` with `admin`.

use std::error::Error;
use std::io::{BufRead, Write};

use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer};
use erpsync_sandbox::odoo::{OdooOptions, OdooServer, UserOptions};

const SHOP: &str = "
CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL);
CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(30) NULL);
INSERT INTO dbo.Products VALUES (1, N'Чай', 4.50), (2, N'Coffee', 19.90), (3, N'Сыр', 11.75);
INSERT INTO logistics.ProductBarcodes VALUES (1, '4600000001012'), (2, '4600000001029')";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mssql = MssqlServer::start(MssqlOptions {
        login: "erpsync".to_owned(),
        password: "source-secret".to_owned(),
        database: "Trade".to_owned(),
        encryption: Encryption::On,
        ..MssqlOptions::default()
    })
    .await?;
    mssql.execute(SHOP)?;
    let account = UserOptions { password: "odoo-secret".to_owned(), ..UserOptions::new("erpsync") }.products();
    let odoo = OdooServer::start(OdooOptions::version(19).user(account)).await?;
    let mut ca = tempfile::NamedTempFile::new()?;
    ca.write_all(mssql.ca_pem().unwrap_or_default().as_bytes())?;
    println!("PORT={} CA={} URL={}", mssql.addr().port(), ca.path().display(), odoo.url());
    // Other threads serve meanwhile.
    tokio::task::block_in_place(|| {
        for change in std::io::stdin().lock().lines().map_while(Result::ok) {
            match mssql.execute(&change) {
                Ok(_) => println!("done"),
                Err(e) => println!("{e:?}"),
            }
        }
    });
    Ok(())
}
