# What a run must know before it begins: is this the database, the setup and the account that it expects?
cr.execute("SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")
uuid = (cr.fetchone() or [''])[0]
cr.execute('SELECT x_sources FROM x_pz_setup ORDER BY id LIMIT 1')
sources = (cr.fetchone() or [None])[0] or ''
hashes, ungrouped = {}, []
for name in ask['procedures']:
    number = ask['procedures'][name]
    cr.execute('SELECT md5(code) FROM ir_act_server WHERE id = %s', (number,))
    hashes[name] = (cr.fetchone() or [''])[0]
    cr.execute('SELECT array_agg(gid) FROM ' + ACTION_GROUPS + ' WHERE act_id = %s', (number,))
    if (cr.fetchone() or [None])[0] != [ask['group']]:
        ungrouped.append(name)
products = None
if not ask['create']:
    cr.execute('SELECT count(*) FROM product_product')
    products = cr.fetchone()[0]
cr.execute('SELECT code FROM res_lang WHERE active ORDER BY code')
languages = [found[0] for found in cr.fetchall()]
allowed = []
for right in ('read', 'write', 'create'):
    if ODOO >= 18:
        may = env['product.product'].has_access(right) and env['product.template'].has_access(right)
    else:
        may = env['product.product'].check_access_rights(right, False) and env['product.template'].check_access_rights(right, False)
    if may:
        allowed.append(right)
companies = []
for company in env.user.company_ids.sudo():
    companies.append([company.id, company.name])
problems, constants = [], {}
wanted = ask['create']
if wanted and ask['company'] and ask['company'] not in env.user.company_ids.ids:
    raise Exception('erpsync: the account is not let into company %r' % ask['company'])


def find(model, field, value, what, domain=[]):
    # One record by id or by a name, of the run's company (or, from 17 on, one above it) or of all; what is not found, or
    # not told apart, is said. An archived one counts when no other has the name.
    found = env[model].sudo().search([('id' if isinstance(value, int) else field, '=', value)] + domain)
    has = env[model].sudo().fields_get(['company_id', 'active'], ['type'])
    if 'company_id' in has:
        company = env['res.company'].sudo().browse(ask['company'])
        others = found.company_id - (company.parent_ids if ODOO >= 17 else company)
        for other in others:
            found -= found.filtered_domain([('company_id', '=', other.id)])
    if len(found) > 1 and 'active' in has:
        found = found.filtered('active')
    if len(found) != 1:
        problems.append('%s: %s record of %s is %r' % (what, 'no' if not found else 'more than one', model, value))
        return False
    return found.id


if wanted:
    fields = env['product.product'].sudo().fields_get([], ['type'])
    if wanted['type'] == 'storable' and 'is_storable' in fields:
        constants.update(type='consu', is_storable=True)
    else:
        constants['type'] = {'storable': 'product' if 'qty_available' in fields else 'consu', 'consumable': 'consu', 'service': 'service'}[wanted['type']]
    if wanted['category'] is not None:
        constants['categ_id'] = find('product.category', 'complete_name', wanted['category'], 'category')
    if wanted['unit'] is not None:
        constants['uom_id'] = find('uom.uom', 'name', wanted['unit'], 'unit')
        if 'uom_po_id' in fields:
            constants['uom_po_id'] = constants['uom_id']
    if wanted['taxes'] is not None:
        if 'taxes_id' in fields:
            taxes = []
            for tax in wanted['taxes']:
                taxes.append(find('account.tax', 'name', tax, 'taxes', [('type_tax_use', '=', 'sale')]))
            constants['taxes_id'] = [[6, 0, taxes]]
        elif wanted['taxes']:
            problems.append('taxes: accounting is not installed in Odoo')
    if 'available_in_pos' in fields:
        constants['available_in_pos'] = wanted['available_in_pos']
    constants['sale_ok'] = wanted['sale_ok']
    if 'purchase_ok' in fields:
        constants['purchase_ok'] = wanted['purchase_ok']
    constants['company_id'] = ask['company'] if wanted['own_company'] else False
action = {
    'uuid': uuid, 'hashes': hashes, 'ungrouped': ungrouped, 'products': products, 'languages': languages, 'allowed': allowed,
    'companies': companies, 'company': env.user.company_id.id, 'language': env.user.lang or 'en_US', 'login': env.user.login,
    'problems': problems, 'constants': constants, 'sources': sources,
}
