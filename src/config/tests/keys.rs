//! Hints for unknown keys.

use super::super::keys::{hint, similar};

fn hint_in(section: &str, key: &str) -> String {
    let section: Vec<String> = section.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    hint(&section, key)
}

#[test]
fn a_slip_of_the_finger_is_understood() {
    for (section, key, meant) in [
        ("sources.polonez", "pasword", "password_env"),
        ("sources.polonez", "hots", "host"),
        ("sources.polonez", "product_query", "products_query"),
        ("sources.polonez.create", "tax", "taxes"),
        ("sources.polonez.columns", "barcod", "barcode"),
        ("", "source", "sources"),
        ("odoo", "data_base", "database"),
        ("sync", "max_price_changes", "max_price_change"),
        ("sync.guards", "max_creates", "max_create"),
        ("sync.guards.max_create", "percents", "percent"),
    ] {
        assert_eq!(hint_in(section, key), format!("did you mean `{meant}`?"), "[{section}] {key}");
    }
}

#[test]
fn a_key_of_another_section_is_sent_there() {
    assert_eq!(hint_in("", "host"), "it belongs in [sources.NAME]");
    assert_eq!(hint_in("odoo", "lease_seconds"), "it belongs in [sync]");
    assert_eq!(hint_in("sync", "max_create"), "it belongs in [sync.guards]");
}

#[test]
fn otherwise_all_keys_are_listed() {
    assert_eq!(hint_in("sync.guards.max_create", "zzz"), "known here: count, percent");
}

#[test]
fn nothing_is_guessed_from_afar() {
    assert_eq!(similar("warehouse", ["polonez", "kassa"].into_iter()), None);
}
