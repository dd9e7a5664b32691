//! `docs/findings.md` tells of every kind of finding that there is, and of none that there is not.

use erpsync::check::Code;

#[test]
fn the_list_is_the_code_s() {
    let text = include_str!("../../docs/findings.md");
    let listed: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| [`")?.split(" | ");
            let name = cells.next()?.split('`').next()?;
            Some((name.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    let codes: Vec<(String, String)> =
        Code::ALL.iter().map(|c| (c.name().to_owned(), c.severity().name().to_owned())).collect();
    assert_eq!(listed, codes, "the table");
    let sections: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let names: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
    assert_eq!(sections, names, "the sections");
    let settled = text.lines().filter(|line| line.starts_with("*To settle:*")).count();
    assert_eq!(settled, names.len(), "what settles each");
}
