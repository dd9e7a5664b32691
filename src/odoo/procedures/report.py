# Ends a run: opens the deferred actions that are new, closes those that are gone, looks for codes on two active
# products, and writes the run's line.
opened, closed, still_open, duplicates = 0, 0, 0, []
if leased and ask['conflicts']:
    cr.execute("SELECT id, x_external_id, x_kind, x_subject, x_message, x_holder_id FROM x_pz_conflict"
               " WHERE x_source = %s AND x_state = 'open'", (ask['source'],))
    before = {}
    for found in cr.fetchall():
        if ask['scope'] is None or found[1] in ask['scope']:
            before[(found[1], found[2], found[3] or '')] = found
        else:
            still_open += 1
    # A holder may have been deleted since the plan.
    cr.execute('SELECT id FROM product_product WHERE id = ANY(%s)', ([row['holder'] for row in rows if row['holder']],))
    alive = set([found[0] for found in cr.fetchall()])
    fresh, now, states = [], set(), {}
    for row in rows:
        if row['holder'] not in alive:
            row['holder'] = None
        key = (row['external_id'], row['kind'], row['subject'])
        now.add(key)
        if states.get(row['external_id'], 'waiting') == 'waiting':
            states[row['external_id']] = {'refused': 'refused', 'product-gone': 'gone'}.get(row['kind'], 'waiting')
        if key not in before:
            fresh.append(row)
        elif before[key][4] != row['message'] or (before[key][5] or None) != row['holder']:
            env['x_pz_conflict'].browse(before[key][0]).write({'x_message': row['message'], 'x_holder_id': row['holder'] or False})
    gone = []
    for key in before:
        if key not in now:
            gone.append(before[key][0])
            states.setdefault(key[0], 'ok')
    links = links_of(list(states))
    values = []
    for row in fresh:
        values.append({
            'x_name': '%s: %s %s' % (row['external_id'], row['kind'], row['subject']), 'x_source': ask['source'],
            'x_external_id': row['external_id'], 'x_kind': row['kind'], 'x_subject': row['subject'] or '', 'x_message': row['message'],
            'x_link_id': links.get(row['external_id']) or False, 'x_holder_id': row['holder'] or False,
            'x_candidates': ' '.join([str(c) for c in row['candidates']]) or False,
            'x_opened': datetime.datetime.utcnow(), 'x_opened_run_id': ask['run'], 'x_state': 'open',
        })
    if values:
        env['x_pz_conflict'].create(values)
    if gone:
        env['x_pz_conflict'].browse(gone).write(
            {'x_state': 'closed', 'x_closed': datetime.datetime.utcnow(), 'x_closed_run_id': ask['run']})
    for state in ('waiting', 'refused', 'gone', 'ok'):
        found = env['x_pz_product'].browse([links[i] for i in sorted(states) if states[i] == state and i in links])
        found = found.filtered(lambda link: link.x_state != state)
        if found:
            found.write(event(state))
    opened, closed = len(fresh), len(gone)
    still_open += len(now)
    # Two companies' own products never meet at a till.
    cr.execute('SELECT p.barcode FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id'
               ' WHERE p.active AND p.barcode IN (SELECT barcode FROM product_product WHERE active AND barcode IS NOT NULL'
               ' GROUP BY barcode HAVING count(*) > 1) GROUP BY p.barcode HAVING count(*) > 1'
               ' AND (bool_or(t.company_id IS NULL) OR count(*) FILTER (WHERE t.company_id = %s) > 1)'
               ' ORDER BY p.barcode LIMIT 1000', (ask['company'],))
    for found in cr.fetchall():
        duplicates.append(found[0])
if leased and ask['finish']:
    env['x_pz_run'].browse(ask['run']).write({
        'x_ended': datetime.datetime.utcnow(), 'x_status': ask['finish']['status'], 'x_summary': ask['finish']['summary'],
        'x_created': ask['finish']['created'], 'x_changed': ask['finish']['changed'], 'x_barcodes': ask['finish']['barcodes'],
        'x_refused': ask['finish']['refused'], 'x_deferred': still_open,
    })
action = {'leased': leased, 'opened': opened, 'closed': closed, 'open': still_open, 'duplicates': duplicates}
