//! The transition on a real Odoo.

use std::collections::BTreeMap;

use serde_json::json;

use super::reset::Saved;
use crate::common::Bench;
use crate::common::faults::place::{Hand, Look, Place};
use crate::world::World;

pub struct Real {
    world: World,
    saved: Option<Saved>,
}

impl Real {
    pub fn new(version: u32, name: &str) -> Self {
        Self { world: World::in_languages(version, name, &["en_US", "ru_RU"]), saved: None }
    }

    fn packagings(&self) -> &'static str {
        if self.world.version() >= 19 { "product_uom" } else { "product_packaging" }
    }
}

/// Columns that differ from run to run, or name a record by its id.
const NO_MEANING: &str = "array['id', 'create_date', 'write_date', 'create_uid', 'write_uid', 'product_tmpl_id', 'product_id', \
    'x_product_id', 'x_link_id', 'x_holder_id', 'x_candidates', 'x_choice_product_id', 'x_run_id', 'x_opened_run_id', \
    'x_closed_run_id', 'x_event_update', 'x_when', 'x_opened', 'x_closed', 'x_operation', 'x_message']";

/// All products, lanes that are held, and what must not be.
const COUNTS: [(&str, &str); 8] = [
    ("products", "select count(*) from product_product"),
    ("leases", "select count(*) from x_pz_lane where x_token is not null"),
    ("links of one external id", "select count(*) - count(distinct (x_source, x_external_id)) from x_pz_product"),
    ("links to one product", "select count(*) - count(distinct x_product_id) from x_pz_product"),
    (
        "products of one internal reference",
        "select count(default_code) - count(distinct default_code) from product_product",
    ),
    (
        "active products with one barcode",
        "select count(barcode) - count(distinct barcode) from product_product where active",
    ),
    ("runs without an end", "select count(*) from x_pz_run where x_status = 'running'"),
    (
        "operation keys that are there twice",
        "select count(*) - count(distinct x_operation) from (select x_operation from x_pz_product_barcode_history union all select 'p' || x_operation from x_pz_product_price_history union all select 'n' || x_operation from x_pz_product_name_history) h",
    ),
];

impl Place for Real {
    fn title(&self) -> String {
        format!("real Odoo {}", self.world.version())
    }

    fn bench(&self) -> &Bench {
        &self.world.bench
    }

    fn procedures(&self) -> BTreeMap<i64, String> {
        let by_name: BTreeMap<String, i64> =
            serde_json::from_str(&self.world.sql("select x_procedures from x_pz_setup")).unwrap();
        by_name.into_iter().map(|(name, id)| (id, name)).collect()
    }

    fn add_product(&self, name: &str, price: f64, barcode: &str) {
        self.world.product(json!({"name": name, "list_price": price, "barcode": barcode}));
    }

    fn edit(&self, external_id: i64, hand: &Hand<'_>) {
        let values = match hand {
            Hand::Price(price) => json!({"list_price": price}),
            Hand::Name(name) => json!({"name": name}),
            Hand::Barcode(code) => json!({"barcode": code}),
        };
        self.world.write("product.product", self.world.linked(external_id), values);
    }

    fn deferred(&self, kind: &str, external_id: i64) -> i64 {
        let found = self.world.sql(&format!(
            "select id from x_pz_conflict where x_state = 'open' and x_kind = '{kind}' and x_external_id = '{external_id}'"
        ));
        found.parse().unwrap()
    }

    fn save(&mut self) {
        self.saved = Some(Saved::new(self.world.target()));
    }

    fn learn(&mut self) {
        self.saved.as_mut().expect("saved").learn(self.world.target());
    }

    fn reset(&mut self) {
        self.saved.as_ref().expect("saved").restore(self.world.target());
    }

    fn assert_reset(&self) {
        self.saved.as_ref().expect("saved").assert_restored(self.world.target());
    }

    fn look(&self) -> Look {
        let names = if self.world.version() >= 16 {
            "t.name->>'en_US'"
        } else {
            "t.name || coalesce((select string_agg(' ' || i.lang || '=' || i.value, '' order by i.lang) from ir_translation i where i.type = 'model' and i.name = 'product.template,name' and i.res_id = t.id), '')"
        };
        let kept = |alias: &str| format!("jsonb_strip_nulls(to_jsonb({alias}) - {NO_MEANING})::text");
        let history = |field: &str| {
            format!(
                "union all select 1, '{field} history of link ' || coalesce(l.x_external_id, '-') || ' ' || {} from x_pz_product_{field}_history h left join x_pz_product l on l.id = h.x_link_id",
                kept("h")
            )
        };
        let counts: Vec<String> = COUNTS.iter().map(|(_, query)| format!("({query})")).collect();
        let query = format!(
            "with v as (select p.id, {names} as name, {} || ' ' || {} || coalesce((select ' taxes ' || string_agg(r.tax_id::text, ' ' order by r.tax_id) from product_taxes_rel r where r.prod_id = t.id), '') as line from product_product p join product_template t on t.id = p.product_tmpl_id)
             select 0 as part, concat_ws(' ', {}) as line
             union all select 1, 'product ' || name || ' ' || line from v
             union all select 1, 'packaging of ' || v.name || ' ' || {} from {} k left join v on v.id = k.product_id
             union all select 1, 'link to ' || coalesce(v.name, '-') || ' ' || {} from x_pz_product l left join v on v.id = l.x_product_id
             {} {} {}
             union all select 1, 'deferred ' || {} || coalesce(' holder ' || v.name, '') || coalesce(' candidates ' || (select string_agg(w.name, ', ' order by w.name) from v w where w.id::text = any(string_to_array(c.x_candidates, ' '))), '') || ' ' || regexp_replace(coalesce(c.x_message, ''), '#\\d+', '#', 'g') from x_pz_conflict c left join v on v.id = c.x_holder_id
             order by 1, 2",
            kept("p"),
            kept("t"),
            counts.join(", "),
            kept("k"),
            self.packagings(),
            kept("l"),
            history("barcode"),
            history("price"),
            history("name"),
            kept("c"),
        );
        let lines = self.world.target().sql(&query);
        let lines: Vec<(&str, &str)> = lines.iter().map(|l| l.split_once('|').unwrap_or(("1", l))).collect();
        let counts = lines[0].1.split(' ').map(|count| count.parse::<usize>().unwrap());
        let mut counts: Vec<_> = COUNTS.iter().zip(counts).map(|((name, _), count)| (*name, count)).collect();
        let (products, leases) = (counts.remove(0).1, counts.remove(0).1);
        Look {
            state: lines[1..].iter().map(|(_, line)| (*line).to_owned()).collect(),
            broken: counts,
            products,
            leased: leases > 0,
        }
    }

    fn expire_lease(&self) -> bool {
        let held = self.world.count("x_pz_lane where x_token is not null") > 0;
        self.world.sql("update x_pz_lane set x_expires = '2000-01-01' where x_token is not null");
        held
    }
}
