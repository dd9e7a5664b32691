# Creates products that are not linked yet, each with its link and first history lines.
known = links_of([row['external_id'] for row in rows])
for external_id in known:
    answers[external_id] = {'known': known[external_id]}


def create(part):
    codes = []
    for row in part:
        if row['barcode']:
            codes.append(row['barcode'])
    occupied = taken(codes, [])
    values = []
    for row in part:
        row['free'] = row['barcode'] if row['barcode'] not in occupied else None
        product = dict(ask['constants'], name=row['name'], barcode=row['free'] or False)
        if row['price'] is None:
            product.update(list_price=0.0, sale_ok=False)
        else:
            product['list_price'] = row['price']
        if ask['default_code']:
            product['default_code'] = row['external_id']
        values.append(product)
    products = env['product.product'].create(values)
    values = []
    for row, product in zip(part, products):
        values.append(dict(
            event('ok'), x_name='[%s] %s' % (row['external_id'], row['name']), x_source=ask['source'],
            x_external_id=row['external_id'], x_product_id=product.id, x_said_name=row['name'], x_wrote_name=row['name'],
            x_said_price=row['said_price'] or False, x_wrote_price=row['wrote_price'],
            x_said_barcodes=row['said_barcodes'] or False, x_wrote_barcode=row['free'] or False))
    links = env['x_pz_product'].create(values)
    barcodes, prices = [], []
    for row, product, link in zip(part, products, links):
        if row['free']:
            barcodes.append(history(link.id, row, 'barcode', None, row['free'], 'created'))
        if row['price'] is not None:
            prices.append(history(link.id, row, 'price', None, row['wrote_price'], 'created'))
        answers[row['external_id']] = {'created': product.id}
        if row['barcode'] and not row['free']:
            answers[row['external_id']]['taken'] = occupied[row['barcode']]
    write_history('x_pz_product_barcode_history', barcodes)
    write_history('x_pz_product_price_history', prices)


halves(create, [row for row in rows if row['external_id'] not in known])
action = {'leased': leased, 'answers': answers}
