# Writes names and prices of linked products, each only where Odoo still has what the plan saw, archives and reactivates
# them, and writes what the links remember; makes the links of recognised products.
links, linked_to, matched_by, priceless, untouchable = {}, {}, {}, set(), set()
cr.execute("SELECT x_external_id, id, x_product_id, x_matched_by, CASE WHEN x_said_price IS NULL THEN x_wrote_price = '0'"
           ' ELSE x_wrote_price IS NULL AND x_matched_by IS NULL END,'
           ' coalesce(x_no_touch, false) FROM x_pz_product WHERE x_source = %s AND x_external_id = ANY(%s)',
           (ask['source'], [row['external_id'] for row in rows]))
for external_id, link, product, rule, unpriced, no_touch in cr.fetchall():
    links[external_id] = link
    linked_to[external_id] = product
    matched_by[external_id] = rule
    if unpriced:
        # Created unsaleable for want of a price.
        priceless.add(external_id)
    if no_touch:
        untouchable.add(external_id)
current = {}
cr.execute(
    'SELECT p.id, t.id, coalesce(t.list_price, 0)::text, coalesce(p.active, false), ' + name_columns() + ' FROM product_product p'
    ' JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = ANY(%(ids)s)', params(ids=[row['product'] for row in rows]))
for found in cr.fetchall():
    current[found[0]] = {
        'template': found[1], 'price': found[2], 'active': found[3], 'names': dict(zip(ask['languages'], found[4:]))}


def overtaken(row):
    # Why this row must not be written any more; None when all is as the plan saw it, or as it wants it.
    now = current.get(row['product'])
    if not now or now['template'] != row['template']:
        return 'the product was deleted in Odoo'
    if row['external_id'] in untouchable:
        return NO_TOUCH
    if not row['adopt'] and row['external_id'] not in links:
        return 'the link was deleted in Odoo'
    if linked_to.get(row['external_id'], row['product']) not in (row['product'], None):
        return 'the link leads to product #%s now, changed meanwhile' % linked_to[row['external_id']]
    if not row['adopt'] and not linked_to[row['external_id']]:
        return 'the link leads to no product now, changed meanwhile'
    if row['name']:
        for lang in row['name']['old']:
            if now['names'][lang] not in (row['name']['old'][lang], row['name']['new'][lang]):
                return 'the name is %r (%s) now, edited meanwhile' % (now['names'][lang], lang)
    if row['price'] and now['price'] != row['price']['old'] and float(now['price']) != row['price']['new']:
        return 'the price is %s now, edited meanwhile' % now['price']
    return None


def update(part):
    templates = env['product.template'].browse([row['template'] for row in part])
    fresh, prices, names, archived, reactivated, remembered, alike = [], [], [], [], [], [], {}
    for row in part:
        if row['external_id'] not in links:
            fresh.append(dict(
                event('manual' if row['adopt'] == 'manual' else 'ok'), x_name='[%s] %s' % (row['external_id'], row['label']),
                x_source=ask['source'], x_external_id=row['external_id'], x_product_id=row['product'], x_matched_by=row['adopt']))
    made = {}
    for link, external_id in insert('x_pz_product', fresh):
        made[external_id] = link
    for row, template in zip(part, templates):
        now = current[row['product']]
        values = {}
        if row['price'] and float(now['price']) != row['price']['new']:
            values['list_price'] = row['price']['new']
        # A price that Odoo keeps as zero is none yet.
        priced = (row['link'].get('said_price') or '').strip('0.') and (values.get('list_price') or float(now['price']))
        if row['external_id'] in priceless and priced and ask['sale_ok']:
            values['sale_ok'] = True
        if 'sale_ok' in values:
            template.write(values)
        elif values:
            alike.setdefault(values['list_price'], []).append(template)
        for lang in row['name']['old'] if row['name'] else []:
            if now['names'][lang] != row['name']['new'][lang]:
                template.with_context(lang=lang).write({'name': row['name']['new'][lang]})
        if row['activity'] == 'archive' and now['active']:
            archived.append(row['product'])
        if row['activity'] == 'reactivate' and not now['active']:
            reactivated.append(row['product'])
    # Equal prices are one write. A few of them are not: they are prefetched with all others, which a set of their own is not.
    for price in alike:
        if len(alike[price]) > 4:
            env['product.template'].browse([template.id for template in alike[price]]).write({'list_price': price})
        else:
            for template in alike[price]:
                template.write({'list_price': price})
    # A variant's template follows it, once it has no other active variant: Odoo then must not see the archived ones.
    variants = env['product.product'].with_context(active_test=True)
    if archived:
        variants.browse(archived).action_archive()
    if reactivated:
        variants.browse(reactivated).action_unarchive()
        # Another source may have been the last to have it, and archived it.
        cr.execute('UPDATE x_pz_product SET x_archived_by_us = false WHERE x_product_id = ANY(%s) AND x_source != %s AND x_archived_by_us',
                   (reactivated, ask['source']))
    for row in part:
        values, link = {}, made.get(row['external_id']) or links[row['external_id']]
        if row['adopt'] and not linked_to.get(row['external_id']) and row['external_id'] in links:
            # The link lost its product, and a person chose another, of which it remembers nothing yet.
            values.update(event('manual'), x_product_id=row['product'], x_matched_by=row['adopt'], x_wrote_extras=False,
                          x_kept=False, x_overruled=False, x_archived_by_us=False, x_missing=False)
            for field in ('said_name', 'said_price', 'said_barcodes', 'wrote_name', 'wrote_price', 'wrote_barcode'):
                values['x_' + field] = False
        if row['missing'] is not None:
            present = 'manual' if 'manual' in (row['adopt'], matched_by.get(row['external_id'])) else 'ok'
            values.update(event('missing' if row['missing'] else present), x_missing=row['missing'])
        values.update(link_values(row['link']))
        if row['name'] or row['link'].get('said_name'):
            values['x_name'] = '[%s] %s' % (row['external_id'], row['label'])
        remembered.append((link, dict(values, x_event_update=datetime.datetime.utcnow())))
        if row['price']:
            prices.append(history(link, row, 'price', row['price']['old_text'], row['price']['new_text'], row['price']['cause']))
        for lang in row['name']['old'] if row['name'] else []:
            line = history(link, row, 'name-' + lang, row['name']['old'][lang], row['name']['new'][lang], row['name']['cause'])
            names.append(dict(line, x_language=lang))
        answers[row['external_id']] = {'done': True}
    flush()
    update_links(remembered)
    write_history('x_pz_product_price_history', prices)
    write_history('x_pz_product_name_history', names)


ready = []
for row in rows:
    problem = overtaken(row)
    if problem:
        answers[row['external_id']] = {'overtaken': problem}
    else:
        ready.append(row)
halves(update, ready)
action = {'leased': leased, 'paused': paused, 'answers': answers}
