# New names, prices and barcodes, each over one recordset a batch, with what the links remember and the history.
cr.execute('SELECT l.x_external_id, l.id, p.id, p.product_tmpl_id, l.x_wrote_name, l.x_wrote_price, l.x_wrote_barcode'
           ' FROM x_pz_product l JOIN product_product p ON p.id = l.x_product_id WHERE l.x_external_id = ANY(%s)',
           ([row['id'] for row in ROWS],))
columns = ('id', 'link', 'product', 'template', 'name', 'wrote', 'barcode')
known = {found[0]: dict(zip(columns, found)) for found in cr.fetchall()}
languages = [code for code, name in env['res.lang'].get_installed()]


def browse(model, rows, column):
    return zip(rows, (env(su=True) if model == 'x_pz_product' else env)[model].browse([known[row['id']][column] for row in rows]))


def changes(part):
    named = [row for row in part if row['name'] != known[row['id']]['name']]
    priced = [row for row in part if row['wrote'] != known[row['id']]['wrote']]
    moved = [row for row in part if row['barcodes'][0] != known[row['id']]['barcode']]
    for row, template in browse('product.template', priced, 'template'):
        template.write({'list_price': row['price']})
    for row, template in browse('product.template', named, 'template'):
        for lang in languages:
            template.with_context(lang=lang).write({'name': row['name']})
    env['product.product'].browse([known[row['id']]['product'] for row in moved]).write({'barcode': False})
    flush()
    for row, product in browse('product.product', moved, 'product'):
        product.write({'barcode': row['barcodes'][0]})
    for row, link in browse('x_pz_product', part, 'link'):
        link.write({
            'x_name': '[%s] %s' % (row['id'], row['name']), 'x_said_name': row['name'], 'x_wrote_name': row['name'],
            'x_said_price': row['said'], 'x_wrote_price': row['wrote'], 'x_said_barcodes': '\n'.join(row['barcodes']),
            'x_wrote_barcode': row['barcodes'][0], 'x_event_update': datetime.datetime.utcnow()})

    def lines(rows, field, old, new, **more):
        return [dict(history(known[row['id']]['link'], row, field, known[row['id']][old], new(row), 'source'), **more) for row in rows]

    env(su=True)['x_pz_product_price_history'].create(lines(priced, 'price', 'wrote', lambda row: row['wrote']))
    env(su=True)['x_pz_product_barcode_history'].create(lines(moved, 'barcode', 'barcode', lambda row: row['barcodes'][0]))
    for lang in languages:
        env(su=True)['x_pz_product_name_history'].create(lines(named, 'name-' + lang, 'name', lambda row: row['name'], x_language=lang))
    flush()
    cr.commit()


measured(changes)
