//! Plans and reports built by hand for the golden tests; one of each kind of thing that a plan can say.

use crate::apply::report::{NotDone, Report};
use crate::catalog::{
    BadRow, BadRowKind, Barcode, ExternalId, MatchRule, Overruled, Price, ProductId, ProductName, SourceName,
    TemplateId,
};
use crate::plan::{
    Activity, BarcodeMove, Component, Creation, Deferred, DeferredKind, Extras, LanguageName, LinkValues, Missing,
    NameChange, Plan, PriceChange, Reason, Refusal, Settled, Update,
};

pub(super) fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

pub(super) fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn product(n: i64) -> ProductId {
    ProductId::new(n).unwrap()
}

pub(super) fn name(text: &str) -> ProductName {
    ProductName::parse(text).unwrap()
}

pub(super) fn update(external_id: &str, label: &str, n: i64) -> Update {
    Update {
        external_id: id(external_id),
        label: label.to_owned(),
        product: product(n),
        template: TemplateId::new(n + 1000).unwrap(),
        adopt: None,
        archived: false,
        activity: None,
        name: None,
        price: None,
        link: LinkValues::default(),
    }
}

pub(super) fn renamed(old: &[(&str, &str)], new: &str, reason: Reason) -> Option<NameChange> {
    let language =
        |(l, n): &(&str, &str)| LanguageName { language: (*l).to_owned(), old: (*n).to_owned(), new: name(new) };
    Some(NameChange { languages: old.iter().map(language).collect(), reason })
}

pub(super) fn repriced(old: &str, new: &str, reason: Reason) -> Option<PriceChange> {
    Some(PriceChange { old: old.to_owned(), new: price(new), reason })
}

pub(super) fn moved(
    external_id: &str,
    label: &str,
    old: Option<&str>,
    new: Option<&str>,
    reason: Reason,
) -> BarcodeMove {
    BarcodeMove {
        external_id: id(external_id),
        label: label.to_owned(),
        product: product(17),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
        said_barcodes: None,
        extras: Extras::default(),
        wrote_extras: None,
        outside: false,
        reason,
    }
}

pub(super) fn deferred(external_id: &str, label: &str, kind: DeferredKind, subject: &str, message: &str) -> Deferred {
    Deferred {
        external_id: id(external_id),
        label: label.to_owned(),
        kind,
        subject: subject.to_owned(),
        holder: None,
        candidates: Vec::new(),
        value: String::new(),
        message: message.to_owned(),
        settled: None,
    }
}

pub(super) fn empty() -> Plan {
    Plan {
        source: SourceName::parse("polonez").unwrap(),
        languages: vec!["en_US".to_owned(), "ru_RU".to_owned()],
        adoptions: Vec::new(),
        moves: Vec::new(),
        creations: Vec::new(),
        updates: Vec::new(),
        deferred: Vec::new(),
        unevaluated: Vec::new(),
        archived_in_odoo: Vec::new(),
        missing: Vec::new(),
        still_missing: 0,
        not_written: Vec::new(),
        overruled: Overruled::default(),
        bad_rows: Vec::new(),
        unchanged: 2000,
        untouched: 0,
        refusals: Vec::new(),
        scope: None,
    }
}

