//! People keep working: they edit, through Odoo, the very products that a run writes, all the while.
//!
//! Triggers of the database keep a log of who changed what into what, in order. By it each of the run's writes is held
//! against the history: it replaced just what it says that it replaced, so nobody's edit went unseen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, spawn};

use erpsync::odoo::transport::Call;
use erpsync::odoo::{ConnectOptions, Odoo};
use serde_json::{Value, json};

use crate::common::shop::{Shop, ean13};
use crate::common::target::script;
use crate::gate::{end, start};
use crate::whole::{ALLOW, assert_once, change};
use crate::world::World;

/// What a person can edit.
const FIELDS: [&str; 3] = ["name", "price", "barcode"];

/// An acknowledged edit: variant, field, new value.
type Edit = (i64, &'static str, String);

/// Somebody who edits product after product until told to stop.
pub struct Person {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Edit>>,
}

impl Person {
    /// Begins to edit these variants; no two people give anything the same value.
    pub fn begin(world: &World, number: usize, products: Vec<i64>, fields: &'static [&'static str]) -> Self {
        let target = world.twin();
        let options = ConnectOptions {
            url: target.url.clone(),
            database: target.database.clone(),
            login: "admin".to_owned(),
            password: Some("admin".to_owned().into()),
            api_key: None,
            transport: erpsync::odoo::TransportChoice::Web,
            trust: erpsync::odoo::Trust::System,
            timeout: std::time::Duration::from_secs(120),
            retry: erpsync::odoo::Retry::never(),
            hurry: erpsync::odoo::Hurry::default(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let odoo = runtime.block_on(Odoo::connect(&options)).unwrap();
            let mut done = Vec::new();
            for turn in (0..).map(|n| n + number * 1_000_000) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let product = products[(turn * 7 + number) % products.len()];
                let field = fields[turn % fields.len()];
                let (value, vals) = edit(field, turn);
                let call = Call::new("product.product", "write").ids(&[product]).arg("vals", vals);
                // A person whose edit fails sees that it did.
                if runtime.block_on(odoo.call_once(&call)).is_ok() {
                    done.push((product, field, value));
                }
            }
            done
        });
        Self { stop, thread }
    }

    /// Stops, and tells what was acknowledged.
    pub fn end(self) -> Vec<Edit> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

fn edit(field: &'static str, turn: usize) -> (String, Value) {
    match field {
        "name" => (format!("Person's {turn}"), json!({"name": format!("Person's {turn}")})),
        "price" => (format!("{turn}.5"), json!({"list_price": turn as f64 + 0.5})),
        _ => {
            let code = ean13(100_000_000 + i64::try_from(turn).unwrap());
            (code.clone(), json!({ "barcode": code }))
        }
    }
}

/// From now on the database keeps a log.
pub fn keep_log(world: &World) {
    let name = if world.version() >= 16 { "->>'en_US'" } else { "" };
    world.sql("create table edge_log (id bigserial, tx bigint default txid_current(), product int, field text, old text, new text, uid int)");
    world.sql(&format!(
        "create function edge_template() returns trigger language plpgsql as $$ declare p int; begin
           select id into p from product_product where product_tmpl_id = new.id order by id limit 1;
           if old.name{name} is distinct from new.name{name} then
             insert into edge_log (product, field, old, new, uid) values (p, 'name', old.name{name}, new.name{name}, new.write_uid); end if;
           if old.list_price is distinct from new.list_price then
             insert into edge_log (product, field, old, new, uid) values (p, 'price', trim_scale(old.list_price::numeric), trim_scale(new.list_price::numeric), new.write_uid); end if;
           return null; end $$"
    ));
    world.sql(
        "create function edge_product() returns trigger language plpgsql as $$ begin
           if old.barcode is distinct from new.barcode then
             insert into edge_log (product, field, old, new, uid) values (new.id, 'barcode', old.barcode, new.barcode, new.write_uid); end if;
           return null; end $$",
    );
    world.sql(
        "create trigger edge_template after update on product_template for each row execute function edge_template()",
    );
    world.sql(
        "create trigger edge_product after update on product_product for each row execute function edge_product()",
    );
}

/// Every write of the runs replaced what the history says, and nothing else was written: an edit that a run replaced was
/// one that its plan had seen. Every acknowledged edit was made.
#[track_caller]
pub fn assert_nothing_unseen(world: &World, edits: &[Edit]) {
    let sync = "(select id from res_users where login = 'sync')";
    // A transaction may take a barcode away and give another one: only its beginning and its end count.
    let mut written = world.target().sql(&format!(
        "select product || ' ' || field || ' ' || coalesce(o, '') || ' > ' || coalesce(n, '') from
           (select product, field, (array_agg(old order by id))[1] o, (array_agg(new order by id desc))[1] n
            from edge_log where uid = {sync} group by product, field, tx) w where o is distinct from n"
    ));
    let mut told = Vec::new();
    for field in FIELDS {
        told.extend(world.target().sql(&format!(
            "select l.x_product_id || ' {field} ' || coalesce(h.x_old, '') || ' > ' || coalesce(h.x_new, '')
             from x_pz_product_{field}_history h join x_pz_product l on l.x_external_id = h.x_external_id
             where h.x_cause != 'created' and h.x_operation not like '%packaging%'"
        )));
    }
    written.sort();
    told.sort();
    assert_eq!(written, told, "what the runs wrote, and what the history tells");
    let log = world.target().sql("select product || '|' || field || '|' || coalesce(new, '') from edge_log");
    let log: BTreeSet<String> = log.into_iter().collect();
    for (product, field, value) in edits {
        assert!(log.contains(&format!("{product}|{field}|{value}")), "{product}'s {field} {value} never arrived");
    }
    // Nothing went past the log.
    let name = if world.version() >= 16 { "(t.name->>'en_US')" } else { "t.name" };
    let unlogged = world.target().sql(&format!(
        "select e.product || ' ' || e.field || ' ' || e.new from
           (select distinct on (product, field) product, field, new from edge_log order by product, field, id desc) e
         join product_product p on p.id = e.product join product_template t on t.id = p.product_tmpl_id
         where e.new is distinct from
           case e.field when 'name' then {name} when 'price' then trim_scale(t.list_price::numeric)::text else p.barcode end"
    ));
    assert_eq!(unlogged, Vec::<String>::new());
}

