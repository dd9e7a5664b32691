# Moves barcodes of existing products: releases all, then assigns all, in one transaction, so that swaps and circles are
# whole for everybody else; further codes on packagings or units likewise. Rows come in components, each done whole or not
# at all.
components = leased and ask['components'] or []
flat = []
for component in components:
    flat.extend(component)
links = links_of([row['external_id'] for row in flat])
cr.execute('SELECT x_external_id, x_product_id, x_no_touch FROM x_pz_product WHERE x_source = %s AND x_external_id = ANY(%s)',
           (ask['source'], [row['external_id'] for row in flat if not row['outside']]))
untouchable, linked_to = set(), {}
for external_id, product, no_touch in cr.fetchall():
    linked_to[external_id] = product
    if no_touch:
        untouchable.add(external_id)
cr.execute('SELECT id, barcode FROM product_product WHERE id = ANY(%s)', ([row['product'] for row in flat],))
current = dict(cr.fetchall())
packed = packagings_of([row['product'] for row in flat if row['add'] or row['remove']])


def overtaken(row, wanted):
    if row['product'] not in current:
        return 'the product was deleted in Odoo'
    if not row['outside'] and row['external_id'] not in links:
        return 'the link was deleted in Odoo'
    if wanted == 'old' and not row['outside'] and row['external_id'] in untouchable:
        return NO_TOUCH
    if wanted == 'old' and not row['outside'] and linked_to[row['external_id']] != row['product']:
        return 'the link leads to %s now, changed meanwhile' % (
            linked_to[row['external_id']] and 'product #%s' % linked_to[row['external_id']] or 'no product')
    if (current[row['product']] or None) != row[wanted]:
        return 'the barcode is %s now, edited meanwhile' % (current[row['product']] or 'empty')
    for code in row['add']:
        if wanted == 'new' and code not in packed.get(row['product'], []):
            return 'the further barcode %s is not there yet' % code
    for code in row['remove']:
        if wanted == 'new' and code in packed.get(row['product'], []):
            return 'the further barcode %s is there still' % code
    return None


def mark(component, kind, text):
    for row in component:
        answers.setdefault(row['external_id'], {kind: text})


def move(part):
    # part is a list of components.
    rows_of, moving = [], []
    for component in part:
        rows_of.extend(component)
    for row in rows_of:
        take_off_packagings(row['product'], row['remove'])
        if row['old'] != row['new']:
            moving.append(row)
    products = env['product.product'].browse([row['product'] for row in moving])
    products.filtered('barcode').write({'barcode': False})
    flush()
    for row, product in zip(moving, products):
        if row['new']:
            product.write({'barcode': row['new']})
    flush()
    absent = []
    for row, product in zip(rows_of, env['product.product'].browse([row['product'] for row in rows_of])):
        for code in row['add']:
            if code not in packed.get(row['product'], []):
                absent.append((product, code))
    put_on_packagings(absent)
    lines, remembered = [], []
    for row in rows_of:
        link = links.get(row['external_id'], False)
        if row['outside']:
            line = history(False, row, 'outside-%s' % row['product'], row['old'], row['new'], row['cause'])
            lines.append(dict(line, x_name='#%s: %s → -' % (row['product'], row['old']), x_external_id=False))
            continue
        values = {'x_wrote_barcode': row['new'] or False, 'x_event_update': datetime.datetime.utcnow()}
        if row['said_barcodes'] is not None:
            values['x_said_barcodes'] = row['said_barcodes'] or False
        if row['wrote_extras'] is not None:
            values['x_wrote_extras'] = row['wrote_extras'] or False
        remembered.append((link, values))
        if row['old'] != row['new']:
            lines.append(history(link, row, 'barcode', row['old'], row['new'], row['cause']))
        for code in row['remove']:
            lines.append(history(link, row, 'packaging-' + code, code, None, row['cause']))
        for code in row['add']:
            lines.append(history(link, row, 'packaging+' + code, None, code, row['cause']))
    flush()
    update_links(remembered)
    # Secondary barcodes that runs of other sources wrote are this source's now.
    packed_anew = [row['product'] for row in rows_of if row['wrote_extras'] is not None]
    if packed_anew:
        cr.execute('UPDATE x_pz_product SET x_wrote_extras = NULL WHERE x_product_id = ANY(%s) AND x_source != %s'
                   ' AND x_wrote_extras IS NOT NULL', (packed_anew, ask['source']))
    write_history('x_pz_product_barcode_history', lines)


ready = []
for component in components:
    before, after = None, None
    for row in component:
        before = before or overtaken(row, 'old')
        after = after or overtaken(row, 'new')
    if not after:
        mark(component, 'done', True)
    elif before:
        mark(component, 'overtaken', before)
    else:
        ready.append(component)
# A code may have been given away meanwhile, or stand on a product whose own move has just been dropped.
settled = False
while not settled:
    settled = True
    codes, moving, off = [], [], {}
    for component in ready:
        for row in component:
            moving.append(row['product'])
            off.setdefault(row['product'], []).extend(row['remove'] + row['add'])
            codes.extend(row['add'])
            if row['new']:
                codes.append(row['new'])
    occupied = taken(codes, moving, off)
    kept = []
    for component in ready:
        problem = None
        for row in component:
            for code in [row['new']] + row['add']:
                if code in occupied:
                    problem = 'barcode %s is at product #%s now' % (code, occupied[code])
        if problem:
            mark(component, 'overtaken', problem)
            settled = False
        else:
            kept.append(component)
    ready = kept
if ready and isolated(move, ready) is None:
    for component in ready:
        mark(component, 'done', True)
else:
    for component in ready:
        problem = isolated(move, [component])
        if problem is None:
            mark(component, 'done', True)
        else:
            mark(component, 'refused', problem)
action = {'leased': leased, 'paused': paused, 'answers': answers}
