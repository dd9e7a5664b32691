// A shop to look at: a fresh database, accounts of each group, a source whose products change, and the built binary
// between them, until there are links, history of every kind, runs, and deferred actions of several kinds.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Rpc } from './rpc.mjs';

export const PASSWORD = 'People-Pa55word';
const SCRIPTS = process.env.ERPSYNC_TEST_ODOO_SCRIPTS;

const ean13 = (number) => {
  const body = `460${String(number).padStart(9, '0')}`;
  const sum = [...body].reduce((sum, digit, i) => sum + Number(digit) * (i % 2 ? 3 : 1), 0);
  return body + ((10 - (sum % 10)) % 10);
};

const NAMES = [
  'Green tea, 100 g', 'Black tea, 100 g', 'Coffee beans, 1 kg', 'Hard cheese, 1 kg', 'Milk 3.2 %, 1 l', 'Rye bread',
  'Lime honey, 500 g', 'Butter biscuits, 112 g', 'Dark chocolate, 100 g', 'Tomato juice, 1 l', 'Cherry jam, 350 g',
  'Buckwheat, 900 g', 'Rice, 1 kg', 'Oat flakes, 500 g', 'Sunflower oil, 1 l', 'Sea salt, 750 g', 'Cane sugar, 1 kg',
  'Wheat flour, 2 kg', 'Spaghetti, 500 g', 'Olives, 280 g', 'Mustard, 200 g', 'Apple vinegar, 500 ml',
  'Walnuts, 250 g', 'Raisins, 200 g',
];

const quoted = (text) => `N'${text.replaceAll("'", "''")}'`;

/** The SQL Server stand-in as a process that is told what to change. */
class Source {
  static async start() {
    const source = new Source();
    source.child = spawn(process.env.ERPSYNC_BROWSER_SQL, ['off'], { stdio: ['pipe', 'pipe', 'inherit'] });
    source.lines = createInterface({ input: source.child.stdout })[Symbol.asyncIterator]();
    const first = (await source.lines.next()).value;
    source.port = /^PORT=(\d+) /.exec(first)[1];
    await source.sql('DELETE FROM dbo.Products; DELETE FROM logistics.ProductBarcodes');
    return source;
  }

  async sql(statements) {
    this.child.stdin.write(`sql ${statements.replaceAll('\n', ' ')}\n`);
    const answer = (await this.lines.next()).value;
    if (answer !== 'done') throw new Error(`the source says ${answer} to ${statements}`);
  }

  stop() {
    this.child.stdin.end();
  }
}

export class Shop {
  /** A fresh database with everything in it; `close` drops it, `leave` does not. */
  static async open(version) {
    const shop = new Shop();
    shop.version = version;
    shop.url = process.env[`ERPSYNC_TEST_ODOO${version}_URL`];
    shop.database = `screens_browser_${version}`;
    shop.script('fresh-db', [String(version), shop.database, '--lang', 'ru_RU']);
    shop.admin = await Rpc.login(shop, 'admin', 'admin');
    shop.dir = mkdtempSync(join(tmpdir(), 'erpsync-browser-'));
    shop.source = await Source.start();
    await shop.fill();
    return shop;
  }

  leave() {
    this.source.stop();
    rmSync(this.dir, { recursive: true });
  }

  close() {
    this.leave();
    this.script('drop-db', [String(this.version), this.database]);
  }

