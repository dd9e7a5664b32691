//! The documented rights are enough, and none of them is superfluous: `docs/rights.md`, on real Odoo 14 and 19.

use erpsync::odoo::transport::Call;
use serde_json::json;

use crate::common::Bench;
use crate::common::ready::ready;
use crate::common::shop::{Shop, ean13};
use crate::common::target::{How, SYNC_PASSWORD, script};

/// What `docs/rights.md` asks for, beside "Internal User" and our own group; the second is for archiving alone.
fn documented(version: u32) -> Vec<&'static str> {
    if version >= 19 {
        vec!["product.group_product_manager", "stock.group_stock_user"]
    } else {
        vec!["sales_team.group_sale_manager"]
    }
}

struct Stage {
    bench: Bench,
    shop: Shop,
}

impl Stage {
    fn new(version: u32) -> Self {
        let target = ready(version, &format!("secure_rights_{version}"), &["en_US"], How::Password);
        let bench = Bench::new(target).with("missing = \"archive\"\nextra_barcodes = \"packaging\"\n");
        let shop = Shop::new(12);
        shop.write(&bench);
        Self { bench, shop }
    }

    /// An account with these groups, let into the sync group by `setup`, or not.
    fn account(&self, login: &str, groups: &[&str], let_in: bool) {
        self.bench.target.user(login, SYNC_PASSWORD, groups);
        if let_in {
            self.bench.setup(&["--grant", login]).expect(0);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            script("drop-db", &[&self.bench.target.version.to_string(), &self.bench.target.database]);
        }
    }
}

fn enough_and_nothing_more(version: u32) {
    let mut stage = Stage::new(version);
    let documented = documented(version);

    // Enough: everything that a run may do, with exactly these groups.
    stage.bench.import(&["--first-run"]).expect(0);
    stage.shop.product(1001).price = "7.5".to_owned();
    stage.shop.product(1002).name = "Another name".to_owned();
    stage.shop.rotate(&[1003, 1004, 1005]);
    stage.shop.product(1007).barcodes.push(ean13(9_001));
    stage.shop.write(&stage.bench);
    stage.bench.import(&["--allow-changes", "--allow-price-change"]).expect(0);
    stage.bench.run(&["check-barcodes"]).expect(0);
    stage.bench.run(&["sync-prices"]).expect(0);

    // Each is needed. Our own group:
    stage.account("stranger", &[&["base.group_user"], &documented[..]].concat(), false);
    let run = stage.bench.import(&["--dry-run", "--odoo-login", "stranger"]).expect(77);
    run.says("Catalogue synchronisation: sync account").says("setup --grant");

    // The right to products:
    stage.account("nobody", &["base.group_user"], true);
    for args in [&["--dry-run", "--odoo-login", "nobody"][..], &["--odoo-login", "nobody"]] {
        let run = stage.bench.import(args).expect(77);
        let group = if version >= 19 { "Products: Create" } else { "Sales: Administrator" };
        run.says("account nobody may not write, create products in Odoo").says(group);
    }

    // Where archiving asks for reordering rules, the right to see them: only then, and only that.
    let removed = stage.shop.products.remove(&1012).expect("the last one");
    stage.shop.write(&stage.bench);
    if version >= 19 {
        stage.account("manager", &["base.group_user", documented[0]], true);
        let run = stage.bench.import(&["--odoo-login", "manager", "--allow-archive", "--allow-release"]).expect(4);
        run.says("stock.warehouse.orderpoint");
    }
    stage.bench.import(&["--allow-archive", "--allow-release"]).expect(0);
    stage.shop.products.insert(1012, removed);
    stage.shop.write(&stage.bench);
    stage.bench.import(&["--allow-changes"]).expect(0);

    stage.bench.assert_source_untouched();
}

