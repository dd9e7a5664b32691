# New products, each with its link and first history lines, a commit a batch.
now = datetime.datetime.utcnow
constants = {'type': 'consu', 'is_storable': True} if ODOO >= 18 else {'type': 'product'}
constants.update(available_in_pos=True, sale_ok=True, purchase_ok=True, company_id=False)


def create(part):
    products = env['product.product'].create([
        dict(constants, name=row['name'], barcode=row['barcodes'][0], list_price=row['price'], default_code=row['id'])
        for row in part])
    links = env(su=True)['x_pz_product'].create([{
        'x_state': 'ok', 'x_event_type': 11, 'x_event_check': 1, 'x_event_update': now(),
        'x_name': '[%s] %s' % (row['id'], row['name']), 'x_source': 'bench', 'x_external_id': row['id'],
        'x_product_id': product.id, 'x_said_name': row['name'], 'x_wrote_name': row['name'], 'x_said_price': row['said'],
        'x_wrote_price': row['wrote'], 'x_said_barcodes': '\n'.join(row['barcodes']), 'x_wrote_barcode': row['barcodes'][0],
        'x_wrote_extras': False, 'x_kept': False, 'x_missing': False, 'x_archived_by_us': False,
    } for row, product in zip(part, products)])
    pairs = list(zip(part, links.ids))
    env(su=True)['x_pz_product_barcode_history'].create(
        [history(link, row, 'barcode', None, row['barcodes'][0], 'created') for row, link in pairs])
    env(su=True)['x_pz_product_price_history'].create(
        [history(link, row, 'price', None, row['wrote'], 'created') for row, link in pairs])
    flush()
    cr.commit()


measured(create)
