//! The order of moves: swaps, circles, chains, and what is too large for one transaction.

use super::*;

/// `n` seats, each listing the code of the next; the last one's wish is given.
fn row(n: usize, last: &str) -> Room {
    let mut room = Room::new();
    for i in 0..n {
        let wish = if i + 1 < n { format!("C{}", i + 1) } else { last.to_owned() };
        room.seat(&i.to_string(), &format!("C{i}"), &[&wish]);
    }
    room
}

#[test]
fn a_swap_is_one_component() {
    assert_eq!(row(2, "C0").outcome(), "0=C1 1=C0 <0 1>");
}

#[test]
fn a_circle_of_three_is_one_component() {
    assert_eq!(row(3, "C0").outcome(), "0=C1 1=C2 2=C0 <0 1 2>");
}

#[test]
fn a_chain_begins_at_its_free_end() {
    assert_eq!(row(4, "new").outcome(), "0=C1 1=C2 2=C3 3=new <3 2 1 0>");
}

#[test]
fn a_long_chain_is_split_from_its_free_end() {
    let mut room = row(5, "new");
    room.max = 2;
    assert_eq!(room.outcome(), "0=C1 1=C2 2=C3 3=C4 4=new <4 3> <2 1> <0>");
}

#[test]
fn a_circle_at_the_limit_goes_and_one_beyond_is_refused() {
    let mut room = row(3, "C0");
    room.max = 3;
    assert_eq!(room.outcome(), "0=C1 1=C2 2=C0 <0 1 2>");
    room.max = 2;
    assert_eq!(room.outcome(), "0=C0 1=C1 2=C2 [0 C1 too many 3] [1 C2 too many 3] [2 C0 too many 3]");
}

#[test]
fn a_limit_of_nothing_is_one() {
    let mut room = row(3, "new");
    room.max = 0;
    assert_eq!(room.outcome(), "0=C1 1=C2 2=new <2> <1> <0>");
}

#[test]
fn independent_moves_do_not_wait_for_a_refused_circle() {
    let mut room = row(3, "C0");
    room.max = 2;
    room.seat("9", "", &["N"]);
    assert!(room.outcome().ends_with("<9>"), "{}", room.outcome());
}

/// A circle of two, and a second holder of one of its codes that would go on to another code.
#[test]
fn whoever_hangs_on_a_refused_circle_keeps_what_it_has() {
    let mut room = row(2, "C0");
    room.seat("2", "C1", &["T"]);
    room.seat("3", "T", &["U"]);
    room.max = 3;
    let done = room.assign();
    assert!(done.components.is_empty());
    assert!(done.obstacles.iter().all(|(_, _, o)| *o == Obstacle::TooManyMoves(4)), "{:?}", done.obstacles);
    assert_eq!(done.targets[&id("3")].as_deref(), Some("T"));
    room.max = 4;
    assert_eq!(room.outcome(), "0=C1 1=C0 2=T 3=U <3 2 0 1>");
}

/// Missing products hold codes of a refused circle as well: they keep them.
#[test]
fn a_missing_holder_beside_a_refused_circle_keeps_its_code() {
    let mut room = row(2, "C0");
    room.seat("m", "C1", &[]).missing = true;
    room.max = 2;
    assert_eq!(room.assign().targets[&id("m")].as_deref(), Some("C1"));
}

#[test]
fn a_new_product_waits_for_no_component() {
    let mut room = row(2, "new");
    room.fresh("n", &["C0"]);
    assert_eq!(room.outcome(), "0=C1 1=new n=C0 <1 0>");
}
