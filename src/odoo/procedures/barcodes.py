# A page, by id, of all barcodes in Odoo or of the links of one source. Past record rules: archived records and other
# companies' count. A product is told as id, barcode, active, company's id and name, product's name.
HOLDER = ('p.id, p.barcode, coalesce(p.active, false), t.company_id,'
        ' (SELECT c.name FROM res_company c WHERE c.id = t.company_id), ' + name_column(0))
rows, sharers = [], []
if ask['what'] == 'products':
    cr.execute(
        'SELECT ' + HOLDER + ' FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id'
        " WHERE p.id > %(after)s AND p.barcode != '' ORDER BY p.id LIMIT %(limit)s",
        params(after=int(ask['after']), limit=int(ask['limit'])))
    rows = cr.fetchall()
elif ask['what'] == 'packagings':
    cr.execute('SELECT to_regclass(%s) IS NOT NULL', (PACKAGING,))
    if cr.fetchone()[0]:
        cr.execute(
            'SELECT k.id, k.barcode, ' + HOLDER + ' FROM ' + PACKAGING + ' k JOIN product_product p ON p.id = k.product_id'
            " JOIN product_template t ON t.id = p.product_tmpl_id WHERE k.id > %(after)s AND k.barcode != '' ORDER BY k.id"
            ' LIMIT %(limit)s', params(after=int(ask['after']), limit=int(ask['limit'])))
        rows = cr.fetchall()
elif ask['what'] == 'rules':
    # The rules of the company's barcode nomenclatures, in their order: the company's own, and those of its tills.
    chosen = []
    # One of the account's own companies.
    company = ask['company'] in env.user.company_ids.ids and ask['company'] or 0
    if 'barcode.rule' in env:
        places = [('res.company', 'nomenclature_id', [('id', '=', company)])]
        for field in ('barcode_nomenclature_id', 'fallback_nomenclature_id'):
            places.append(('pos.config', field, [('company_id', '=', company)]))
        for model, field, domain in places:
            if model in env and field in env[model].sudo().fields_get([field], ['type']):
                for found in env[model].sudo().search(domain):
                    if found[field] and found[field].id not in chosen:
                        chosen.append(found[field].id)
    for number in chosen:
        for rule in env['barcode.rule'].search([('barcode_nomenclature_id', '=', number)]):
            rows.append([number, rule.encoding, rule.type, rule.pattern])
else:
    cr.execute(
        'SELECT l.id, l.x_external_id, l.x_wrote_barcode, coalesce(l.x_no_touch, false), ' + HOLDER +
        ', l.x_overruled, coalesce(t.list_price, 0)::text, ' + name_columns() +
        ' FROM x_pz_product l LEFT JOIN product_product p ON p.id = l.x_product_id'
        ' LEFT JOIN product_template t ON t.id = p.product_tmpl_id'
        ' WHERE l.x_source = %(source)s AND l.id > %(after)s ORDER BY l.id LIMIT %(limit)s',
        params(source=ask['source'], after=int(ask['after']), limit=int(ask['limit'])))
    rows = cr.fetchall()
    sharers = sharers_of([row[4] for row in rows if row[10]])
action = {'rows': rows, 'sharers': sharers}
