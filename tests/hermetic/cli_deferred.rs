//! `erpsync deferred` against stand-ins: what it shows, what it notes, and that it writes nothing else.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use crate::common::Run;
use crate::common::shop::{Product as Row, Shop};
use crate::common::standin::{DATABASE, Stage};
use erpsync::odoo::transport::Call;
use erpsync_sandbox::odoo::{Edit, Fault, NewProduct};
use serde_json::{Value, json};

const PASSWORD: &str = "People-Pa55word";

/// A shop with one deferred action of each of these: duplicate claim (two), foreign holder, ambiguous match, price jump.
struct Desk {
    stage: Stage,
    /// Kind and external id → number.
    numbers: BTreeMap<(String, String), i64>,
    /// Barcode of the duplicate claim.
    code: String,
}

impl Desk {
    fn new(version: u32) -> Self {
        let stage = Stage::new(version);
        let mut shop = Shop::new(10);
        shop.write(&stage.bench);
        stage.bench.import(&["-q"]).expect(0);
        let (code, held, alike) = ("4006381333931", "4007817327098", "4012345678901");
        stage.odoo.add_product(
            DATABASE,
            NewProduct { name: "Foreign", barcode: Some(held), price: 1.0, ..NewProduct::default() },
        );
        for (name, barcode) in [("First", alike), ("Second", "4099999999990")] {
            stage.odoo.add_product(
                DATABASE,
                NewProduct {
                    name,
                    barcode: Some(barcode),
                    default_code: Some("same"),
                    price: 1.0,
                    ..NewProduct::default()
                },
            );
        }
        for id in [1001, 1002] {
            shop.product(id).barcodes = vec![code.to_owned()];
        }
        shop.product(1003).barcodes = vec![held.to_owned()];
        shop.product(1004).price = "9999.00".to_owned();
        let both = vec![alike.to_owned(), "4099999999990".to_owned()];
        shop.products.insert(2000, Row { name: "Alike".to_owned(), barcodes: both, ..shop.products[&1005].clone() });
        shop.write(&stage.bench);
        stage.bench.import(&["-q", "--allow-release", "--allow-changes"]).expect(3);
        let mut desk = Self { stage, numbers: BTreeMap::new(), code: code.to_owned() };
        for record in desk.records() {
            let text = |name: &str| record[name].as_str().unwrap().to_owned();
            desk.numbers.insert((text("x_kind"), text("x_external_id")), record["id"].as_i64().unwrap());
        }
        let kinds: Vec<_> = desk.numbers.keys().map(|(kind, id)| format!("{kind} {id}")).collect();
        let expected = [
            "ambiguous-match 2000",
            "duplicate-claim 1001",
            "duplicate-claim 1002",
            "foreign-holder 1003",
            "price-jump 1004",
        ];
        assert_eq!(kinds, expected);
        desk
    }

    fn records(&self) -> Vec<Value> {
        self.stage.odoo.records(DATABASE, "x_pz_conflict")
    }

    fn n(&self, kind: &str, external_id: &str) -> String {
        self.numbers[&(kind.to_owned(), external_id.to_owned())].to_string()
    }

    fn run(&self, args: &[&str]) -> Run {
        self.stage.bench.run(&[&["deferred"], args].concat())
    }

    /// As an account of one of our groups.
    fn run_as(&self, login: &str, args: &[&str]) -> Run {
        let mut command = self.stage.bench.command(&[&["deferred"], args, &["--odoo-login", login]].concat());
        command.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", PASSWORD);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn resolve(&self, number: &str, choice: &str) -> Run {
        self.run(&["resolve", number, "--choose", choice])
    }

    /// State, choice, chosen product.
    fn standing(&self, number: &str) -> (String, String, Option<i64>) {
        let id: i64 = number.parse().unwrap();
        let record = self.records().into_iter().find(|r| r["id"] == id).unwrap();
        let text = |name: &str| record[name].as_str().unwrap_or("").to_owned();
        (text("x_state"), text("x_choice"), record["x_choice_product_id"].as_i64())
    }

    #[track_caller]
    fn stands(&self, number: &str, state: &str, choice: &str, product: Option<i64>) {
        assert_eq!(self.standing(number), (state.to_owned(), choice.to_owned(), product), "deferred action {number}");
    }

    fn product(&self, name: &str) -> i64 {
        self.stage.odoo.product(DATABASE, name).id
    }
}