  script(name, args) {
    return execFileSync(join(SCRIPTS, name), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** One value out of the database itself. */
  sql(query) {
    return this.script('psql', [String(this.version), this.database, '-XAtq', '-c', query]).trim();
  }

  /** An account with exactly these groups. */
  async account(login, groups, lang = 'en_US') {
    const ids = [];
    for (const group of groups) {
      const [module, name] = group.split('.');
      const domain = [['module', '=', module], ['name', '=', name]];
      ids.push((await this.admin.call('ir.model.data', 'search_read', [domain, ['res_id']]))[0].res_id);
    }
    const field = this.version >= 19 ? 'group_ids' : 'groups_id';
    await this.admin.call('res.users', 'create', [{ name: login, login, password: PASSWORD, lang, [field]: [[6, 0, ids]] }]);
  }

  /** Runs the built binary, which must end with this status. */
  erpsync(args, status) {
    const env = {
      ERPSYNC_SOURCE_POLONEZ_PASSWORD: 'Pa55-word!', ERPSYNC_ODOO_PASSWORD: PASSWORD, ERPSYNC_ODOO_ADMIN_PASSWORD: 'admin',
    };
    const command = [...args, '--config', join(this.dir, 'sync.toml')];
    let output = '';
    let ended = 0;
    try {
      output = execFileSync(process.env.ERPSYNC_BROWSER_BINARY, command, { env, cwd: this.dir, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      ended = error.status;
      output = `${error.stdout}\n${error.stderr}`;
    }
    if (ended !== status) throw new Error(`erpsync ${args.join(' ')} ended with ${ended}, not ${status}:\n${output}`);
    return output;
  }

  async fill() {
    const manager = this.version >= 19 ? 'product.group_product_manager' : 'sales_team.group_sale_manager';
    await this.account('sync', ['base.group_user', manager]);
    writeFileSync(join(this.dir, 'sync.toml'), `
[sources.polonez]
host = "127.0.0.1"
port = ${this.source.port}
database = "Trade"
user = "erpsync"
tls = "off"
[odoo]
url = "${this.url}"
database = "${this.database}"
login = "sync"
[sync]
lock_file = "run.lock"
match = ["default_code", "barcode"]
`);
    const product = async (values) => (await this.admin.call('product.product', 'create', [values]));
    // What the shop has already: two products with one reference, and two that hold codes of the source.
    await product({ name: 'Mustard in a jar', default_code: '121' });
    await product({ name: 'Mustard in a tube', default_code: '121' });
    await product({ name: 'Old stock: oat flakes', barcode: ean13(1140) });
    const rows = NAMES.map((name, i) => ({ id: 101 + i, name, price: 1 + ((i * 37) % 90) / 10, code: ean13((i + 1) * 10) }));
    const values = (list) => list.join(', ');
    await this.source.sql(`INSERT INTO dbo.Products VALUES ${values(rows.map((r) => `(${r.id}, ${quoted(r.name)}, ${r.price})`))}`);
    await this.source.sql(`INSERT INTO logistics.ProductBarcodes VALUES ${values(rows.map((r) => `(${r.id}, '${r.code}')`))}`);
    this.erpsync(['setup', '--admin-login', 'admin'], 0);
    // Everything is as setup wants it: it finds nothing more to do.
    this.erpsync(['setup', '--admin-login', 'admin', '--dry-run'], 0);
    this.erpsync(['import-products', '--first-run'], 3);
    const code = (id) => rows[id - 101].code;
    await this.source.sql(`
      UPDATE dbo.Products SET Price = 21.50 WHERE ProductID = 103; UPDATE dbo.Products SET Price = 1.15 WHERE ProductID = 106;
      UPDATE dbo.Products SET Price = 99 WHERE ProductID = 117;
      UPDATE dbo.Products SET ProductName = N'Butter biscuits, 125 g' WHERE ProductID = 108;
      UPDATE logistics.ProductBarcodes SET Barcode = 'x' WHERE ProductID = 109;
      UPDATE logistics.ProductBarcodes SET Barcode = '${code(109)}' WHERE ProductID = 110;
      UPDATE logistics.ProductBarcodes SET Barcode = '${code(110)}' WHERE ProductID = 109;
      UPDATE logistics.ProductBarcodes SET Barcode = '${ean13(1140)}' WHERE ProductID = 114;
      UPDATE logistics.ProductBarcodes SET Barcode = '${ean13(2000)}' WHERE ProductID = 112;
      INSERT INTO dbo.Products VALUES (125, N'Buckwheat, 400 g', 1.75), (126, N'Semolina, 450 g', NULL);
      INSERT INTO logistics.ProductBarcodes VALUES (125, '${ean13(2000)}'), (126, '${ean13(2010)}');
      DELETE FROM logistics.ProductBarcodes WHERE ProductID = 124`);
    const gone = Number(this.sql("select x_product_id from x_pz_product where x_external_id = '123'"));
    await this.admin.call('product.product', 'unlink', [[gone]]);
    this.erpsync(['import-products', '--allow-changes', '--allow-release'], 3);
    // One that is settled in the source, so that there is a closed one.
    await this.source.sql(`UPDATE dbo.Products SET Price = 2.75 WHERE ProductID = 126`);
    this.erpsync(['import-products'], 3);
    await this.account('operator', ['base.group_user', 'erpsync.group_operator']);
    await this.account('reader', ['base.group_user', 'erpsync.group_reader']);
    await this.account('russian', ['base.group_user', 'erpsync.group_operator'], 'ru_RU');
  }
}