/// What people's choices, further codes and missing products look like.
pub(super) fn desk() -> Plan {
    let outside = BarcodeMove {
        product: product(99),
        outside: true,
        ..moved("2001", "Stranger \"x\"", Some("4006381333931"), None, Reason::Chosen)
    };
    let given = moved("2001", "Чай", None, Some("4006381333931"), Reason::Chosen);
    let packed = BarcodeMove {
        extras: Extras { add: vec!["B2".to_owned()], remove: vec!["B1".to_owned()] },
        ..moved("2002", "Coffee", Some("A"), Some("A"), Reason::SourceChanged)
    };
    let gone = moved("2003", "Gone", Some("C"), None, Reason::Missing);
    let update = |ext: &str, label: &str, n, activity| Update { activity, ..update(ext, label, n) };
    let archived = update("2003", "Gone", 3, Some(Activity::Archive));
    let back = Update { archived: true, ..update("2004", "Back", 4, Some(Activity::Reactivate)) };
    let reverted = Update {
        price: repriced("5.50", "5", Reason::Reverted("20261122T090308Z-polonez-9f0c11".to_owned())),
        ..update("2005", "Undone", 5, None)
    };
    let settled = Deferred {
        settled: Some(Settled::Decided),
        ..deferred(
            "2006",
            "Given",
            DeferredKind::DuplicateClaim,
            "D",
            "listed at several; a person gave it to this one",
        )
    };
    let left = Deferred {
        settled: Some(Settled::Abandoned),
        value: "99".to_owned(),
        ..deferred("2007", "Left", DeferredKind::PriceJump, "price", "price 1 → 99 moves by 9800 %")
    };
    let manual = Update { adopt: Some(MatchRule::Manual), ..update("2008", "Linked", 8, None) };
    let created = Creation {
        external_id: id("2009"),
        name: name("New"),
        price: Some(price("1")),
        said_price: Some(price("1")),
        barcode: Barcode::parse("E").unwrap(),
        said_barcodes: vec!["E".to_owned(), "F".to_owned()],
        extras: vec!["F".to_owned()],
        relink: true,
    };
    Plan {
        adoptions: vec![manual],
        moves: vec![
            Component { moves: vec![outside, given] },
            Component { moves: vec![packed] },
            Component { moves: vec![gone] },
        ],
        creations: vec![created],
        updates: vec![archived, back, reverted],
        deferred: vec![settled, left],
        missing: vec![Missing {
            external_id: id("2003"),
            label: "Gone".to_owned(),
            archive: true,
            still_in: Vec::new(),
        }],
        ..empty()
    }
}

pub(super) fn refused() -> Plan {
    Plan {
        creations: vec![Creation {
            external_id: id("1"),
            name: name("Чай"),
            price: Some(price("3")),
            said_price: Some(price("3")),
            barcode: None,
            said_barcodes: Vec::new(),
            extras: Vec::new(),
            relink: false,
        }],
        refusals: vec![Refusal {
            guard: "first-run".into(),
            message: "Odoo has products already (812), and none is linked to source polonez: this run would create 1 and adopt 0; look at the dry run, then let the first run through with --first-run".to_owned(),
        }],
        unchanged: 0,
        ..empty()
    }
}

pub(super) fn unread() -> Plan {
    Plan {
        refusals: vec![Refusal {
            guard: "empty-source".into(),
            message:
                "the source returned no products; that is taken for a failed read; --allow-empty-source lets it through"
                    .to_owned(),
        }],
        unchanged: 0,
        ..empty()
    }
}

