# A page of the links of one source, by id, each with the product that it points to; where it is asked for, what people
# chose about deferred actions. A run about prices alone leaves out names and barcodes.
plainly()
prices_only = ask['prices_only']
columns = (
    'l.id, l.x_external_id, l.x_said_name, l.x_said_price, l.x_said_barcodes, l.x_wrote_name, l.x_wrote_price,'
    ' l.x_wrote_barcode, coalesce(l.x_no_touch, false), coalesce(l.x_archived_by_us, false), l.x_wrote_extras, l.x_kept,'
    ' coalesce(l.x_missing, false), l.x_overruled, ')
if prices_only:
    columns = (
        'l.id, l.x_external_id, l.x_said_name, l.x_said_price, NULL, NULL, l.x_wrote_price, NULL,'
        ' coalesce(l.x_no_touch, false), false, NULL, l.x_kept, coalesce(l.x_missing, false), l.x_overruled, ')
only = '' if ask['only'] is None else ' AND l.x_external_id = ANY(%(only)s)'
cr.execute(
    'SELECT ' + columns + VARIANT + ('' if prices_only else ', ' + name_columns()) +
    ' FROM x_pz_product l LEFT JOIN product_product p ON p.id = l.x_product_id'
    ' LEFT JOIN product_template t ON t.id = p.product_tmpl_id'
    ' WHERE l.x_source = %(source)s AND l.id > %(after)s' + only + ' ORDER BY l.id LIMIT %(limit)s',
    params(source=ask['source'], after=int(ask['after']), only=ask['only'], limit=int(ask['limit'])))
links = cr.fetchall()
sharers = sharers_of([link[14] for link in links if link[14]])
packagings = {}
if not prices_only:
    wanted = [sharer[0] for sharer in sharers if sharer[8]]
    for link in links:
        # Ours are asked for even when the setting is off by now: they are taken away then.
        if link[14] and (ask['extras'] or link[10]):
            wanted.append(link[14])
    packagings = packagings_of(wanted)
decisions, chosen = [], []
if ask['choices']:
    cr.execute("SELECT x_external_id, x_kind, x_subject, x_value, x_choice, x_choice_product_id FROM x_pz_conflict"
               " WHERE x_source = %s AND x_state != 'closed' AND x_choice IS NOT NULL ORDER BY id", (ask['source'],))
    decisions = cr.fetchall()
    cr.execute(
        'SELECT ' + VARIANT + ', EXISTS (SELECT 1 FROM x_pz_product l WHERE l.x_product_id = p.id AND l.x_source = %(source)s), '
        + name_columns() + ' FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = ANY(%(ids)s)',
        params(source=ask['source'], ids=[found[5] for found in decisions if found[5]]))
    chosen = cr.fetchall()
    sharers = sharers + sharers_of([found[0] for found in chosen])
action = {'links': links, 'packagings': [[product, packagings[product]] for product in packagings],
          'decisions': decisions, 'chosen': chosen, 'sharers': sharers}