/// Several rounds of a changed source, while a person edits the same products.
pub fn scenario(version: u32) {
    let world = World::new(version, "editors").in_batches_of(4);
    let mut shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    keep_log(&world);
    let products: Vec<i64> = (1001..1021).map(|id| world.linked(id)).collect();
    let (mut edits, mut overtaken, mut seen, mut rounds) = (Vec::new(), 0, 0, 0);
    while rounds < 3 || overtaken == 0 || seen == 0 {
        assert!(rounds < 20, "{overtaken} overtaken and {seen} seen in {rounds} rounds");
        rounds += 1;
        change(&mut shop, rounds);
        shop.write(&world.bench);
        let person = Person::begin(&world, usize::try_from(rounds).unwrap(), products.clone(), &FIELDS);
        let run = end(start(&world, &ALLOW));
        edits.extend(person.end());
        assert!([0, 4].contains(&run.status), "{}\n{}\n{}", run.status, run.stdout, run.stderr);
        overtaken += run.stdout.matches("edited meanwhile").count();
        seen = world.count("x_pz_product_price_history where x_cause in ('drift', 'both-changed')");
        assert_nothing_unseen(&world, &edits);
        assert_once(&world);
    }
    eprintln!(
        "people on Odoo {version}: {rounds} runs, {} edits, {overtaken} overtaken and told, {seen} prices put back",
        edits.len()
    );
    world.import_and_settle(&ALLOW, 0);
    assert_nothing_unseen(&world, &edits);
    crate::whole::assert_as_source(&world, &shop);
}

/// Several people in a tight loop on the same products and beside the lease: PostgreSQL cannot serialise it all.
pub fn storm(version: u32) {
    let world = World::new(version, "storm").in_batches_of(10);
    let mut shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    keep_log(&world);
    let products: Vec<i64> = (1001..1021).map(|id| world.linked(id)).collect();
    let rounds = if crate::common::full() { 10 } else { 1 };
    let (mut edits, mut finished) = (Vec::new(), 0);
    for round in 1..=rounds {
        change(&mut shop, round);
        shop.write(&world.bench);
        let number = usize::try_from(round).unwrap() * 10;
        let people: Vec<Person> =
            (0..4).map(|n| Person::begin(&world, number + n, products.clone(), &["price", "name"])).collect();
        let neighbour = Neighbour::begin(&world);
        let run = end(start(&world, &ALLOW));
        for person in people {
            edits.extend(person.end());
        }
        let beside = neighbour.end();
        // It finishes, or says that Odoo was too busy; it never tells people of our insides.
        assert!([0, 4, 69, 75].contains(&run.status), "{}\n{}\n{}", run.status, run.stdout, run.stderr);
        for word in ["Traceback", "cr.execute", "without a question", "panicked"] {
            assert!(!run.stdout.contains(word) && !run.stderr.contains(word), "{}\n{}", run.stdout, run.stderr);
        }
        finished += i64::from([0, 4].contains(&run.status));
        assert_nothing_unseen(&world, &edits);
        assert_once(&world);
        eprintln!(
            "storm on Odoo {version}: status {}, {} edits so far, {beside} beside the lease, {} conflicts met",
            run.status,
            edits.len(),
            run.stderr.matches("attempt").count()
        );
    }
    eprintln!("storm on Odoo {version}: {finished} of {rounds} runs finished");
    world.import_and_settle(&ALLOW, 0);
    assert_nothing_unseen(&world, &edits);
    crate::whole::assert_as_source(&world, &shop);
}

/// Somebody who touches lanes that a run of one lane does not write, and lines of runs.
struct Neighbour {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Neighbour {
    fn begin(world: &World) -> Self {
        let (target, stop, count) = (world.twin(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (stop.clone(), count.clone());
        let thread = spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                // A process each, and so a moment's rest: nobody gets a word in otherwise.
                let statement = "do $$ begin for i in 1..50 loop
                       update x_pz_lane set write_date = now() where x_lane > 0;
                       update x_pz_run set x_host = x_host;
                       commit; end loop; end $$";
                script("psql", &[&target.version.to_string(), &target.database, "-XAt", "-c", statement]);
                counted.fetch_add(50, Ordering::SeqCst);
            }
        });
        Self { stop, count, thread }
    }

    fn end(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.count.load(Ordering::SeqCst)
    }
}
