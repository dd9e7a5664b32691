//! The T-SQL that messages tell people to write, all of it: into a query, or as the administrator of the database.
//!
//! Pure text. Whoever is told does it word for word, so each is run by a test as it stands; nowhere else may a message
//! have T-SQL of its own (`tests/remedies.rs`).

use super::sql;

/// An enum of remedies with the T-SQL of each.
macro_rules! remedies {
    ($($(#[$doc:meta])* $name:ident = $sql:literal),+ $(,)?) => {
        /// What to write. `{column}`, `{units}`, `{login}` and `{database}` stand for what is known where it is told.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Remedy {
            $($(#[$doc])* $name),+
        }

        impl Remedy {
            /// All of them.
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),+];

            fn template(self) -> &'static str {
                match self {
                    $(Self::$name => $sql),+
                }
            }
        }
    };
}

remedies! {
    /// A number that is no whole number by its type.
    WholeNumber = "CAST({column} AS decimal(38, 0)) AS {column}",
    /// Bytes, as two hexadecimal digits each. Without the style they would become letters of some alphabet.
    Hexadecimal = "CONVERT(nvarchar({units}), {column}, 2) AS {column}",
    /// `image` converts to nothing but bytes.
    HexadecimalImage = "CONVERT(nvarchar({units}), CONVERT(varbinary(max), {column}), 2) AS {column}",
    /// Bytes that are the letters of a text.
    Letters = "CONVERT(varchar({units}), {column}) AS {column}",
    /// A date or a time; without the style it depends on the session's language and loses seconds.
    Moment = "CONVERT(nvarchar({units}), {column}, 126) AS {column}",
    /// Anything else as text.
    Shown = "CONVERT(nvarchar({units}), {column}) AS {column}",
    /// A price that is a float.
    FourDecimals = "CAST({column} AS decimal(19, 4)) AS {column}",
    /// A price with too many decimals, or one in text with a decimal point.
    TenDecimals = "CAST({column} AS decimal(28, 10)) AS {column}",
    /// A price in text with a decimal comma. A value that is no number then fails the query; TRY_CAST would make NULL of it,
    /// which is no price.
    Comma = "CAST(REPLACE({column}, ',', '.') AS decimal(28, 10)) AS {column}",
    /// The same for `text` and `ntext`, in which the server replaces nothing.
    LongComma = "CAST(REPLACE(CAST({column} AS nvarchar(max)), ',', '.') AS decimal(28, 10)) AS {column}",
    /// A column without a name.
    Named = "expression AS [name]",
    /// A column of another name.
    Renamed = "AS {column}",
    /// Finds the values that are no numbers.
    FindNoNumbers = "SELECT * FROM [table] WHERE TRY_CAST([column] AS decimal(28, 10)) IS NULL AND [column] IS NOT NULL",
    /// An empty text is no value.
    EmptyIsNull = "NULLIF([column], '')",
    /// Two texts of different collations.
    Collated = "[column] COLLATE DATABASE_DEFAULT",
    /// One view for both queries.
    AllowSnapshot = "ALTER DATABASE {database} SET ALLOW_SNAPSHOT_ISOLATION ON",
    /// The databases that there are.
    Databases = "SELECT name FROM sys.databases",
    /// A login of SQL Server's own.
    CreateLogin = "CREATE LOGIN [erpsync] WITH PASSWORD = '…'",
    /// A user for it in the database.
    CreateUser = "CREATE USER {login} FOR LOGIN {login}",
    /// A login that was disabled.
    EnableLogin = "ALTER LOGIN {login} ENABLE",
    /// A login that was locked after wrong passwords.
    UnlockLogin = "ALTER LOGIN {login} WITH PASSWORD = '…' UNLOCK",
    /// A login whose password has expired.
    NewPassword = "ALTER LOGIN {login} WITH PASSWORD = '…', CHECK_EXPIRATION = OFF",
    /// The only right that is needed.
    GrantSelect = "GRANT SELECT ON [schema].[table] TO {login}",
    /// Azure's firewall lets an address in.
    FirewallRule = "EXECUTE sp_set_firewall_rule N'erpsync', 'ADDRESS', 'ADDRESS'",
}

impl Remedy {
    /// For a column of a query; as text of so many units where it becomes text.
    pub(super) fn of_column(self, column: &str, units: usize) -> String {
        self.template().replace("{units}", &units.to_string()).replace("{column}", &sql::name(column))
    }