#[test]
fn what_waits_is_listed() {
    for version in [14, 19] {
        let desk = Desk::new(version);
        let before = desk.stage.all_records();
        let run = desk.run(&["list"]).expect(3).says("5 open deferred actions: 5 without a choice");
        assert!(run.stdout.contains("duplicate-claim 4006381333931"), "{}", run.stdout);
        assert!(run.stdout.contains("\"Foreign\""), "{}", run.stdout);
        let listed = |args: &[&str]| {
            let run = desk.run(&[&["list", "--format", "json"], args].concat());
            let document: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!((&document["format"], &document["version"]), (&json!("erpsync-deferred"), &json!(1)));
            let records = document["records"].as_array().unwrap().iter();
            (run.status, records.map(|r| r["external_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(listed(&["--kind", "duplicate-claim"]), (3, ids(&["1001", "1002"])));
        assert_eq!(listed(&["--product", "1004", "--product", "1003", "--source", "polonez"]).1.len(), 2);
        assert_eq!(listed(&["--product", "77"]), (0, ids(&[])));
        assert_eq!(listed(&["--kind", "held", "--all"]), (0, ids(&[])));
        let table = desk.run(&["list", "--format", "csv"]).expect(3).stdout;
        assert_eq!(table.lines().count(), 6, "{table}");
        assert!(table.starts_with("number,state,opened,"), "{table}");
        desk.run(&["list", "--source", "polones"]).expect(64).says("polones");
        desk.run(&["list", "--kind", "nonsense"]).expect(64).says("price-jump");
        let quiet = desk.run(&["list", "-q"]).expect(3);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
        assert_eq!(desk.stage.all_records(), before, "a list wrote something");
    }
}

#[test]
fn one_is_shown_with_all_that_can_be_done() {
    for version in [14, 19] {
        let desk = Desk::new(version);
        let before = desk.stage.all_records();
        let (one, two) = (desk.n("duplicate-claim", "1001"), desk.n("duplicate-claim", "1002"));
        desk.run(&["show", &one])
            .expect(0)
            .says(&format!("  erpsync deferred resolve {one} --choose give\n"))
            .says(&format!("  erpsync deferred resolve {one} --choose give=1002\n"))
            .says(&format!("  erpsync deferred abandon {one}\n"))
            .says(&format!("deferred action {two}"))
            .says("by run 20");
        let alike = desk.n("ambiguous-match", "2000");
        let first = desk.product("First");
        desk.run(&["show", &alike])
            .expect(0)
            .says(&format!("one of   #{first} \"First\", reference same, barcode 4012345678901"))
            .says(&format!("--choose link={first}\n"));
        desk.run(&["show", &desk.n("foreign-holder", "1003")]).expect(0).says("holder   #").says("taken away from #");
        let run = desk.run(&["show", &one, "--format", "json"]).expect(0);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["records"][0]["rivals"], json!([two.parse::<i64>().unwrap()]));
        desk.run(&["show", "999"]).expect(1).says("no deferred action 999");
        desk.run(&["show", "0"]).expect(64);
        assert_eq!(desk.stage.all_records(), before, "showing wrote something");
    }
}

#[test]
fn a_choice_is_noted_and_nothing_else() {
    for version in [14, 19] {
        let desk = Desk::new(version);
        let jump = desk.n("price-jump", "1004");
        let before = desk.stage.odoo.snapshot(DATABASE);
        desk.run(&["resolve", &jump, "--choose", "take", "--dry-run"]).expect(2).says("would be chosen: take");
        assert_eq!(desk.stage.odoo.snapshot(DATABASE), before, "a dry run wrote something");
        desk.resolve(&jump, "take").expect(0).says("At the next import 1004");
        let noted = desk.stage.odoo.snapshot(DATABASE);
        let mut changed = Vec::new();
        for (key, now) in &noted {
            let was = before[key].as_object().unwrap();
            let fields = now
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, value)| was.get(*name).unwrap_or(&Value::Null) != *value);
            changed.extend(fields.map(|(name, _)| format!("{} {} {name}", key.0, key.1)));
        }
        changed.retain(|field| !field.contains(" write_"));
        assert_eq!(changed, [format!("x_pz_conflict {jump} x_choice")]);
        assert_eq!(noted.len(), before.len());

        desk.resolve(&jump, "take").expect(0).says("already chosen: take");
        desk.run(&["resolve", &jump, "--choose", "take", "--dry-run"]).expect(0);
        assert_eq!(desk.stage.odoo.snapshot(DATABASE), noted, "the same choice again wrote something");
        desk.resolve(&jump, "keep").expect(1).says("the choice take was made already").says("--replace");
        desk.resolve(&jump, "give").expect(1).says("possible are take, keep, abandon");
        desk.stands(&jump, "open", "take", None);
        desk.run(&["resolve", &jump, "--choose", "keep", "--replace"]).expect(0).says("instead of take");
        desk.stands(&jump, "open", "keep", None);
        // What has a choice does not wait for a person.
        desk.run(&["list", "--kind", "price-jump"]).expect(0).says("choice   keep");
        desk.run(&["reset", &jump, "--dry-run"]).expect(2).says("would be taken back: keep");
        desk.run(&["reset", &jump]).expect(0);
        desk.stands(&jump, "open", "", None);
        desk.run(&["reset", &jump]).expect(0).says("no choice");
        desk.run(&["list", "--kind", "price-jump"]).expect(3);
    }
}

#[test]
fn wrong_words_are_64_and_wrong_numbers_1() {
    let desk = Desk::new(19);
    let jump = desk.n("price-jump", "1004");
    let before = desk.stage.all_records();
    for choice in ["nonsense", "link", "link=x", "give=", "keep=1", ""] {
        desk.resolve(&jump, choice).expect(64).says("--choose");
    }
    desk.run(&["resolve", &jump]).expect(64);
    desk.run(&["resolve", "x", "--choose", "keep"]).expect(64);
    desk.run(&["resolve", "--choose", "keep"]).expect(64);
    desk.run(&["resolve", "1", "2", "--choose", "give"]).expect(64).says("one deferred action at a time");
    desk.run(&["abandon", &jump, "998", "999"]).expect(1).says("998, 999");
    assert_eq!(desk.stage.all_records(), before);
}

#[test]
fn a_barcode_is_given_to_one() {
    for version in [14, 19] {
        let desk = Desk::new(version);
        let (one, two) = (desk.n("duplicate-claim", "1001"), desk.n("duplicate-claim", "1002"));
        desk.resolve(&one, "give=1002").expect(0).says(&format!("barcode {} goes to 1002", desk.code));
        desk.stands(&one, "open", "", None);
        desk.stands(&two, "open", "give", None);
        desk.resolve(&one, "give=1002").expect(0).says("already chosen: give");
        desk.resolve(&one, "give").expect(1).says(&format!("{two} (1002) has the choice give"));
        desk.stands(&one, "open", "", None);
        desk.run(&["resolve", &one, "--choose", "give", "--replace", "--dry-run"]).expect(2);
        desk.stands(&two, "open", "give", None);
        let run = desk.run(&["resolve", &one, "--choose", "give", "--replace"]).expect(0);
        assert!(run.stdout.starts_with(&format!("{two}  polonez 1002")), "{}", run.stdout);
        desk.stands(&one, "open", "give", None);
        desk.stands(&two, "open", "", None);
        desk.resolve(&one, "give=1003").expect(1).says("1003 does not wait for barcode").says("choose keep");
        desk.resolve(&one, "give=1001").expect(0).says("already chosen");
        let foreign = desk.n("foreign-holder", "1003");
        desk.resolve(&foreign, "give=1001").expect(1).says("only a duplicate-claim");
        desk.resolve(&foreign, "give").expect(0).says("\"Foreign\"");
    }
}

#[test]
fn a_product_is_chosen() {
    for version in [14, 19] {
        let desk = Desk::new(version);
        let alike = desk.n("ambiguous-match", "2000");
        let (first, second) = (desk.product("First"), desk.product("Second"));
        desk.resolve(&alike, "link=ref:same").expect(1).says("several products").says(&format!("#{second} \"Second\""));
        desk.resolve(&alike, "link=ref:nothing").expect(1).says("no product");
        desk.resolve(&alike, "link=99999").expect(1).says("#99999");
        let name = &Shop::new(10).products[&1005].name;
        let taken = desk.product(name);
        desk.resolve(&alike, &format!("link={taken}")).expect(1).says("linked to 1005 of source polonez already");
        desk.stands(&alike, "open", "", None);
        desk.resolve(&alike, &format!("link=#{first}")).expect(0).says("linked to #");
        desk.stands(&alike, "open", "link", Some(first));
        desk.resolve(&alike, &format!("link={first}")).expect(0).says("already chosen");
        desk.resolve(&alike, "link=barcode:4099999999990").expect(1).says(&format!("link #{first}"));
        desk.stage.odoo.edit(DATABASE, second, Edit::Active(false));
        desk.stage.odoo.set_company(DATABASE, second, Some(1));
        desk.run(&["resolve", &alike, "--choose", "link=barcode:4099999999990", "--replace"])
            .expect(0)
            .says("archived")
            .says("My Company");
        desk.stands(&alike, "open", "link", Some(second));
        desk.run(&["resolve", &alike, "--choose", "create", "--replace"]).expect(0);
        desk.stands(&alike, "open", "create", None);
        desk.resolve(&desk.n("price-jump", "1004"), "link=1").expect(1).says("no choice");
    }
}

#[test]
fn many_are_abandoned_or_none() {
    let desk = Desk::new(14);
    let numbers = [desk.n("price-jump", "1004"), desk.n("foreign-holder", "1003"), desk.n("duplicate-claim", "1001")];
    let all: Vec<&str> = numbers.iter().map(String::as_str).collect();
    desk.resolve(all[1], "keep").expect(0);
    let before = desk.stage.all_records();
    desk.run(&[&["abandon"], all.as_slice()].concat()).expect(1).says("keep was made already");
    assert_eq!(desk.stage.all_records(), before);
    desk.stage.odoo.clear_calls();
    desk.run(&[&["abandon", "--replace"], all.as_slice()].concat()).expect(0);
    let writes = desk.stage.odoo.calls().iter().filter(|c| c.name == "x_pz_conflict.write").count();
    assert_eq!(writes, 1, "all in one transaction");
    for number in &all {
        desk.stands(number, "abandoned", "abandon", None);
    }
    desk.run(&["list"]).expect(3).says("2 open");
    desk.run(&["list", "--all"]).expect(3).says("3 decided, abandoned or closed");
    // One is taken up again.
    desk.resolve(all[0], "take").expect(0);
    desk.stands(all[0], "open", "take", None);
    desk.run(&["reset", all[1], all[2]]).expect(0);
    desk.stands(all[2], "open", "", None);
}

#[test]
fn a_closed_one_stays_closed() {
    let desk = Desk::new(19);
    let jump = desk.n("price-jump", "1004");
    desk.stage.bench.import(&["-q", "--allow-price-change", "--only", "1004"]).expect(3);
    let before = desk.stage.all_records();
    for choice in ["take", "abandon"] {
        desk.resolve(&jump, choice).expect(1).says(&format!("{jump} was closed on 20")).says("by run 20");
    }
    desk.run(&["reset", &jump]).expect(1).says("was closed");
    desk.run(&["show", &jump]).expect(0).says("closed   20");
    assert_eq!(desk.stage.all_records(), before);
}

/// Starts a command, and while its next call of that name hangs, lets something happen.
fn meanwhile(desk: &Desk, args: &[&str], call: &str, skip: usize, happens: impl Fn()) -> Run {
    desk.stage.odoo.fail_on(call, skip, Fault::Delay(Duration::from_secs(2)));
    let mut command = desk.stage.bench.command(&[&["deferred"], args].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while desk.stage.odoo.pending_faults() > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    happens();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn what_happens_meanwhile_is_noticed() {
    let desk = Desk::new(14);
    let jump = desk.n("price-jump", "1004");
    let id: i64 = jump.parse().unwrap();
    let set = |column: &str, value: Value| desk.stage.odoo.tamper(DATABASE, "x_pz_conflict", id, column, value);
    // Somebody chooses between the check and the write.
    let run = meanwhile(&desk, &["resolve", &jump, "--choose", "take"], "x_pz_conflict.search_read", 1, || {
        set("x_choice", json!("keep"));
    });
    run.expect(1).says("was changed meanwhile").says("nothing was changed");
    desk.stands(&jump, "open", "keep", None);
    desk.run(&["reset", &jump]).expect(0);
    // Somebody chooses after the write.
    let run = meanwhile(&desk, &["resolve", &jump, "--choose", "take"], "x_pz_conflict.search_read", 2, || {
        set("x_choice", json!("keep"));
    });
    run.expect(1).says("keep stands there now");
    desk.run(&["reset", &jump]).expect(0);
    // A run closes it before the write: its word stands.
    let run = meanwhile(&desk, &["abandon", &jump], "x_pz_conflict.write", 0, || {
        set("x_closed", json!("2026-11-04 11:07:00"));
        set("x_state", json!("closed"));
    });
    run.expect(1).says("was closed meanwhile");
    desk.stands(&jump, "closed", "", None);
}

#[test]
fn a_lost_answer_is_asked_again() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::Serialization] {
        let desk = Desk::new(19);
        let jump = desk.n("price-jump", "1004");
        desk.stage.odoo.fail_on("x_pz_conflict.write", 0, fault);
        desk.resolve(&jump, "take").expect(0);
        assert_eq!(desk.stage.odoo.pending_faults(), 0);
        desk.stands(&jump, "open", "take", None);
    }
}

#[test]
fn rights_are_asked_for_by_name() {
    for version in [14, 19] {
        let desk = Desk::new(version);
        let target = &desk.stage.bench.target;
        for (login, group) in [("reader", Some("reader")), ("operator", Some("operator")), ("stranger", None)] {
            let ours = group.map(|g| format!("erpsync.group_{g}"));
            let groups: Vec<&str> = ["base.group_user"].into_iter().chain(ours.as_deref()).collect();
            target.user(login, PASSWORD, &groups);
        }
        let jump = desk.n("price-jump", "1004");
        let before = desk.stage.all_records();
        desk.run_as("reader", &["list"]).expect(3).says("\"Foreign\"");
        let refused = desk.run_as("reader", &["resolve", &jump, "--choose", "take"]).expect(77);
        refused.says("group \"Catalogue synchronisation: operator\"");
        desk.run_as("stranger", &["list"]).expect(77).says("group \"Catalogue synchronisation: operator\"");
        desk.run_as("stranger", &["abandon", &jump]).expect(77);
        assert_eq!(desk.stage.all_records(), before);
        desk.run_as("operator", &["resolve", &jump, "--choose", "take"]).expect(0);
        desk.stands(&jump, "open", "take", None);
        desk.run_as("operator", &["show", &jump]).expect(0).says("by operator");
        // Somebody without any right to read products: ids alone, but for what Odoo tells with the reference itself.
        target.user("till", PASSWORD, &["erpsync.group_operator"]);
        let alike = desk.n("ambiguous-match", "2000");
        let first = desk.product("First");
        desk.run_as("till", &["show", &alike]).expect(0).says(&format!("one of   #{first}\n"));
        desk.run_as("till", &["resolve", &alike, "--choose", "link=ref:same"]).expect(77).says("link=42");
        desk.run_as("till", &["resolve", &alike, "--choose", &format!("link={first}")])
            .expect(0)
            .says("was not checked");
        desk.stands(&alike, "open", "link", Some(first));
    }
}

#[test]
fn without_setup_there_is_nothing() {
    let stage = Stage::without_setup(19);
    stage.bench.run(&["deferred", "list"]).expect(78).says("erpsync setup");
}

#[test]
fn neither_lease_nor_pause_holds_it_up() {
    let desk = Desk::new(14);
    let switch = desk.stage.odoo.records(DATABASE, "x_pz_pause").remove(0)["id"].as_i64().unwrap();
    desk.stage.odoo.tamper(DATABASE, "x_pz_pause", switch, "x_paused", json!(true));
    desk.stage.bench.import(&[]).expect(75);
    desk.run(&["resolve", &desk.n("price-jump", "1004"), "--choose", "keep"]).expect(0);
    // Nor does a configuration without sources, as an operator may have it.
    let config = std::fs::read_to_string(desk.stage.bench.config()).unwrap();
    let (_, odoo) = config.split_once("[odoo]").unwrap();
    std::fs::write(desk.stage.bench.config(), format!("[odoo]{odoo}")).unwrap();
    desk.run(&["list", "--source", "polonez"]).expect(3);
    // A choice made in Odoo's own form is seen.
    let foreign = desk.n("foreign-holder", "1003");
    let call = Call::new("x_pz_conflict", "write").ids(&[foreign.parse().unwrap()]);
    desk.stage.bench.target.admin(call.arg("vals", json!({"x_choice": "give"})));
    desk.run(&["list", "--product", "1003"]).expect(0).says("choice   give");
}
