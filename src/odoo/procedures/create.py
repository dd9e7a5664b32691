# Creates products that are not linked yet, or whose link lost its product, each with its link and first history lines.
cr.execute('SELECT x_external_id, id, x_product_id, coalesce(x_no_touch, false) FROM x_pz_product'
           ' WHERE x_source = %s AND x_external_id = ANY(%s)', (ask['source'], [row['external_id'] for row in rows]))
known, widowed, untouchable = {}, {}, set()
for external_id, link, product, no_touch in cr.fetchall():
    if product:
        known[external_id] = link
    else:
        widowed[external_id] = link
    if no_touch:
        untouchable.add(external_id)
todo = []
for row in rows:
    if row['external_id'] in known:
        answers[row['external_id']] = {'known': known[row['external_id']]}
    elif row['external_id'] in widowed and not row['relink']:
        answers[row['external_id']] = {'overtaken': 'the link is there, and its product was deleted in Odoo'}
    elif row['external_id'] in untouchable:
        answers[row['external_id']] = {'overtaken': NO_TOUCH}
    else:
        todo.append(row)


def create(part):
    codes = []
    for row in part:
        codes.extend(row['extras'])
        if row['barcode']:
            codes.append(row['barcode'])
    occupied = taken(codes, [], {})
    values = []
    for row in part:
        row['free'] = row['barcode'] if row['barcode'] not in occupied else None
        row['further'] = []
        for code in row['extras']:
            if code not in occupied:
                row['further'].append(code)
        product = dict(ask['constants'], name=row['name'], barcode=row['free'] or False)
        if row['price'] is None:
            product.update(list_price=0.0, sale_ok=False)
        else:
            product['list_price'] = row['price']
        if ask['default_code']:
            product['default_code'] = row['external_id']
        values.append(product)
    products = env['product.product'].create(values)
    fresh, again, links, packed = [], [], {}, []
    for row, product in zip(part, products):
        for code in row['further']:
            packed.append((product, code))
        values = dict(
            event('manual' if row['relink'] else 'ok'), x_name='[%s] %s' % (row['external_id'], row['name']),
            x_source=ask['source'], x_external_id=row['external_id'], x_product_id=product.id, x_said_name=row['name'],
            x_wrote_name=row['name'], x_said_price=row['said_price'] or False, x_wrote_price=row['wrote_price'] or False,
            x_said_barcodes=row['said_barcodes'] or False, x_wrote_barcode=row['free'] or False,
            x_wrote_extras='\n'.join(row['further']) or False, x_kept=False, x_overruled=False, x_missing=False, x_archived_by_us=False)
        if row['external_id'] in widowed:
            links[row['external_id']] = widowed[row['external_id']]
            again.append((widowed[row['external_id']], dict(values, x_matched_by='manual')))
        else:
            fresh.append(values)
    put_on_packagings(packed)
    # The products first: a link refers to its own.
    flush()
    update_links(again)
    for link, external_id in insert('x_pz_product', fresh):
        links[external_id] = link
    barcodes, prices = [], []
    for row, product in zip(part, products):
        link = links[row['external_id']]
        if row['free']:
            barcodes.append(history(link, row, 'barcode', None, row['free'], 'created'))
        for code in row['further']:
            barcodes.append(history(link, row, 'packaging+' + code, None, code, 'created'))
        if row['price'] is not None:
            prices.append(history(link, row, 'price', None, row['wrote_price'], 'created'))
        answers[row['external_id']] = {'created': product.id}
        if row['barcode'] and not row['free']:
            answers[row['external_id']]['taken'] = occupied[row['barcode']]
    write_history('x_pz_product_barcode_history', barcodes)
    write_history('x_pz_product_price_history', prices)


halves(create, todo)
action = {'leased': leased, 'paused': paused, 'answers': answers}