    /// For an administrator, with the account and the database that are meant.
    pub(super) fn of_account(self, login: &str, database: &str) -> String {
        self.template().replace("{login}", &sql::name(login)).replace("{database}", &sql::name(database))
    }
}

#[cfg(test)]
mod tests {
    use erpsync_sandbox::mssql::{MssqlOptions, MssqlServer, SqlValue};

    use super::super::options::{Columns, SourceOptions, example};
    use super::super::{Endpoint, UsedIsolation, read, session::Session};
    use super::*;

    /// The column of the table below that is not as it should be.
    const ODD: &str = "Odd [column]";

    /// A server with one product, whose column of this type has this value.
    async fn server(kind: &str, value: impl Into<SqlValue>) -> (MssqlServer, SourceOptions) {
        let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
        let table = format!(
            "CREATE TABLE dbo.Odd (ProductID int NOT NULL, ProductName nvarchar(40) NULL, Price money NULL, \
             Barcode varchar(40) NULL, [Odd [column]]] {kind} NULL)"
        );
        server.execute(&table).unwrap();
        let row: [SqlValue; 5] = [7.into(), "Tea".into(), "2.5".into(), "4006381333931".into(), value.into()];
        server.insert_rows("dbo.Odd", [row]).unwrap();
        let options = SourceOptions {
            endpoint: Endpoint::Port(server.addr().port()),
            password: server.options().password.clone().into(),
            attempts: 1,
            ..example()
        };
        (server, options)
    }

    /// Reads the odd column as the id, the name, the price or the barcode, with this in the query in its place; what comes, or
    /// what a person is told.
    async fn reads(options: &SourceOptions, role: &str, expression: &str) -> Result<String, String> {
        let mut columns = Columns {
            id: "ProductID".into(),
            name: "ProductName".into(),
            price: "Price".into(),
            barcode: "Barcode".into(),
        };
        let place = match role {
            "id" => &mut columns.id,
            "name" => &mut columns.name,
            "price" => &mut columns.price,
            _ => &mut columns.barcode,
        };
        *place = ODD.to_owned();
        let column = |name: &String| if name == ODD { expression.to_owned() } else { sql::name(name) };
        let select = |all: [&String; 2]| all.map(column).join(", ");
        let options = SourceOptions {
            products_query: format!(
                "SELECT {}, {} FROM dbo.Odd",
                column(&columns.id),
                select([&columns.name, &columns.price])
            ),
            barcodes_query: Some(format!("SELECT {} FROM dbo.Odd", select([&columns.id, &columns.barcode]))),
            columns,
            ..options.clone()
        };
        let catalogue = read(&options).await.map_err(|e| e.to_string())?.listing.whole();
        assert_eq!(catalogue.orphan_barcodes, 0, "the two queries agree about the id");
        let (id, product) = catalogue.products.first_key_value().ok_or("no product came")?;
        Ok(match role {
            "id" => id.to_string(),
            "name" => product.name.to_string(),
            "price" => product.price.map_or_else(|| "no price".to_owned(), |price| price.to_string()),
            _ => product.barcodes.iter().map(ToString::to_string).collect(),
        })
    }

    /// A column that cannot be read, the message that tells so and what to do, and that it works as it stands there.
    async fn column(remedy: Remedy, role: &str, (kind, value): (&str, SqlValue), comes: &str) {
        let (_server, options) = server(kind, value).await;
        let told = reads(&options, role, &sql::name(ODD)).await.expect_err("it cannot be read as it is");
        let units = if role == "name" { 1_002 } else { 66 };
        let remedy = remedy.of_column(ODD, units);
        assert!(told.contains(&remedy), "{kind}: {told}");
        assert_eq!(reads(&options, role, &remedy).await.as_deref(), Ok(comes), "{kind}: {remedy}");
    }

