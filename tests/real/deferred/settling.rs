//! What waits is listed, shown and settled by an operator; nothing else is written.

use serde_json::Value;

use super::desk::Desk;
use crate::world::LOGINS;

pub fn scenario(version: u32) {
    let desk = Desk::new(version, "settling");
    let (all, target) = ([&LOGINS[..], &["x_pz_conflict"]].concat(), desk.world.target());
    let (before, rest) = (target.checksums(&all), desk.rest());
    let untouched = target.checksums(&LOGINS);
    reading(&desk);
    dry(&desk);
    desk.world.assert_unchanged(&untouched, &LOGINS);

    values(&desk);
    barcodes(&desk);
    products(&desk);
    abandoning(&desk);
    desk.world.assert_unchanged(&before, &all);
    assert_eq!(desk.rest(), rest, "more was written than choice, product and state");

    // Everything taken back, Odoo says what it said before.
    let numbers: Vec<String> = (1..=6).map(|id| desk.n(id)).collect();
    desk.run(&[vec!["reset"], numbers.iter().map(String::as_str).collect()].concat()).expect(0);
    for number in &numbers {
        assert_eq!(desk.standing(number), "open||");
    }
    closed(&desk);
}

fn reading(desk: &Desk) {
    let run = desk.run(&["list"]).expect(3).says("6 open deferred actions: 6 without a choice");
    assert_eq!(desk.as_sync(&["list"]).expect(3).stdout, run.stdout);
    let run =
        desk.run(&["list", "--format", "json", "--kind", "duplicate-claim", "--kind", "foreign-holder"]).expect(3);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let records = document["records"].as_array().unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(records[2]["holder"]["id"], desk.foreign);
    assert_eq!(records[2]["holder"]["details"]["barcode"], desk.codes[1].as_str());
    assert_eq!(records[0]["name"], "A");
    assert_eq!(desk.run(&["list", "--format", "csv"]).expect(3).stdout.lines().count(), 7);
    desk.run(&["list", "--product", "99", "--all"]).expect(0).says("Nothing is open");
    desk.run(&["list", "--source", "nobody"]).expect(64).says("nobody");

    let [one, two] = [1, 2].map(|id| desk.n(id));
    desk.run(&["show", &one])
        .expect(0)
        .says("--choose give=2\n")
        .says(&format!("deferred action {two}"))
        .says("UTC by run 20");
    let [first, second] = desk.alike;
    let shown = desk.run(&["show", &desk.n(6)]).expect(0).says(&format!("--choose link={second}\n"));
    let first = format!("one of   #{first} \"Alike\", reference same, barcode {}\n", desk.codes[2]);
    assert!(shown.stdout.contains(&first), "{}", shown.stdout);
    let foreign = format!("holder   #{} \"Foreign\", barcode {}\n", desk.foreign, desk.codes[1]);
    desk.as_sync(&["show", &desk.n(3)]).expect(0).says(&foreign);
    desk.run(&["show", "999999"]).expect(1).says("no deferred action 999999");
}

fn dry(desk: &Desk) {
    desk.run(&["resolve", &desk.n(4), "--choose", "take", "--dry-run"]).expect(2).says("would be chosen: take");
    desk.run(&["abandon", &desk.n(4), &desk.n(5), "--dry-run"]).expect(2);
    desk.run(&["reset", &desk.n(4), "--dry-run"]).expect(0);
}

fn values(desk: &Desk) {
    let (jump, drift) = (desk.n(4), desk.n(5));
    desk.resolve(&jump, "take").expect(0).says("At the next import 4 \"D\" gets the price");
    assert_eq!(desk.standing(&jump), "open|take|");
    desk.resolve(&jump, "take").expect(0).says("already chosen");
    desk.resolve(&jump, "keep").expect(1).says("--replace");
    desk.run(&["resolve", &jump, "--choose", "keep", "--replace"]).expect(0);
    assert_eq!(desk.standing(&jump), "open|keep|");
    desk.as_sync(&["resolve", &drift, "--choose", "keep"]).expect(0);
    desk.resolve(&drift, "give").expect(1).says("possible are take, keep, abandon");
    assert_eq!(desk.standing(&drift), "open|keep|");
    desk.run(&["list", "--product", "4", "--product", "5"]).expect(0).says("all with a choice");
}

fn barcodes(desk: &Desk) {
    let [one, two, three] = [1, 2, 3].map(|id| desk.n(id));
    desk.resolve(&one, "give=2").expect(0);
    assert_eq!([desk.standing(&one), desk.standing(&two)], ["open||", "open|give|"]);
    desk.resolve(&one, "give").expect(1).says(&format!("{two} (2) has the choice give"));
    desk.run(&["resolve", &one, "--choose", "give", "--replace"]).expect(0);
    assert_eq!([desk.standing(&one), desk.standing(&two)], ["open|give|", "open||"]);
    desk.resolve(&one, "give=3").expect(1).says("choose keep");
    desk.resolve(&three, "give").expect(0).says("taken away from #");
    assert_eq!(desk.standing(&three), "open|give|");
}

fn products(desk: &Desk) {
    let (six, [first, second]) = (desk.n(6), desk.alike);
    let taken = desk.world.linked(1);
    desk.resolve(&six, &format!("link={taken}")).expect(1).says("linked to 1 of source polonez already");
    desk.resolve(&six, "link=999999").expect(1).says("#999999");
    desk.resolve(&six, "link=ref:same").expect(1).says("several products");
    assert_eq!(desk.standing(&six), "open||");
    desk.resolve(&six, &format!("link=barcode:{}", desk.codes[2])).expect(0).says("At the next import");
    assert_eq!(desk.standing(&six), format!("open|link|{first}"));
    desk.as_sync(&["resolve", &six, "--choose", &format!("link=#{second}"), "--replace"]).expect(0);
    assert_eq!(desk.standing(&six), format!("open|link|{second}"));
    desk.run(&["resolve", &six, "--choose", "create", "--replace"]).expect(0);
    assert_eq!(desk.standing(&six), "open|create|");
}

fn abandoning(desk: &Desk) {
    let [two, four, six] = [2, 4, 6].map(|id| desk.n(id));
    desk.run(&["abandon", &two, &four, &six]).expect(1).says("--replace");
    assert_eq!(desk.standing(&two), "open||");
    desk.run(&["abandon", &two, &four, &six, "--replace"]).expect(0);
    for number in [&two, &four, &six] {
        assert_eq!(desk.standing(number), "abandoned|abandon|");
    }
    desk.run(&["list", "--all"]).expect(0).says("3 decided, abandoned or closed");
    desk.resolve(&four, "take").expect(0);
    assert_eq!(desk.standing(&four), "open|take|");
}

fn closed(desk: &Desk) {
    let four = desk.n(4);
    desk.world.import(&["--allow-price-change"]).expect(3);
    desk.run(&["show", &four]).expect(0).says("closed   20");
    let before = desk.world.target().checksums(&LOGINS);
    for args in [&["resolve", &four, "--choose", "take"][..], &["abandon", &four], &["reset", &four]] {
        desk.run(args).expect(1).says(&format!("{four} was closed on 20")).says("by run 20");
    }
    desk.world.assert_unchanged(&before, &LOGINS);
}
