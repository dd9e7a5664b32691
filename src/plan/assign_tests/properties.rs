//! What holds for every table: few codes, many products, so that clashes are frequent.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const CODES: [&str; 12] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "036000291452", "0036000291452"];

fn code() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&CODES[..])
}

/// As the source gives them: each code once, spellings included.
fn claims() -> impl Strategy<Value = Vec<Barcode>> {
    prop::collection::vec(code(), 0..4).prop_map(|codes| {
        let mut seen = BTreeSet::new();
        let codes = codes.into_iter().map(|c| Barcode::parse(c).unwrap().unwrap());
        codes.filter(|c| seen.insert(c.key())).collect()
    })
}

fn chair() -> impl Strategy<Value = Chair> {
    let current =
        (code(), prop::bool::weighted(0.1)).prop_map(|(c, b)| if b { format!(" {c} ") } else { c.to_owned() });
    let flags = (prop::bool::weighted(0.8), prop::bool::weighted(0.1), prop::bool::weighted(0.15));
    (prop::option::weighted(0.7, current), claims(), flags).prop_map(|(current, claims, (exists, frozen, missing))| {
        Chair {
            product: exists.then_some(0),
            current: current.filter(|_| exists),
            claims: if missing { Vec::new() } else { claims },
            frozen,
            unread: false,
            missing,
            retired: false,
            extras: Vec::new(),
        }
    })
}

/// A room with clashes of all kinds; `unique` rooms have every code once.
fn room(unique: bool) -> impl Strategy<Value = Room> {
    let holder = (code(), any::<bool>(), prop::bool::weighted(0.3), 1_i64..80);
    (prop::collection::vec(chair(), 0..50), prop::collection::vec(holder, 0..4), 1_usize..6).prop_map(
        move |(chairs, holders, max)| {
            let mut room = Room { max, ..Room::default() };
            let mut seen = BTreeSet::new();
            for (n, mut chair) in chairs.into_iter().enumerate() {
                chair.product = chair.product.map(|_| i64::try_from(n).unwrap() + 1);
                if unique && chair.current.as_deref().is_some_and(|c| !seen.insert(CodeKey::of(c))) {
                    chair.current = None;
                }
                room.chairs.insert(id(&n.to_string()), chair);
            }
            let own: Vec<(i64, String)> =
                room.chairs.values().filter_map(|c| Some((c.product?, c.current.clone()?))).collect();
            for (number, code) in own {
                room.outside(number, &code);
            }
            for (code, active, packaging, number) in holders {
                if unique && !seen.insert(CodeKey::of(code)) {
                    continue;
                }
                // A seat's own product has nothing but its current code.
                let number = if packaging { number } else { number + 1000 };
                let holder = room.outside(number, code);
                holder.active = active;
                holder.kind = if packaging { HolderKind::Packaging } else { HolderKind::Product };
            }
            room
        },
    )
}

fn any_room() -> impl Strategy<Value = Room> {
    any::<bool>().prop_flat_map(room)
}

/// The seats' codes by key, with who has them.
fn held(chairs: &BTreeMap<ExternalId, Chair>) -> BTreeMap<CodeKey, BTreeSet<ExternalId>> {
    let mut out: BTreeMap<CodeKey, BTreeSet<ExternalId>> = BTreeMap::new();
    for (ext, chair) in chairs {
        if let Some(code) = &chair.current {
            out.entry(CodeKey::of(code)).or_default().insert(ext.clone());
        }
    }
    out
}

/// The room after the assignment; new products exist then.
fn after(room: &Room, done: &Assignment) -> Room {
    let mut next = room.clone();
    for (n, (ext, chair)) in next.chairs.iter_mut().enumerate() {
        chair.current.clone_from(&done.targets[ext]);
        if chair.product.is_none() && !chair.missing && !chair.frozen {
            chair.product = Some(i64::try_from(n).unwrap() + 500);
        }
    }
    let seats: BTreeMap<i64, Option<String>> =
        next.chairs.values().filter_map(|c| Some((c.product?, c.current.clone()))).collect();
    next.holders.retain(|h| h.kind == HolderKind::Packaging || !seats.contains_key(&h.product.get()));
    for (number, code) in seats {
        if let Some(code) = code {
            next.outside(number, &code);
        }
    }
    next
}