/// A product with a reordering rule goes and comes back: who may not change the rule is refused both, and `doctor` says so
/// before.
fn reordering_rules(version: u32) {
    let target = ready(version, &format!("secure_rules_{version}"), &["en_US"], How::Password);
    let bench = Bench::new(target).with("missing = \"archive\"\n");
    let mut stage = Stage { bench, shop: Shop::new(12) };
    stage.shop.write(&stage.bench);
    stage.bench.import(&["--first-run"]).expect(0);
    let archiving = |stage: &Stage, login: &str, status: i32, says: &str| {
        let run = stage.bench.run(&["doctor", "--odoo-login", login]).expect(status);
        let line = run.stdout.lines().find(|line| line.contains(" archiving ")).unwrap_or_else(|| panic!("{run:?}"));
        assert!(line.contains(says), "no {says:?} in {line}");
    };
    archiving(&stage, "sync", 0, "there are none");
    // With exactly the rights that creating products asks for; on 19 they do not even show the rules.
    let products = if version >= 19 { "product.group_product_manager" } else { "sales_team.group_sale_manager" };
    stage.account("least", &["base.group_user", products], true);
    if version >= 19 {
        archiving(&stage, "least", 1, "may not see reordering rules");
    } else {
        archiving(&stage, "least", 0, "there are none");
    }
    stage.account("keeper", &["base.group_user", products, "stock.group_stock_manager"], true);

    let product = "select x_product_id from x_pz_product where x_external_id = '1012'";
    let id: i64 = stage.bench.target.sql(product)[0].parse().unwrap();
    let rule = json!([{"product_id": id, "product_min_qty": 1.0, "product_max_qty": 5.0}]);
    stage.bench.target.admin(Call::new("stock.warehouse.orderpoint", "create").arg("vals_list", rule));
    archiving(&stage, "sync", 0, "can neither be archived nor taken back");
    archiving(&stage, "keeper", 0, "may archive products and take them back");

    let state = |stage: &Stage| {
        stage.bench.target.sql(&format!(
            "select p.active || ' ' || r.active from product_product p join stock_warehouse_orderpoint r on r.product_id = p.id where p.id = {id}"
        ))
    };
    let removed = stage.shop.products.remove(&1012).expect("the last one");
    stage.shop.write(&stage.bench);
    let allow = ["--allow-archive", "--allow-release", "--allow-changes"];
    let by = |login: &'static str| [&["--odoo-login", login][..], &allow].concat();
    stage.bench.import(&by("sync")).expect(4).says("stock.warehouse.orderpoint");
    assert_eq!(state(&stage), ["true true"]);
    stage.bench.import(&by("keeper")).expect(0).says("1 archived");
    assert_eq!(state(&stage), ["false false"]);
    // It comes back: the rule that went with it has to come too.
    archiving(&stage, "sync", 0, "can neither be archived nor taken back");
    stage.shop.products.insert(1012, removed);
    stage.shop.write(&stage.bench);
    for _ in 0..2 {
        stage.bench.import(&by("sync")).expect(4).says("stock.warehouse.orderpoint");
        assert_eq!(state(&stage), ["false false"]);
    }
    stage.bench.import(&by("keeper")).expect(0).says("1 reactivated");
    assert_eq!(state(&stage), ["true true"]);
    stage.bench.import(&by("sync")).expect(0).says("in step");
    stage.bench.assert_source_untouched();
}

mod on_14 {
    #[test]
    #[ignore = "needs a real Odoo 14"]
    fn enough_and_nothing_more() {
        super::enough_and_nothing_more(crate::common::version(14));
    }

    #[test]
    #[ignore = "needs a real Odoo 14"]
    fn reordering_rules() {
        super::reordering_rules(14);
    }
}

mod on_19 {
    #[test]
    #[ignore = "needs a real Odoo 19"]
    fn enough_and_nothing_more() {
        super::enough_and_nothing_more(crate::common::version(19));
    }

    #[test]
    #[ignore = "needs a real Odoo 19"]
    fn reordering_rules() {
        super::reordering_rules(19);
    }
}
