//! Every rule by name.

use super::*;

const UPC: &str = "036000291452";
const EAN: &str = "0036000291452";

#[test]
fn the_rules_one_by_one() {
    type Case = (&'static str, fn(&mut Room), &'static str);
    let cases: &[Case] = &[
        ("nothing listed, nothing had", |r| _ = r.seat("1", "", &[]), "1=-"),
        ("a code that is listed stays", |r| _ = r.seat("1", "B", &["A", "B"]), "1=B"),
        ("the first listed code is given", |r| _ = r.seat("1", "", &["A", "B"]), "1=A <1>"),
        ("a code that is no longer listed goes", |r| _ = r.seat("1", "A", &[]), "1=- <1>"),
        ("and is replaced", |r| _ = r.seat("1", "A", &["B"]), "1=B <1>"),
        ("a new product gets one without a move", |r| r.fresh("1", &["A"]), "1=A"),
        (
            "a contested code is passed over",
            |r| {
                r.seat("1", "", &["A", "B"]);
                r.seat("2", "", &["A"]);
            },
            "1=B 2=- [1 A contested] [2 A contested] <1>",
        ),
        (
            "a contested code stays with its keeper",
            |r| {
                r.seat("1", "", &["A"]);
                r.seat("2", "A", &["A"]);
            },
            "1=- 2=A [1 A kept by 2]",
        ),
        (
            "two keepers both keep it, a third gets nothing",
            |r| {
                r.seat("1", "A", &["A"]);
                r.seat("2", "A", &["A"]);
                r.fresh("3", &["A"]);
            },
            "1=A 2=A 3=- [1 A kept by 2] [2 A kept by 2] [3 A kept by 2]",
        ),
        (
            "a holder without a right to a contested code loses it",
            |r| {
                r.seat("1", "A", &[]);
                r.seat("2", "", &["A"]);
                r.seat("3", "", &["A"]);
            },
            "1=- 2=- 3=- [2 A contested] [3 A contested] <1>",
        ),
        (
            "a frozen keeper is a keeper",
            |r| {
                r.seat("1", "A", &["A"]).frozen = true;
                r.seat("2", "", &["A"]);
            },
            "1=A 2=- [2 A kept by 1]",
        ),
        (
            "a frozen claim counts",
            |r| {
                r.seat("1", "", &["A"]).frozen = true;
                r.seat("2", "", &["A"]);
            },
            "1=- 2=- [1 A contested] [2 A contested]",
        ),
        (
            "a foreign holder blocks",
            |r| {
                r.seat("1", "", &["A"]);
                r.outside(90, "A");
            },
            "1=- [1 A foreign #90]",
        ),
        (
            "an archived one too",
            |r| {
                r.seat("1", "", &["A"]);
                r.outside(90, "A").active = false;
            },
            "1=- [1 A foreign #90]",
        ),
        (
            "a packaging too, the product's own among them",
            |r| {
                r.seat("1", "", &["A"]);
                r.outside(1, "A").kind = HolderKind::Packaging;
            },
            "1=- [1 A foreign #1]",
        ),
        (
            "a foreign holder is passed over in silence when another code is free",
            |r| {
                r.seat("1", "", &["A", "B"]);
                r.outside(90, "A");
            },
            "1=B <1>",
        ),
        (
            "a seat's own product is not foreign",
            |r| {
                r.seat("1", "A", &[]);
                r.seat("2", "", &["A"]);
                r.outside(1, "A");
            },
            "1=- 2=A <1 2>",
        ),
        (
            "a second active holder of a kept code is told",
            |r| {
                r.seat("1", "A", &["A"]);
                r.outside(1, "A");
                r.outside(90, "A");
            },
            "1=A [1 A second #90]",
        ),
        (
            "an archived one, a packaging or another spelling is not",
            |r| {
                r.seat("1", "A", &["A"]);
                r.outside(1, "A");
                r.outside(90, "A").active = false;
                r.outside(91, "A").kind = HolderKind::Packaging;
                r.outside(92, "A ");
            },
            "1=A",
        ),
        (
            "nor is anybody beside an archived product",
            |r| {
                r.seat("1", "A", &["A"]);
                r.outside(1, "A").active = false;
                r.outside(90, "A");
            },
            "1=A",
        ),
        (
            "a frozen holder blocks",
            |r| {
                r.seat("1", "A", &[]).frozen = true;
                r.seat("2", "", &["A"]);
            },
            "1=A 2=- [2 A frozen 1]",
        ),
        (
            "a frozen second holder is told",
            |r| {
                r.seat("1", "A", &[]).frozen = true;
                r.seat("2", "A", &["A"]);
            },
            "1=A 2=A [2 A frozen 1]",
        ),
        ("a missing holder keeps what nobody claims", |r| r.seat("1", "A", &[]).missing = true, "1=A"),
        (
            "and what is contested",
            |r| {
                r.seat("1", "A", &[]).missing = true;
                r.fresh("2", &["A"]);
                r.fresh("3", &["A"]);
            },
            "1=A 2=- 3=- [2 A contested] [3 A contested]",
        ),
        (
            "and loses what one claims",
            |r| {
                r.seat("1", "A", &[]).missing = true;
                r.seat("2", "", &["A"]);
            },
            "1=- 2=A <1 2>",
        ),
        (
            "a missing second holder of a kept code loses it",
            |r| {
                r.seat("1", "A", &[]).missing = true;
                r.seat("2", "A", &["A"]);
            },
            "1=- 2=A <1>",
        ),
        (
            "a frozen missing holder keeps all",
            |r| {
                let seat = r.seat("1", "A", &[]);
                (seat.missing, seat.frozen) = (true, true);
                r.seat("2", "", &["A"]);
            },
            "1=A 2=- [2 A frozen 1]",
        ),
        (
            "a missing holder keeps what a waiting new product lists",
            |r| {
                r.seat("1", "A", &[]).missing = true;
                r.fresh("2", &["A"]);
                r.chairs.get_mut(&id("2")).unwrap().frozen = true;
            },
            "1=A 2=-",
        ),
        (
            "UPC-A and EAN-13 contest each other",
            |r| {
                r.seat("1", "", &[UPC]);
                r.seat("2", "", &[EAN]);
            },
            "1=- 2=- [1 036000291452 contested] [2 0036000291452 contested]",
        ),
        ("the other spelling of a kept code stays as it is", |r| _ = r.seat("1", EAN, &[UPC]), "1=0036000291452"),
        (
            "and blocks like the same",
            |r| {
                r.seat("1", "", &[UPC]);
                r.outside(90, EAN);
            },
            "1=- [1 036000291452 foreign #90]",
        ),
        ("two spellings in one list are one claim", |r| _ = r.seat("1", "", &[UPC, EAN]), "1=036000291452 <1>"),
        ("blanks around a kept code are mended", |r| _ = r.seat("1", " A ", &["A"]), "1=A <1>"),
        ("blanks around a code nobody lists go with it", |r| _ = r.seat("1", " A ", &[]), "1=- <1>"),
        (
            "blanks stay where mending would meet an outsider",
            |r| {
                r.seat("1", " A ", &["A"]);
                r.outside(90, "A").active = false;
            },
            "1= A ",
        ),
        (
            "blanks stay where mending would meet a keeper",
            |r| {
                r.seat("1", " A ", &["A"]);
                r.seat("2", "A", &["A"]);
            },
            "1= A  2=A [1 A kept by 2] [2 A kept by 2]",
        ),
        (
            "blanks are mended at once where the other lets go",
            |r| {
                r.seat("1", " A", &["A"]);
                r.seat("2", "A", &[]);
            },
            "1=A 2=- <2 1>",
        ),
        (
            "blanks do not hide a holder",
            |r| {
                r.seat("1", " A", &[]).frozen = true;
                r.seat("2", "", &["A"]);
            },
            "1= A 2=- [2 A frozen 1]",
        ),
        (
            "two holders without a right both let go",
            |r| {
                r.seat("1", "A", &[]);
                r.seat("2", "A", &[]);
                r.seat("3", "", &["A"]);
            },
            "1=- 2=- 3=A <1 2 3>",
        ),
    ];
    for (name, build, expected) in cases {
        let mut room = Room::new();
        build(&mut room);
        assert_eq!(room.outcome(), *expected, "{name}");
    }
}

