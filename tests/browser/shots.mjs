// Pictures of the screens, into the directory that ERPSYNC_BROWSER_SHOTS names.

import { join } from 'node:path';

export async function shots(shop, person) {
  const directory = process.env.ERPSYNC_BROWSER_SHOTS;
  if (!directory) return;
  const shot = async (name) => {
    await person.page.mouse.move(640, 780);
    await person.page.evaluate(() => document.activeElement?.blur());
    // Transitions of the client end by themselves.
    await person.page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {}))));
    await person.page.screenshot({ path: join(directory, `${name}-${shop.version}.png`) });
  };
  await person.menu('x_pz_conflict');
  await shot('deferred-actions');
  await person.row('match by default_code');
  await person.edit();
  await person.choose('x_choice', 'Link to the chosen product');
  await shot('choice');
  await person.discard();
  for (const model of ['x_pz_product', 'x_pz_product_barcode_history', 'x_pz_run', 'x_pz_pause', 'x_pz_setup']) {
    await person.menu(model);
    await shot(`${model}-list`);
    await person.row();
    await shot(`${model}-form`);
  }
}