    /// What an administrator runs, with a password in the place of the dots.
    fn administrator(server: &MssqlServer, remedy: Remedy) {
        let text = remedy.of_account("erpsync", "Trade").replace('…', "Pa55-word!");
        server.execute(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
    }

    /// The first cell of each row.
    async fn asked(options: &SourceOptions, sql: &str) -> Vec<String> {
        let mut session = Session::open(options).await.unwrap();
        let mut rows = Vec::new();
        let asked = session.rows(sql, "asking", |row| {
            rows.push(row.try_get::<&str, _>(0)?.unwrap_or_default().to_owned());
            Ok(())
        });
        asked.await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        rows
    }

    /// Without a catch-all: a new remedy has its trial here, or nothing compiles.
    #[tokio::test]
    async fn each_does_what_it_is_told_for() {
        for remedy in Remedy::ALL.iter().copied() {
            let bytes = || SqlValue::Bytes(vec![0x80, 0x12, 0x00, 0xff]);
            match remedy {
                Remedy::WholeNumber => {
                    column(remedy, "id", ("float", 1_001.0.into()), "1001").await;
                    column(remedy, "barcode", ("float", 4_006_381_333_931.0.into()), "4006381333931").await;
                }
                Remedy::Hexadecimal => {
                    column(remedy, "id", ("binary(4)", bytes()), "801200FF").await;
                    column(remedy, "id", ("varbinary(40)", bytes()), "801200FF").await;
                    // Too long for an id is told, not cut off.
                    let (_server, options) = server("varbinary(40)", SqlValue::Bytes(vec![0xab; 40])).await;
                    let remedy = remedy.of_column(ODD, 66);
                    assert_eq!(reads(&options, "id", &remedy).await, Err("no product came".to_owned()));
                }
                Remedy::HexadecimalImage => {
                    let (_server, options) = server("varbinary(max)", bytes()).await;
                    assert_eq!(reads(&options, "id", &remedy.of_column(ODD, 66)).await.as_deref(), Ok("801200FF"));
                }
                Remedy::Letters => {
                    let code = || SqlValue::Bytes(b"73513537".to_vec());
                    column(remedy, "barcode", ("varbinary(20)", code()), "73513537").await;
                    column(remedy, "name", ("binary(8)", code()), "73513537").await;
                }
                Remedy::Moment => {
                    column(remedy, "id", ("date", "2026-11-30".into()), "2026-11-30").await;
                    column(remedy, "id", ("datetime2(7)", "2026-11-30 08:15:27.5".into()), "2026-11-30T08:15:27.5")
                        .await;
                }
                Remedy::Shown => column(remedy, "id", ("bit", 1.into()), "1").await,
                Remedy::FourDecimals => column(remedy, "price", ("float", 9.95.into()), "9.95").await,
                Remedy::TenDecimals => {
                    column(remedy, "price", ("decimal(30, 12)", "0.000150000000".into()), "0.00015").await;
                    column(remedy, "price", ("varchar(20)", " 12.50 ".into()), "12.5").await;
                }
                Remedy::Comma => {
                    column(remedy, "price", ("varchar(20)", "12,50".into()), "12.5").await;
                    column(remedy, "price", ("nvarchar(max)", "0,00015".into()), "0.00015").await;
                    for word in ["on request", "1.234,50", "12,50 €"] {
                        let (_server, options) = server("nvarchar(20)", word).await;
                        let told = reads(&options, "price", &remedy.of_column(ODD, 0)).await.unwrap_err();
                        assert!(told.contains("error 8114"), "{word} did not vanish: {told}");
                        assert!(told.contains(&Remedy::FindNoNumbers.of_account("", "")), "{told}");
                    }
                }
                Remedy::LongComma => {
                    let (_server, options) = server("nvarchar(max)", "12,50").await;
                    assert_eq!(reads(&options, "price", &remedy.of_column(ODD, 0)).await.as_deref(), Ok("12.5"));
                }
                Remedy::Named => {
                    let (_server, options) = server("decimal(9, 2)", "2.00").await;
                    let told = reads(&options, "price", "1 + 1").await.unwrap_err();
                    let named = remedy.of_account("", "");
                    assert!(told.contains(&named), "{told}");
                    let named = named.replace("expression", "1 + 1").replace("[name]", &sql::name(ODD));
                    assert_eq!(reads(&options, "price", &named).await.as_deref(), Ok("2"));
                }
                Remedy::Renamed => {
                    let (_server, options) = server("money", "2.00").await;
                    let told = reads(&options, "price", "Price").await.unwrap_err();
                    let renamed = remedy.of_column(ODD, 0);
                    assert!(told.contains(&renamed), "{told}");
                    assert_eq!(reads(&options, "price", &format!("Price {renamed}")).await.as_deref(), Ok("2.5"));
                }
                Remedy::FindNoNumbers => {
                    let (server, options) = server("varchar(20)", "12.50").await;
                    server.execute("INSERT INTO dbo.Odd VALUES (8, N'Coffee', 1, '1', '12,50')").unwrap();
                    server.execute("INSERT INTO dbo.Odd VALUES (9, N'Salt', 1, '2', NULL)").unwrap();
                    let find =
                        remedy.of_account("", "").replace("[table]", "dbo.Odd").replace("[column]", &sql::name(ODD));
                    let find = find.replacen('*', "ProductName", 1);
                    assert_eq!(asked(&options, &find).await, ["Coffee"]);
                }
                Remedy::EmptyIsNull => {
                    let (_server, options) = server("varchar(20)", "").await;
                    let cast = |inside: &str| format!("CAST({inside} AS decimal(9, 2)) AS {}", sql::name(ODD));
                    let told = reads(&options, "price", &cast(&sql::name(ODD))).await.unwrap_err();
                    let remedy = remedy.of_account("", "");
                    assert!(told.contains("error 8114") && told.contains(&remedy), "{told}");
                    let empty = remedy.replace("[column]", &sql::name(ODD));
                    assert_eq!(reads(&options, "price", &cast(&empty)).await.as_deref(), Ok("no price"));
                }
                Remedy::Collated => {
                    let (_server, options) = server("nvarchar(20)", "Tea").await;
                    let side = |name: &str| remedy.of_account("", "").replace("[column]", &sql::name(name));
                    let same = format!("SELECT ProductName FROM dbo.Odd WHERE {} = {}", side(ODD), side("ProductName"));
                    assert_eq!(asked(&options, &same).await, ["Tea"]);
                }
                Remedy::AllowSnapshot => {
                    let off = MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() };
                    let other = MssqlServer::start(off).await.unwrap();
                    let (_server, options) = server("int", 1).await;
                    let options = SourceOptions {
                        endpoint: Endpoint::Port(other.addr().port()),
                        products_query: "SELECT 1 AS ProductID, N'Tea' AS ProductName, 2.5 AS Price".into(),
                        barcodes_query: Some("SELECT 1 AS ProductID, '73513537' AS Barcode".into()),
                        ..options
                    };
                    let before = read(&options).await.unwrap();
                    assert_eq!(before.server.isolation, UsedIsolation::ReadCommitted);
                    let told = before.warnings.join("\n");
                    assert!(told.contains(&remedy.of_account("erpsync", "Trade")), "{told}");
                    administrator(&other, remedy);
                    let after = read(&options).await.unwrap();
                    assert_eq!((after.server.isolation, after.warnings.len()), (UsedIsolation::Snapshot, 0));
                }
                Remedy::Databases => {
                    let (_server, options) = server("int", 1).await;
                    assert!(asked(&options, &remedy.of_account("", "")).await.contains(&"Trade".to_owned()));
                }
                Remedy::GrantSelect => {
                    let (server, options) = server("nvarchar(20)", "Green tea").await;
                    server.execute("DENY SELECT ON dbo.Odd TO erpsync").unwrap();
                    let told = reads(&options, "name", &sql::name(ODD)).await.unwrap_err();
                    let grant = remedy.of_account("erpsync", "Trade");
                    assert!(told.contains("error 229") && told.contains(&grant), "{told}");
                    server.execute(&grant.replace("[schema].[table]", "[dbo].[Odd]")).unwrap();
                    assert_eq!(reads(&options, "name", &sql::name(ODD)).await.as_deref(), Ok("Green tea"));
                }
                Remedy::CreateLogin
                | Remedy::CreateUser
                | Remedy::EnableLogin
                | Remedy::UnlockLogin
                | Remedy::NewPassword
                | Remedy::FirewallRule => administrator(&server("int", 1).await.0, remedy),
            }
        }
    }

    #[test]
    fn names_cannot_be_left() {
        assert_eq!(Remedy::Comma.of_column("a]b", 0), "CAST(REPLACE([a]]b], ',', '.') AS decimal(28, 10)) AS [a]]b]");
        assert_eq!(
            Remedy::EnableLogin.of_account("x]; DROP LOGIN y", "Trade"),
            "ALTER LOGIN [x]]; DROP LOGIN y] ENABLE"
        );
    }
}
