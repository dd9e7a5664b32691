// Every menu, every filter, every grouping, every field of the search, a form: for any account, without an error.

import assert from 'node:assert/strict';

const MODELS = [
  'x_pz_conflict', 'x_pz_product', 'x_pz_product_barcode_history', 'x_pz_product_price_history',
  'x_pz_product_name_history', 'x_pz_run', 'x_pz_pause', 'x_pz_setup',
];

// What nobody may edit, and what a reader may not.
const READ_ONLY = [
  'x_pz_product_barcode_history', 'x_pz_product_price_history', 'x_pz_product_name_history', 'x_pz_run', 'x_pz_setup',
];

export async function screens(shop, person) {
  for (const model of MODELS) {
    const total = Number(shop.sql(`select count(*) from ${model}`));
    await person.menu(model);
    await person.expectWell(`the list of ${model}`);
    await person.clear();
    assert.equal(await person.rows().count(), Math.min(total, 80), `${model} shows every record`);
    for (const kind of ['filter', 'group_by']) {
      const labels = await person.everyOption(kind, (label) => person.expectWell(`${model}, ${kind} ${label}`));
      if (kind === 'filter') assert.equal(labels.length > 0, model !== 'x_pz_setup', `${model} has filters`);
    }
    // What can be searched is the same for everybody.
    for (let place = 0; person.login === 'operator' && (await person.search('1', place)); place += 1) {
      await person.expectWell(`${model}, search ${place}`);
      await person.clear();
    }
    if (total === 0) continue;
    // Of the deferred actions an open one: a closed one is history.
    await person.row(model === 'x_pz_conflict' ? 'is listed at' : '');
    await person.expectWell(`the form of ${model}`);
    const editable = !READ_ONLY.includes(model) && person.login !== 'reader';
    assert.equal(await person.mayEdit(), editable, `${person.login} edits ${model}`);
  }
  await history(shop, person);
}

/** From a link to its own history. */
async function history(shop, person) {
  await person.menu('x_pz_product');
  await person.clear();
  await person.row('109');
  await person.page.locator('.oe_stat_button').first().click();
  await person.list('x_pz_product_barcode_history');
  const lines = Number(shop.sql("select count(*) from x_pz_product_barcode_history where x_external_id = '109'"));
  assert.equal(lines, 2);
  assert.equal(await person.rows().count(), lines, 'the button shows the history of this product alone');
  await person.expectWell('the history of a product');
}
