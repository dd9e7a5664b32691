// One person at Odoo's web client: clicks as people do, and counts everything that goes wrong behind the scenes.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.env.ERPSYNC_BROWSER_MODULES, 'here.js'))('playwright-core');

const PATIENCE = 60_000;
// Debian leaves the first out of its Odoo 19 package, and the web client says so on every page; Odoo 14's login page asks
// for the other, of an app that is not installed.
const KNOWN = [/selfie_segmentation\.js/, /\/website\/translations\//];

// What a screen waits for; the bus and its long polls go on for ever.
const CALLS = /\/web\/(dataset|action|webclient|menu)\//;

let browser;

export async function start() {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

export const stop = () => browser.close();

/** An empty page of nobody's. */
export const page = async (options) => (await browser.newContext(options)).newPage();

export class Person {
  static async login(shop, login, password) {
    const person = new Person();
    person.old = shop.version < 17;
    person.login = login;
    person.wrong = [];
    person.flying = new Set();
    person.context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = (person.page = await person.context.newPage());
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => {
      // Odoo asks strangers for fonts; there may be no way out to them.
      const stranger = /^https?:/.test(message.location().url) && !message.location().url.startsWith(shop.url);
      if (message.type() === 'error' && !stranger) person.note(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => person.note(`script: ${error.message}`));
    page.on('response', (response) => person.heard(response));
    page.on('request', (request) => CALLS.test(request.url()) && person.flying.add(request));
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => person.flying.delete(request));
    await page.goto(`${shop.url}/web/login?db=${shop.database}`);
    await page.fill('input[name=login]', login);
    await page.fill('input[name=password]', password);
    await page.click('button[type=submit]');
    await page.waitForSelector('.o_main_navbar');
    await person.quiet();
    return person;
  }

  note(text) {
    if (!KNOWN.some((known) => known.test(text))) this.wrong.push(text);
  }

  async heard(response) {
    if (response.status() >= 400) this.note(`${response.status()} ${response.url()}`);
    if (!/\/web\/(dataset|action|webclient|menu)/.test(response.url())) return;
    const text = await response.text().catch(() => '');
    if (/^\{"jsonrpc".*"error": ?\{/s.test(text)) this.note(`${response.url()}: ${text.slice(0, 600)}`);
  }

  /** Nothing is under way: no call to the server, nothing that blocks the screen, nothing left to draw. */
  async quiet() {
    const deadline = Date.now() + PATIENCE;
    const drawn = () => this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    for (let still = 0; still < 2; still += 1) {
      await drawn();
      if (this.flying.size > 0) still = -1;
      if (Date.now() > deadline) throw new Error(`${[...this.flying].map((r) => r.url())} does not end`);
    }
    await this.page.waitForFunction(() => !document.querySelector('.o_blockUI, .blockUI'));
  }

  /** Fails with everything that went wrong since the last time, a dialog that shows an error included. */
  async expectWell(where) {
    await this.quiet();
    const dialog = await this.page.$('.o_error_dialog, .o_dialog_error, .modal .alert-danger, .o_notification.border-danger, .o_notification.bg-danger');
    if (dialog) this.wrong.push(`a message: ${await dialog.innerText()}`);
    const wrong = this.wrong.splice(0);
    if (wrong.length) throw new Error(`${this.login}, ${where}:\n${wrong.join('\n')}`);
  }

  /** Opens one of our menus, from the list of apps on. */
  async menu(model) {
    const { page } = this;
    const apps = this.old ? '.o_menu_apps a.full' : '.o_navbar_apps_menu button';
    await page.click(apps);
    await page.click('.o_app[data-menu-xmlid="erpsync.menu_root"]');
    await this.list('x_pz_conflict');
    if (model !== 'x_pz_conflict') {
      const entry = page.locator(`.o_main_navbar [data-menu-xmlid="erpsync.menu_${model}"], .o-dropdown--menu [data-menu-xmlid="erpsync.menu_${model}"]`);
      if (!(await entry.first().isVisible())) await page.click(this.old ? '.o_extra_menu_items > a' : '.o_menu_sections_more button');
      await entry.locator('visible=true').first().click();
      await this.list(model);
    }
  }

  /** Waits for the list of a model, by a field that only its list has at hand. */
  async list(model) {
    const marks = {
      x_pz_conflict: 'x_message', x_pz_product: 'x_no_touch', x_pz_product_barcode_history: 'x_new',
      x_pz_product_price_history: 'x_new', x_pz_product_name_history: 'x_language', x_pz_run: 'x_status', x_pz_pause: 'x_paused', x_pz_setup: 'x_schema',
    };
    await this.page.waitForSelector(`.o_list_view th[data-name="${marks[model]}"], .o_view_nocontent`);
    await this.quiet();
  }

  rows() {
    return this.page.locator('.o_data_row');
  }

  /** Opens the first line that shows this text. */
  async row(text) {
    const row = text ? this.rows().filter({ hasText: text }).first() : this.rows().first();
    await row.locator('td.o_data_cell').first().click();
    await this.page.waitForSelector('.o_form_view');
    await this.quiet();
  }

  field(name) {
    const { page } = this;
    return this.old ? page.locator(`.o_form_view [name="${name}"]`) : page.locator(`.o_form_view .o_field_widget[name="${name}"]`);
  }

  /** Makes the form editable, where that is a step of its own. */
  async edit() {
    if (this.old) {
      await this.page.click('.o_form_button_edit');
      await this.page.waitForSelector('.o_form_editable');
    }
  }

  /** Can anything be changed in this form? */
  async mayEdit() {
    if (this.old) return (await this.page.locator('.o_form_button_edit:visible').count()) > 0;
    const inputs = '.o_form_view .o_field_widget :is(input, select, textarea):not([disabled]):not([readonly])';
    return (await this.page.locator(inputs).count()) > 0;
  }

  /** Chooses one of a selection by its label. */
  async choose(name, label) {
    const select = this.old ? this.field(name) : this.field(name).locator('select');
    if (await select.evaluateAll((found) => found.some((one) => one.tagName === 'SELECT'))) {
      await select.selectOption({ label });
    } else {
      await this.field(name).locator('input').click();
      await this.page.locator('.o_select_menu_item, .o-dropdown--menu .o-dropdown-item').filter({ hasText: label }).first().click();
    }
    await this.quiet();
  }

  choices(name) {
    return this.field(name).locator('option').allInnerTexts();
  }

  /** Chooses the same for several lines of a list at once. */
  async chooseForAll(texts, name, label) {
    const { page } = this;
    for (const text of texts) await this.rows().filter({ hasText: text }).locator('.o_list_record_selector').click();
    const columns = await page.locator('.o_list_view thead th').evaluateAll((all) => all.map((th) => th.dataset.name));
    const cell = this.rows().filter({ hasText: texts[0] }).locator('td').nth(columns.indexOf(name));
    await cell.click();
    const select = cell.locator('select');
    if (await select.count()) {
      await select.selectOption({ label });
    } else {
      await cell.locator('input').click();
      await page.locator('.o_select_menu_item, .o-dropdown--menu .o-dropdown-item').filter({ hasText: label }).first().click();
    }
    await page.locator('.modal-footer .btn-primary').click();
    await page.waitForSelector('.modal', { state: 'detached' });
    await this.quiet();
  }

  /** Finds a record by typing. */
  async pick(name, text) {
    await this.field(name).locator('input').fill(text);
    await this.page.locator('.ui-autocomplete li:visible, .o-autocomplete--dropdown-item:visible').filter({ hasText: text }).first().click();
    await this.quiet();
  }

  async tick(name) {
    // The older box is drawn beside its label, which has no size.
    if (this.old) await this.field(name).click({ position: { x: 8, y: 8 } });
    else await this.field(name).locator('input').click();
  }

  async save() {
    await this.page.click(this.old ? '.o_form_button_save' : '.o_form_button_save:visible');
    await this.page.waitForSelector(this.old ? '.o_form_readonly' : '.o_form_saved');
    await this.quiet();
  }

  /** Gives up what was changed and not saved; older clients ask whether that is meant. */
  async discard() {
    await this.page.click('.o_form_button_cancel:visible');
    if (this.old) await this.page.click('.modal-footer .btn-primary');
    await this.page.waitForSelector(this.old ? '.o_form_readonly' : '.o_form_saved');
    await this.quiet();
  }

  /** Switches every filter (or grouping) on and off again, each by itself; `each` is told of its words. */
  async everyOption(kind, each) {
    await this.openOptions(kind);
    const labels = (await this.items(kind).allInnerTexts()).map((label) => label.trim());
    for (const [place, label] of labels.entries()) {
      const item = this.items(kind).nth(place);
      await item.click();
      await this.quiet();
      // A period or a day opens further choices; the first is as good as any.
      const further = this.page.locator('.o_item_option:visible').first();
      const folded = (await further.count()) > 0;
      if (folded) await further.click();
      await this.page.waitForSelector('.o_searchview_facet');
      await this.quiet();
      await each(label);
      if (folded) {
        // A month brings its year along.
        const chosen = this.page.locator('.o_item_option.selected:visible, .o_item_option .selected:visible');
        for (; (await chosen.count()) > 0; await this.quiet()) await chosen.first().click();
      } else {
        await item.click();
      }
      await this.page.waitForSelector('.o_searchview_facet', { state: 'detached' });
      if (folded) await item.click();
      await this.quiet();
    }
    await this.closeOptions(kind);
    return labels;
  }

  items(kind) {
    const { page } = this;
    if (this.old) return page.locator(`.o_${kind}_menu .o_menu_item > .dropdown-item, .o_${kind}_menu .o_menu_item > a`);
    return page.locator(`.o_${kind}_menu :is(.o_menu_item, .o_accordion_toggle):not(.o_add_custom_filter, .o_add_custom_group_menu, :has(select))`);
  }

  async openOptions(kind) {
    if (this.old) await this.page.click(`.o_${kind}_menu > button`);
    else await this.page.click('.o_searchview_dropdown_toggler');
    await this.page.waitForSelector(this.old ? `.o_${kind}_menu .dropdown-menu` : '.o_search_bar_menu');
  }

  async closeOptions(kind) {
    if (this.old) await this.page.click(`.o_${kind}_menu > button`);
    else await this.page.keyboard.press('Escape');
    await this.page.waitForSelector(this.old ? `.o_${kind}_menu .dropdown-menu` : '.o_search_bar_menu', { state: 'detached' });
  }

  /** Takes all filters and groupings off. */
  async clear() {
    const facet = this.page.locator('.o_searchview_facet');
    for (let left = await facet.count(); left > 0; left = await facet.count()) {
      await facet.first().locator('.o_facet_remove').click();
      await this.page.waitForFunction((n) => document.querySelectorAll('.o_searchview_facet').length < n, left);
    }
    await this.quiet();
  }

  /** Types into the search and takes what is offered at this place; false when so much is not offered. */
  async search(text, place) {
    const input = this.page.locator('.o_searchview_input');
    await input.fill('');
    await input.pressSequentially(text);
    const offers = this.page.locator('.o_searchview_autocomplete > :not(.o_indent)').filter({ hasNotText: 'Custom Filter' });
    await offers.first().waitFor();
    if (place >= (await offers.count())) {
      await this.page.keyboard.press('Escape');
      return false;
    }
    await offers.nth(place).click();
    await this.page.waitForSelector('.o_searchview_facet');
    await this.quiet();
    return true;
  }

  async close() {
    await this.context.close();
  }
}