/// The codes of records that no seat speaks for.
fn outside(room: &Room) -> impl Iterator<Item = CodeKey> + '_ {
    let seats: BTreeSet<i64> = room.chairs.values().filter_map(|c| c.product).collect();
    let is_outside = move |h: &&Holder| h.kind == HolderKind::Packaging || !seats.contains(&h.product.get());
    room.holders.iter().filter(is_outside).map(|h| CodeKey::of(&h.barcode))
}

fn settings() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings())]

    /// No code comes to be at two seats, nor at a seat and outside.
    #[test]
    fn no_code_is_given_twice(room in any_room()) {
        let before = held(&room.chairs);
        let next = after(&room, &room.assign());
        let outside: BTreeSet<CodeKey> = outside(&room).collect();
        for (key, now) in held(&next.chairs) {
            let then = before.get(&key).cloned().unwrap_or_default();
            let newcomers: Vec<_> = now.difference(&then).collect();
            prop_assert!(now.len() == 1 || newcomers.is_empty(), "{key:?}: {then:?} → {now:?}");
            prop_assert!(newcomers.is_empty() || !outside.contains(&key), "{key:?} is outside as well");
        }
    }

    /// Where every code is held once, every code is held at most once afterwards.
    #[test]
    fn a_tidy_room_stays_tidy(room in room(true)) {
        let next = after(&room, &room.assign());
        for (key, seats) in held(&next.chairs) {
            prop_assert_eq!(seats.len(), 1, "{:?}", key);
            prop_assert!(outside(&room).all(|other| other != key));
        }
    }

    /// Whoever may have a code has one, and whoever has none is told why, code by code.
    #[test]
    fn nobody_goes_without_a_reason(room in any_room()) {
        let done = room.assign();
        for (ext, chair) in room.chairs.iter().filter(|(_, c)| !c.frozen && !c.missing) {
            let told: BTreeMap<&str, Vec<&Obstacle>> =
                done.obstacles.iter().filter(|(e, _, _)| e == ext).fold(BTreeMap::new(), |mut map, (_, code, o)| {
                    map.entry(code.as_str()).or_insert_with(Vec::new).push(o);
                    map
                });
            let refused = told.values().flatten().any(|o| matches!(o, Obstacle::TooManyMoves(_)));
            match &done.targets[ext] {
                Some(code) => prop_assert!(refused || chair.claims.iter().any(|c| c.key() == CodeKey::of(code))),
                None => for claim in &chair.claims {
                    prop_assert!(refused || told.contains_key(claim.as_str()), "{ext} is not told about {claim}");
                },
            }
        }
    }

    /// Every obstacle is a fact of the room.
    #[test]
    fn obstacles_are_true(room in any_room()) {
        let done = room.assign();
        let before = held(&room.chairs);
        let lists = |ext: &ExternalId, key: &CodeKey| room.chairs[ext].claims.iter().any(|c| c.key() == *key);
        for (ext, code, obstacle) in &done.obstacles {
            let key = CodeKey::of(code);
            match obstacle {
                Obstacle::Contested { others, more, keeper, keepers } => {
                    let claimants = room.chairs.keys().filter(|e| lists(e, &key)).count();
                    let holding = before.get(&key).into_iter().flatten().filter(|e| lists(e, &key)).count();
                    prop_assert!(lists(ext, &key) && others.iter().all(|o| o != ext && lists(o, &key)));
                    prop_assert_eq!((others.len() + more + 1, *keepers), (claimants, holding));
                    prop_assert_eq!(keeper.is_some(), holding == 1);
                    prop_assert!(keeper.as_ref() != Some(ext));
                }
                Obstacle::Foreign(h) => {
                    prop_assert!(CodeKey::of(&h.barcode) == key && lists(ext, &key));
                    prop_assert!(done.targets[ext].is_none());
                }
                Obstacle::SecondHolder(h) => {
                    prop_assert!(h.active && CodeKey::of(&h.barcode) == key);
                    prop_assert_eq!(done.targets[ext].as_deref().map(CodeKey::of), Some(key));
                }
                Obstacle::Frozen(other) => {
                    prop_assert!(other != ext && before[&key].contains(other));
                    prop_assert_eq!(&done.targets[other], &room.chairs[other].current, "it is left as it is");
                }
                Obstacle::TooManyMoves(n) => {
                    prop_assert!(*n > room.max && done.targets[ext] == room.chairs[ext].current);
                }
            }
        }
    }

    /// What need not move does not.
    #[test]
    fn nothing_else_moves(room in any_room()) {
        let done = room.assign();
        let moved: BTreeSet<&ExternalId> = done.components.iter().flatten().collect();
        prop_assert_eq!(moved.len(), done.components.iter().flatten().count(), "each moves once");
        for (ext, chair) in &room.chairs {
            let (target, current) = (&done.targets[ext], &chair.current);
            prop_assert_eq!(moved.contains(ext), target != current && chair.product.is_some());
            let listed = current.as_ref().is_some_and(|code| chair.claims.iter().any(|c| c.key() == CodeKey::of(code)));
            if chair.frozen {
                prop_assert_eq!(target, current);
            } else if listed {
                prop_assert_eq!(target.as_deref().map(CodeKey::of), current.as_deref().map(CodeKey::of));
            } else if chair.missing && target != current {
                let key = CodeKey::of(current.as_ref().unwrap());
                prop_assert!(target.is_none());
                prop_assert!(done.targets.iter().any(|(e, t)| e != ext && t.as_deref().map(CodeKey::of).as_ref() == Some(&key)));
            }
        }
    }

    /// Component by component, release all and assign all: no code is met where it already is, apart from the clashes
    /// that Odoo had before and that are left alone.
    #[test]
    fn the_order_is_safe(room in any_room()) {
        let done = room.assign();
        let mut chairs = room.chairs.clone();
        for group in &done.components {
            prop_assert!((1..=room.max).contains(&group.len()), "{} of {}", group.len(), room.max);
            for ext in group {
                chairs.get_mut(ext).unwrap().current = None;
            }
            for ext in group {
                if let Some(code) = &done.targets[ext] {
                    prop_assert!(!held(&chairs).contains_key(&CodeKey::of(code)), "{code} for {ext} is not free yet");
                    chairs.get_mut(ext).unwrap().current = Some(code.clone());
                }
            }
        }
        for (ext, chair) in room.chairs.iter().filter(|(_, c)| c.product.is_none()) {
            if let Some(code) = done.targets[ext].as_ref().filter(|_| chair.current.is_none()) {
                prop_assert!(!held(&chairs).contains_key(&CodeKey::of(code)), "{code} for the new {ext} is not free");
                chairs.get_mut(ext).unwrap().current = Some(code.clone());
            }
        }
        for (ext, chair) in &chairs {
            prop_assert_eq!(&chair.current, &done.targets[ext]);
        }
    }

    /// Assigned once, there is nothing left to assign, and what waits waits.
    #[test]
    fn the_second_assignment_changes_nothing(room in any_room()) {
        let first = room.assign();
        let second = after(&room, &first).assign();
        prop_assert_eq!(&first.targets, &second.targets);
        prop_assert!(second.components.is_empty());
        let told = |done: &Assignment| done.obstacles.iter().map(|(e, c, o)| (e.clone(), c.clone(), word(o))).collect::<Vec<_>>();
        prop_assert_eq!(told(&first), told(&second));
    }

    /// The order in which seats and holders were learnt makes no difference.
    #[test]
    fn the_outcome_does_not_depend_on_order(room in any_room()) {
        let first = room.assign();
        let mut turned = room.clone();
        turned.chairs = room.chairs.into_iter().rev().collect();
        prop_assert_eq!(format!("{:?}", turned.assign()), format!("{first:?}"));
        // Whichever of several outsiders is named, everybody gets the same.
        turned.holders.reverse();
        let second = turned.assign();
        prop_assert_eq!((first.targets, first.components), (second.targets, second.components));
    }
}
