// The screens of erpsync in the web clients of real Odoos. See `run`, which starts this.

import { join } from 'node:path';

import { Person, start, stop } from './client.mjs';
import { operator } from './operator.mjs';
import { refused } from './refused.mjs';
import { report } from './report.mjs';
import { screens } from './screens.mjs';
import { PASSWORD, Shop } from './shop.mjs';
import { shots } from './shots.mjs';

const versions = process.argv.slice(2).map(Number);
// A slice leaves out those who see what others see.
const whole = process.env.ERPSYNC_TEST_FULL !== undefined;

async function story(version) {
  const shop = await Shop.open(version);
  const step = async (name, what) => {
    const began = Date.now();
    await what();
    console.log(`odoo ${version}: ${name}: ok, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  };
  const as = (login, password, what) => async () => {
    const person = await Person.login(shop, login, password);
    try {
      await what(shop, person);
      await person.expectWell('at the end');
    } catch (error) {
      const picture = join(process.env.ERPSYNC_BROWSER_MODULES, `failed-${version}-${login}.png`);
      await person.page.screenshot({ path: picture });
      throw new Error(`odoo ${version}: ${login} saw ${picture}`, { cause: error });
    }
    await person.close();
  };
  try {
    await step('pictures', as('operator', PASSWORD, shots));
    if (whole) await step('screens, a reader', as('reader', PASSWORD, screens));
    await step('screens, an operator', as('operator', PASSWORD, screens));
    if (whole) await step('screens, the administrator', as('admin', 'admin', screens));
    await step('screens, in Russian', as('russian', PASSWORD, screens));
    await step('an operator at work', as('operator', PASSWORD, operator));
    await step('refused by rights', () => refused(shop));
    await step('a page of a dry run', () => report(shop));
  } catch (error) {
    // The database stays, to be looked at.
    shop.leave();
    throw error;
  }
  shop.close();
}

await start();
const ended = await Promise.allSettled(versions.map(story));
await stop();
const failed = ended.filter((one) => one.status === 'rejected');
for (const one of failed) console.error(one.reason);
process.exitCode = failed.length ? 1 : 0;
