//! `[sources.NAME.create]`: what new products get.

use crate::common::shop::ean13;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "constants");
    let code = ean13(1);
    world.source(&[(1, "A", Some("7"), &[&code])]);
    // Taxes for sale and for purchase have one name; units and taxes may be archived.
    let (tax, category) = if version >= 19 { ("15%", "Food") } else { ("Tax 15.00%", "All / Saleable") };
    let create = |more: &str| world.configure(&format!("[sources.polonez.create]\n{more}"));
    for (wrong, told) in [
        ("category = \"No such\"", "category: no record of product.category is 'No such'"),
        ("unit = \"Furlong\"", "unit: no record of uom.uom is 'Furlong'"),
        ("taxes = [\"42%\"]", "taxes: no record of account.tax is '42%'"),
        ("taxes = [2]", "taxes: no record of account.tax is 2"),
        ("category = 999999", "category: no record of product.category is 999999"),
    ] {
        create(wrong);
        world.import(&["--first-run"]).expect(78).says(told);
    }
    assert_eq!(world.count("x_pz_product"), 0);
    create(&format!(
        "type = \"storable\"\ncategory = {category:?}\ntaxes = [{tax:?}]\nunit = \"Dozens\"\navailable_in_pos = true\npurchase_ok = false\ncompany = \"own\""
    ));
    world.import_and_settle(&["--first-run"], 0);
    let uom = if version >= 19 { "u.name->>'en_US'" } else { "u.name" };
    let storable = if version >= 19 { "t.type = 'consu' and t.is_storable" } else { "t.type = 'product'" };
    let made = world.sql(&format!(
        "select {storable}, c.complete_name, {uom}, t.available_in_pos, t.sale_ok, t.purchase_ok, t.company_id, p.default_code,
         (select string_agg(x.type_tax_use, ',') from product_taxes_rel r join account_tax x on x.id = r.tax_id where r.prod_id = t.id)
         from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id
         join product_category c on c.id = t.categ_id join uom_uom u on u.id = t.uom_id"
    ));
    assert_eq!(made, format!("t|{category}|Dozens|t|t|f|1|1|sale"));

    // By number, and none at all.
    let unit = world.sql(&format!("select id from uom_uom u where {uom} = 'Units'"));
    create(&format!(
        "type = \"service\"\ntaxes = []\nunit = {unit}\navailable_in_pos = false\nset_default_code = false"
    ));
    world.add(&[(2, "B", Some("8"), &[])]);
    world.import_and_settle(&[], 0);
    let made = world.sql(&format!(
        "select t.type, {uom}, t.available_in_pos, t.company_id is null, p.default_code is null,
         (select count(*) from product_taxes_rel r where r.prod_id = t.id)
         from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id
         join uom_uom u on u.id = t.uom_id where l.x_external_id = '2'"
    ));
    assert_eq!(made, "service|Units|f|t|t|0");
}