pub(super) fn rich() -> Plan {
    let creation = |external_id: &str, text: &str, money: Option<(&str, &str)>, codes: &[&str]| Creation {
        external_id: id(external_id),
        name: name(text),
        price: money.map(|(want, _)| price(want)),
        said_price: money.map(|(_, said)| price(said)),
        barcode: codes.first().and_then(|code| Barcode::parse(code).unwrap()),
        said_barcodes: codes.iter().map(|code| (*code).to_owned()).collect(),
        extras: Vec::new(),
        relink: false,
    };
    let adopted = Update {
        adopt: Some(MatchRule::Barcode),
        name: renamed(&[("en_US", "Coffee old"), ("ru_RU", "Кофе «старый»")], "Кофе \"Жокей\" 250 г", Reason::Adopted),
        price: repriced("4.00", "4.2", Reason::Adopted),
        ..update("1002", "Кофе \"Жокей\" 250 г", 21)
    };
    let plain_adoption =
        Update { adopt: Some(MatchRule::DefaultCode), archived: true, ..update("A-7", "Flour 茶 e\u{301}", 22) };
    let drift = Update {
        name: renamed(&[("en_US", "Sugar!"), ("ru_RU", "Sugar!")], "Сахар\u{a0}1 кг", Reason::Drift),
        price: repriced("10.50", "12", Reason::BothChanged),
        ..update("1003", "Сахар\u{a0}1 кг", 31)
    };
    let note = Update {
        link: LinkValues { said_name: Some("Соль".to_owned()), ..LinkValues::default() },
        ..update("1004", "Соль", 32)
    };
    let one_language = Update {
        name: renamed(&[("ru_RU", "Вода")], "Вода\u{202e}", Reason::SourceChanged),
        ..update("1016", "Вода\u{202e}", 33)
    };
    let source = Reason::SourceChanged;
    let swap = Component {
        moves: vec![
            moved("1005", "Swap A", Some("4006381333931"), Some("73513537"), source.clone()),
            moved("1006", "Swap B", Some("73513537"), Some("4006381333931"), source.clone()),
        ],
    };
    let circle = Component {
        moves: vec![
            moved("1007", "Круг 1", Some("c1"), Some("c3"), source.clone()),
            moved("1008", "Круг 2", Some("c2"), Some("c1"), source.clone()),
            moved("1009", "Круг 3", Some("c3"), Some("c2"), source.clone()),
        ],
    };
    let chain = Component {
        moves: vec![
            moved("1013", "Gone from the source", Some("036000291452"), None, Reason::ClaimedBy(id("1003"))),
            moved("1003", "Сахар\u{a0}1 кг", Some(" 111"), Some("0036000291452"), source),
        ],
    };
    let release =
        Component { moves: vec![moved("1010", "Спички", Some("2000000000008"), None, Reason::NoLongerListed)] };
    let mut contested = deferred(
        "1001",
        "Чай \"Майский\" 100 г",
        DeferredKind::DuplicateClaim,
        "5901234123457",
        "barcode 5901234123457 is listed at 1011 as well; nobody gets it until the source lists it once",
    );
    contested.candidates = vec![product(5), product(6)];
    let mut foreign = deferred(
        "1011",
        "Мыло",
        DeferredKind::ForeignHolder,
        "9780201379624",
        "barcode 9780201379624 is at archived product #99 \"Old soap\", which is not linked to this source; take it away there, or link that product",
    );
    foreign.holder = Some(product(99));
    let jump = deferred(
        "1003",
        "Сахар\u{a0}1 кг",
        DeferredKind::PriceJump,
        "price",
        "price 1 → 100 moves by 9900 %; let it through with --allow-price-change, or correct it in the source",
    );
    Plan {
        adoptions: vec![adopted, plain_adoption],
        moves: vec![swap, circle, chain, release],
        creations: vec![
            creation("1001", "Чай \"Майский\" 100 г", Some(("10.5", "10.4999")), &[]),
            creation("1014", "Спички новые", Some(("0.1", "0.1")), &["2000000000008", "second\tcode"]),
            creation("1015", "Без цены", None, &["40170725"]),
        ],
        updates: vec![drift, note, one_language],
        deferred: vec![contested, jump, foreign],
        missing: vec![
            Missing { external_id: id("1012"), label: "Пропал".to_owned(), archive: false, still_in: Vec::new() },
            Missing { external_id: id("1013"), label: "Gone from the source".to_owned(), archive: false, still_in: Vec::new() },
        ],
        bad_rows: vec![
            BadRow { id: None, kind: BadRowKind::Id, message: "product row named \"x\": the id is empty".to_owned(), barcode_row: false },
            BadRow { id: Some(id("1017")), kind: BadRowKind::Name, message: "the name contains U+0000".to_owned(), barcode_row: false },
        ],
        refusals: vec![Refusal {
            guard: "max_create".into(),
            message: "120 new products in face of 1000 linked products: more than 100 and more than 10 %; if this is right, let it through with --allow-create".to_owned(),
        }],
        unchanged: 1984,
        untouched: 2,
        ..empty()
    }
}

pub(super) fn report() -> Report {
    let not_done = |external_id: &str, label: &str, message: &str| NotDone {
        external_id: id(external_id),
        label: label.to_owned(),
        message: message.to_owned(),
    };
    Report {
        run: "2f1c9a".to_owned(),
        created: 3,
        adopted: 1,
        updated: 5,
        barcodes: 4,
        archived: 0,
        archived_in_odoo: 0,
        reactivated: 0,
        notes: 1200,
        overruled: Overruled::default(),
        refused: vec![not_done("1001", "Чай", "ValidationError: the barcode is taken\nby \u{1b}[31mpackaging")],
        overtaken: vec![not_done("1003", "Сахар", "name: the plan saw \"Sugar!\", Odoo has \"Sugar\" now")],
        opened: 1,
        closed: 0,
        open: 2,
        duplicates: vec!["4006381333931".to_owned()],
        interrupted: None,
    }
}
