// What the screens do not offer is refused by rights as well, whoever asks and however.

import assert from 'node:assert/strict';

import { Refused, Rpc } from './rpc.mjs';
import { PASSWORD } from './shop.mjs';

const HISTORIES = ['x_pz_product_barcode_history', 'x_pz_product_price_history', 'x_pz_product_name_history', 'x_pz_run'];

export async function refused(shop) {
  const people = { reader: PASSWORD, operator: PASSWORD, admin: 'admin' };
  for (const [login, password] of Object.entries(people)) {
    const rpc = await Rpc.login(shop, login, password);
    const no = async (model, method, args) => {
      const answer = rpc.call(model, method, args);
      await assert.rejects(answer, (e) => e instanceof Refused && e.fault === 'odoo.exceptions.AccessError', `${login} ${model}.${method}`);
    };
    for (const model of HISTORIES) {
      const [id] = await rpc.call(model, 'search', [[]], { limit: 1 });
      await no(model, 'write', [[id ?? 1], { x_name: 'forged' }]);
      await no(model, 'create', [{ x_name: 'forged' }]);
      await no(model, 'unlink', [[id ?? 1]]);
    }
    const [conflict] = await rpc.call('x_pz_conflict', 'search', [[]], { limit: 1 });
    await no('x_pz_conflict', 'create', [{ x_name: 'forged' }]);
    await no('x_pz_conflict', 'unlink', [[conflict]]);
    const [setup] = await rpc.call('x_pz_setup', 'search', [[]], { limit: 1 });
    if (login !== 'admin') await no('x_pz_setup', 'write', [[setup], { x_uuid: 'forged' }]);
    if (login !== 'reader') continue;
    const [link] = await rpc.call('x_pz_product', 'search', [[]], { limit: 1 });
    const [pause] = await rpc.call('x_pz_pause', 'search', [[]], { limit: 1 });
    await no('x_pz_conflict', 'write', [[conflict], { x_choice: 'give' }]);
    await no('x_pz_product', 'write', [[link], { x_no_touch: true }]);
    await no('x_pz_pause', 'write', [[pause], { x_paused: true }]);
  }
}
