//! SQL Server is asked for no more than `docs/rights.md` grants.

use std::collections::BTreeSet;
use std::fs;

use super::stage::Stage;

/// What every login may ask for: its own database's row, and the columns of a query that it may run.
const FOR_ALL: [&str; 2] = ["sys.databases", "sys.dm_exec_describe_first_result_set"];

/// The objects that a statement reads, quoted texts included, as a query to be described is one.
fn read_by(batch: &str) -> BTreeSet<String> {
    let words: Vec<&str> = batch.split_whitespace().collect();
    let after = words
        .windows(2)
        .filter(|w| ["FROM", "JOIN", "INTO", "EXEC", "EXECUTE"].contains(&w[0].to_uppercase().as_str()));
    let name = |w: &str| {
        w.split(['\'', ';', ','])
            .next()
            .unwrap_or_default()
            .split("(N")
            .next()
            .unwrap_or_default()
            .trim_end_matches(')')
            .to_owned()
    };
    after.map(|w| name(w[1])).filter(|n| !n.is_empty() && !n.starts_with('(')).collect()
}

#[test]
fn the_statements_are_those_of_the_documented_rights() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    for (command, status) in
        [(&["import-products", "--first-run"][..], 3), (&["sync-prices"], 3), (&["check-barcodes"], 3)]
    {
        stage.bench.run(command).expect(status);
    }
    let batches = stage.bench.mssql.batches();
    assert!(batches.len() > 15, "{batches:?}");
    let mut read = BTreeSet::new();
    for batch in &batches {
        let first = batch.split_whitespace().next().unwrap_or_default();
        assert!(["SET", "SELECT", "BEGIN", "COMMIT"].contains(&first), "{batch}");
        read.extend(read_by(batch));
    }
    let rights = fs::read_to_string("docs/rights.md").unwrap();
    let granted: BTreeSet<String> = rights
        .lines()
        .filter_map(|line| line.strip_prefix("GRANT SELECT ON ")?.split([' ', '(']).next().map(str::to_owned))
        .collect();
    assert_eq!(granted, BTreeSet::from(["dbo.Products".to_owned(), "logistics.ProductBarcodes".to_owned()]));
    let expected: BTreeSet<String> = granted.into_iter().chain(FOR_ALL.map(str::to_owned)).collect();
    assert_eq!(read, expected, "what is read, and what is granted");
    stage.bench.assert_source_untouched();
}
