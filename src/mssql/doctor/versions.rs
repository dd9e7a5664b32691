//! Names for SQL Server's version numbers. Pure.

/// The oldest version that can describe a query without running it: SQL Server 2012.
const DESCRIBES: u32 = 11;

/// What `ProductVersion` and `EngineEdition` stand for: the name, and whether the server can describe queries.
pub(super) fn named(version: &str, engine: &str) -> (String, bool) {
    // Azure's own numbering stays at 12 and means the newest.
    match engine {
        "5" => return ("Azure SQL Database".to_owned(), true),
        "8" => return ("Azure SQL Managed Instance".to_owned(), true),
        _ => {}
    }
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next().flatten(), numbers.next().flatten().unwrap_or_default());
    let Some(major) = major else { return ("SQL Server of an unknown version".to_owned(), true) };
    let year = match (major, minor) {
        (8, _) => "2000",
        (9, _) => "2005",
        (10, 50..) => "2008 R2",
        (10, _) => "2008",
        (11, _) => "2012",
        (12, _) => "2014",
        (13, _) => "2016",
        (14, _) => "2017",
        (15, _) => "2019",
        (16, _) => "2022",
        (17, _) => "2025",
        _ => return ("SQL Server".to_owned(), major >= DESCRIBES),
    };
    (format!("SQL Server {year}"), major >= DESCRIBES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (version, engine, name, describes) in [
            ("16.0.4135.4", "3", "SQL Server 2022", true),
            ("17.0.1000.7", "2", "SQL Server 2025", true),
            ("11.0.7001.0", "4", "SQL Server 2012", true),
            ("10.50.6000.34", "2", "SQL Server 2008 R2", false),
            ("10.0.6000.29", "2", "SQL Server 2008", false),
            ("9.0.5000.0", "4", "SQL Server 2005", false),
            ("12.0.2000.8", "5", "Azure SQL Database", true),
            ("99.1", "3", "SQL Server", true),
            ("", "", "SQL Server of an unknown version", true),
        ] {
            assert_eq!(named(version, engine), (name.to_owned(), describes), "{version}");
        }
    }
}
