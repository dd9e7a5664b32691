// An operator settles deferred actions, protects a product, pauses the synchronisation: by clicking, and it is in the
// database, and the next run knows it.

import assert from 'node:assert/strict';

export async function operator(shop, person) {
  const conflict = (id, what) => shop.sql(`select ${what} from x_pz_conflict where x_external_id = '${id}' and x_state != 'closed'`);

  // A choice that needs nothing else: the field for a product stays away.
  await person.menu('x_pz_conflict');
  await person.row('is listed at 125');
  await person.edit();
  assert.equal(await person.field('x_choice_product_id').isVisible(), false);
  await person.choose('x_choice', 'Give the barcode to this product');
  assert.equal(await person.field('x_choice_product_id').isVisible(), false);
  await person.save();
  assert.equal(conflict(112, 'x_choice'), 'give');

  // One that needs a product.
  await person.menu('x_pz_conflict');
  await person.row('match by default_code');
  const offered = await person.page.locator('.o_form_view li:visible b').allInnerTexts();
  assert.deepEqual(offered, ['Link to the chosen product', 'Create as a new product', 'Leave it, and stop asking']);
  await person.edit();
  await person.choose('x_choice', 'Link to the chosen product');
  await person.pick('x_choice_product_id', 'Mustard in a jar');
  await person.save();
  const jar = shop.sql("select p.id from product_product p join product_template t on t.id = p.product_tmpl_id where t.name::text like '%Mustard in a jar%'");
  assert.equal(conflict(121, "x_choice || ' ' || x_choice_product_id"), `link ${jar}`);
  await person.expectWell('deferred actions');

  // Several at once, in the list.
  await person.menu('x_pz_conflict');
  await person.chooseForAll(['8.4', '6.2'], 'x_choice', 'Take what the source says');
  assert.deepEqual([conflict(103, 'x_choice'), conflict(117, 'x_choice')], ['take', 'take']);
  await person.expectWell('deferred actions, several at once');

  // "Don't touch".
  await person.menu('x_pz_product');
  await person.row('Green tea');
  await person.edit();
  await person.tick('x_no_touch');
  await person.save();
  assert.equal(shop.sql("select string_agg(x_external_id, ' ') from x_pz_product where x_no_touch"), '101');

  // The pause switch, there and back.
  for (const [paused, status] of [['t', 75], ['f', 3]]) {
    await person.menu('x_pz_pause');
    await person.row();
    await person.edit();
    await person.tick('x_paused');
    await person.save();
    assert.equal(shop.sql('select x_paused from x_pz_pause'), paused);
    shop.erpsync(['import-products'], status);
  }
  await person.expectWell('the switches');
}
