# Moves barcodes of existing products: releases all, then assigns all, in one transaction, so that swaps and circles are
# whole for everybody else. Rows come in components, each done whole or not at all.
components = leased and ask['components'] or []
flat = []
for component in components:
    flat.extend(component)
links = links_of([row['external_id'] for row in flat])
cr.execute('SELECT id, barcode FROM product_product WHERE id = ANY(%s)', ([row['product'] for row in flat],))
current = dict(cr.fetchall())


def overtaken(row, wanted):
    if row['product'] not in current:
        return 'the product was deleted in Odoo'
    if row['external_id'] not in links:
        return 'the link was deleted in Odoo'
    if (current[row['product']] or None) != row[wanted]:
        return 'the barcode is %s now, edited meanwhile' % (current[row['product']] or 'empty')
    return None


def mark(component, kind, text):
    for row in component:
        answers.setdefault(row['external_id'], {kind: text})


def move(part):
    # part is a list of components.
    moving = []
    for component in part:
        moving.extend(component)
    products = env['product.product'].browse([row['product'] for row in moving])
    products.filtered('barcode').write({'barcode': False})
    flush()
    for row, product in zip(moving, products):
        if row['new']:
            product.write({'barcode': row['new']})
    lines = []
    for row, link in zip(moving, env['x_pz_product'].browse([links[row['external_id']] for row in moving])):
        values = {'x_wrote_barcode': row['new'] or False, 'x_event_update': datetime.datetime.utcnow()}
        if row['said_barcodes'] is not None:
            values['x_said_barcodes'] = row['said_barcodes'] or False
        link.write(values)
        lines.append(history(link.id, row, 'barcode', row['old'], row['new'], row['cause']))
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
    codes, moving = [], []
    for component in ready:
        for row in component:
            moving.append(row['product'])
            if row['new']:
                codes.append(row['new'])
    occupied = taken(codes, moving)
    kept = []
    for component in ready:
        problem = None
        for row in component:
            if row['new'] in occupied:
                problem = 'barcode %s is at product #%s now' % (row['new'], occupied[row['new']])
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
action = {'leased': leased, 'answers': answers}
