//! What may be printed: no control character, nothing that turns the reading direction, JSON that is JSON.

use erpsync::catalog::{Catalogue, OdooState, Price, SourceName};
use erpsync::plan::kept::{KeptPlan, Origin};
use erpsync::plan::{Plan, Policy, Scope, plan};
use erpsync::render::{self, Options, Style};

const STYLES: [Style; 2] = [Style { color: false, width: 0 }, Style { color: false, width: 60 }];
const OPTIONS: [Options; 2] =
    [Options { verbose: true, max_items: None }, Options { verbose: false, max_items: Some(2) }];

/// Control and reordering characters do not reach a terminal; line breaks, and tabs between columns, are the renderer's own.
pub fn is_clean(text: &[u8], own: &[char]) {
    let text = std::str::from_utf8(text).expect("what is printed is UTF-8");
    let odd = |c: char| {
        !own.contains(&c)
            && (c.is_control()
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}'))
    };
    if let Some(c) = text.chars().find(|c| odd(*c)) {
        panic!("{c:?} is printed in {text:?}");
    }
}

/// One JSON document, and no raw control character but line breaks in it.
pub fn is_json(text: &[u8]) {
    let parsed: Result<serde_json::Value, _> = serde_json::from_slice(text);
    assert!(parsed.is_ok(), "not JSON: {:?}", String::from_utf8_lossy(text));
    let raw = text.iter().find(|b| **b < 0x20 && **b != b'\n');
    assert_eq!(raw, None, "a raw control character in JSON");
}

/// An error as the command line shows it.
pub fn error(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert!(!text.trim().is_empty(), "an error without words: {error:?}");
    is_clean(render::plain(&text).as_bytes(), &[]);
}

/// A price is text that is the same price.
pub fn price(price: Price) {
    let text = price.to_string();
    assert_eq!(Price::parse(&text), Ok(price), "{text}");
}

/// A plan in all formats.
pub fn plan_in_all_formats(plan: &Plan) {
    for style in STYLES {
        for options in OPTIONS {
            let mut out = Vec::new();
            render::plan_text(plan, style, options, &mut out).expect("a vector takes everything");
            is_clean(&out, &['\n']);
        }
    }
    let mut out = Vec::new();
    render::plan_lines(plan, OPTIONS[0], &mut out).expect("a vector takes everything");
    is_clean(&out, &['\n', '\t']);
    let mut out = Vec::new();
    render::json(plan, None, &mut out).expect("a vector takes everything");
    is_json(&out);
    is_clean(render::plan_summary_line(plan).as_bytes(), &[]);
}

/// Plans a catalogue against a state of Odoo, shows the plan, keeps it and reads it again.
pub fn planned(catalogue: &Catalogue, odoo: &OdooState, policy: &Policy) {
    let source = SourceName::parse("polonez").expect("a plain name");
    let made = plan(&source, catalogue, odoo, policy, &Scope::All);
    assert_eq!(made, plan(&source, catalogue, odoo, policy, &Scope::All), "the same inputs, another plan");
    plan_in_all_formats(&made);
    let origin = Origin {
        made: "2026-11-23T00:00:00Z".to_owned(),
        made_at: 1_795_392_000,
        database: "11111111-2222-3333-4444-555555555555".to_owned(),
        company: 1,
        digits: odoo.digits,
        extras: false,
        owners: erpsync::catalog::Precedence::default(),
        create: serde_json::Value::Null,
    };
    let kept = KeptPlan::new(origin, made, odoo);
    let text = kept.text();
    assert_eq!(KeptPlan::parse(&text).as_ref(), Ok(&kept), "a kept plan is read as it was: {text}");
    assert!(kept.changed(&odoo.links, &odoo.decisions).is_empty(), "a plan that was just made is stale");
}