#[test]
fn who_takes_a_code_is_remembered() {
    let mut room = Room::new();
    room.seat("1", "A", &["B"]);
    room.seat("2", "B", &[]).missing = true;
    room.seat("3", "", &["A"]);
    room.seat("4", "Z", &[]);
    let taken = room.assign().taken_by;
    assert_eq!(taken, BTreeMap::from([(id("1"), id("3")), (id("2"), id("1"))]));
}

#[test]
fn a_contest_names_a_few_and_counts_the_rest() {
    let mut room = Room::new();
    for n in 0..8 {
        room.fresh(&n.to_string(), &["A"]);
    }
    let done = room.assign();
    let (_, _, Obstacle::Contested { others, more, keeper, keepers }) = &done.obstacles[2] else { panic!() };
    let shown: Vec<_> = others.iter().map(ExternalId::as_str).collect();
    assert_eq!((shown, *more, keeper, *keepers), (vec!["0", "1", "3", "4", "5"], 2, &None, 0));
}

/// Twenty thousand products with one code, and two with twenty thousand: a square of either would not end.
#[test]
fn large_contests_are_no_square() {
    let mut room = Room::new();
    for n in 0..20_000 {
        room.fresh(&n.to_string(), &["A"]);
    }
    let many: Vec<String> = (0..20_000).map(|n| format!("M{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    room.fresh("x", &many);
    room.seat("y", "M7", &many);
    let done = room.assign();
    assert_eq!(done.obstacles.len(), 20_000 + 2 * 20_000 - 1);
    assert_eq!(done.targets[&id("y")].as_deref(), Some("M7"));
}

/// Fifty thousand products, of each of which a secondary code is elsewhere: what stands in the way is not looked for among all.
#[test]
fn many_obstacles_are_no_square() {
    const MANY: i64 = 50_000;
    let mut room = Room { extras: true, ..Room::new() };
    for n in 0..MANY {
        let (main, further) = (format!("M{n}"), format!("F{n}"));
        room.seat(&n.to_string(), &main, &[&main, &further]);
        room.outside(MANY + n + 1, &further);
    }
    let done = room.assign();
    let many = usize::try_from(MANY).unwrap();
    assert_eq!((done.obstacles.len(), done.components.len()), (many, 0));
}

/// A column that came shifted by one line, and one of its rows cannot be read: everybody waits for the next.
#[test]
fn a_long_chain_that_waits_is_no_square() {
    const MANY: i64 = 20_000;
    let mut room = Room::new();
    for n in 0..MANY {
        let (has, lists) = (format!("C{n}"), format!("C{}", n + 1));
        room.seat(&n.to_string(), &has, &[&lists]);
    }
    let last = room.seat(&MANY.to_string(), &format!("C{MANY}"), &[]);
    (last.frozen, last.unread) = (true, true);
    let done = room.assign();
    let many = usize::try_from(MANY).unwrap();
    assert_eq!((done.waiting.len(), done.obstacles.len(), done.components.len()), (many, many, 0));
}

#[test]
fn what_stands_in_the_way_twice_is_told_once() {
    let mut room = Room { extras: true, ..Room::new() };
    room.seat("1", "", &["A", "B"]);
    room.outside(7, "A");
    room.outside(8, "B");
    assert_eq!(room.outcome(), "1=- [1 A foreign #7] [1 B foreign #8]");
}
