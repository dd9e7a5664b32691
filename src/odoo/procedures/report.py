# Reports what a run found about the products of a range of external ids: opens the deferred actions that are new, settles
# and closes those that people or the source settled. The last part, which has the run's line, also looks for codes on two
# active products. A run about one field compares only what is about it.
MANY = 50000
opened, closed, still_open, duplicates = 0, 0, 0, []
finish = ask['finish']


def doubled():
    # The codes that two active products have, or may have. The digest of this very run may have noted those that had them
    # then: it is only about what was written since.
    cr.execute("SELECT (s->>'xid')::bigint, ARRAY(SELECT jsonb_array_elements_text(s->'doubled')) FROM (SELECT x_seen::jsonb->%s AS s"
               " FROM x_pz_lane WHERE x_lane = 0) AS seen WHERE s->>'token' = %s", (ask['source'], ask['token']))
    noted = cr.fetchone()
    if noted:
        cr.execute('SELECT barcode FROM product_product WHERE age(xmin) <= age(%s::xid) AND barcode IS NOT NULL LIMIT %s',
                   (str(noted[0] % 2 ** 32), MANY))
        written = [found[0] for found in cr.fetchall()]
        if len(written) < MANY:
            return noted[1] + written
    cr.execute('SELECT barcode FROM product_product WHERE active AND barcode IS NOT NULL GROUP BY barcode HAVING count(*) > 1')
    return [found[0] for found in cr.fetchall()]


if leased and ask['conflicts']:
    cr.execute("SELECT id, x_external_id, x_kind, x_subject, x_message, x_holder_id, x_value, x_state, x_choice FROM x_pz_conflict"
               " WHERE x_source = %(source)s AND x_state != 'closed'"
               ' AND (%(after)s::varchar IS NULL OR x_external_id COLLATE "C" > %(after)s)'
               ' AND (%(until)s::varchar IS NULL OR coalesce(x_external_id, \'\') COLLATE "C" <= %(until)s)'
               # A run about one field looks at linked products alone.
               ' AND (NOT %(linked)s OR EXISTS (SELECT 1 FROM x_pz_product l WHERE l.x_source = x_pz_conflict.x_source'
               ' AND l.x_external_id = x_pz_conflict.x_external_id AND l.x_product_id IS NOT NULL))',
               {'source': ask['source'], 'after': ask['after'], 'until': ask['until'], 'linked': ask['about'] is not None})
    named = set()
    for row in rows:
        named.add((row['external_id'], row['kind'], row['subject']))
    scope = None if ask['scope'] is None else set(ask['scope'])
    before = {}
    for found in cr.fetchall():
        key = (found[1], found[2], found[3] or '')
        # What could not be looked at is neither settled nor gone. Where the kind does not tell the aspect, the subject is its word.
        blind = (ask['aspects'].get(key[1]) or key[2]) in ask['unevaluated'].get(key[0], [])
        mine = scope is None or found[1] in scope
        if key in named or mine and not blind and (ask['about'] is None or [key[1], key[2]] in ask['about']):
            before[key] = found
    # A holder may have been deleted since the plan.
    cr.execute('SELECT id FROM product_product WHERE id = ANY(%s)', ([row['holder'] for row in rows if row['holder']],))
    alive = set([found[0] for found in cr.fetchall()])
    fresh, now, touched = [], set(), set()
    for row in rows:
        if row['holder'] not in alive:
            row['holder'] = None
        key = (row['external_id'], row['kind'], row['subject'])
        if key in now:
            continue
        now.add(key)
        touched.add(row['external_id'])
        if row['kind'] == 'refused' and key in before and before[key][8] == 'abandon':
            row['settled'] = 'abandoned'
        if key not in before:
            if row['settled'] is None:
                fresh.append(row)
            continue
        known = before[key]
        values = {}
        if known[4] != row['message']:
            values['x_message'] = row['message']
        if (known[5] or None) != row['holder']:
            values['x_holder_id'] = row['holder'] or False
        if (known[6] or '') != row['value']:
            # Another value waits than the one that a person saw.
            values.update(x_value=row['value'] or False, x_state='open', x_choice=False, x_choice_product_id=False, x_outcome=False)
        elif row['settled'] and known[7] != row['settled']:
            values.update(x_state=row['settled'], x_outcome=known[8] and 'chosen: ' + known[8] or False)
        elif row['settled'] is None and known[7] != 'open':
            values.update(x_state='open', x_outcome=False)
        if values:
            superuser['x_pz_conflict'].browse(known[0]).write(values)
    gone, chosen, undone = [], {}, set(ask['undone'])
    for key in before:
        if key not in now:
            touched.add(key[0])
            if before[key][8] and (ask['cut_short'] or key[0] in undone):
                # The plan carried the choice out, and Odoo did not let it, or the run ended before: it still stands.
                continue
            if before[key][8]:
                chosen.setdefault(before[key][8], []).append(before[key][0])
            else:
                gone.append(before[key][0])
    links = links_of(list(touched))
    values = []
    for row in fresh:
        values.append({
            'x_name': '%s: %s %s' % (row['external_id'], row['kind'], row['subject']), 'x_source': ask['source'],
            'x_external_id': row['external_id'], 'x_kind': row['kind'], 'x_subject': row['subject'] or '', 'x_message': row['message'],
            'x_link_id': links.get(row['external_id']) or False, 'x_holder_id': row['holder'] or False,
            'x_candidates': ' '.join([str(c) for c in row['candidates']]) or False, 'x_value': row['value'] or False,
            'x_choices': row['choices'], 'x_opened': datetime.datetime.utcnow(), 'x_opened_run_id': ask['run'], 'x_state': 'open',
        })
    if values:
        superuser['x_pz_conflict'].create(values)
    over = {'x_state': 'closed', 'x_closed': datetime.datetime.utcnow(), 'x_closed_run_id': ask['run']}
    if gone:
        superuser['x_pz_conflict'].browse(gone).write(dict(over, x_outcome='settled by itself'))
    for choice in chosen:
        superuser['x_pz_conflict'].browse(chosen[choice]).write(dict(over, x_outcome='chosen: ' + choice))
    flush()
    # The state of a link is what waits for it, whichever run found it.
    cr.execute("SELECT x_external_id, array_agg(x_kind) FROM x_pz_conflict WHERE x_source = %s AND x_state = 'open'"
               ' AND x_external_id = ANY(%s) GROUP BY x_external_id', (ask['source'], list(touched)))
    waiting = dict(cr.fetchall())
    by_state = {}
    for link in env['x_pz_product'].browse([links[i] for i in sorted(touched) if i in links]):
        kinds = waiting.get(link.x_external_id, [])
        if 'product-gone' in kinds:
            state = 'gone'
        elif 'refused' in kinds:
            state = 'refused'
        elif kinds:
            state = 'waiting'
        elif link.x_missing:
            state = 'missing'
        else:
            state = 'manual' if link.x_matched_by == 'manual' else 'ok'
        if link.x_state != state:
            by_state.setdefault(state, []).append(link.id)
    for state in by_state:
        superuser['x_pz_product'].browse(by_state[state]).write(event(state))
    # By this run, whichever copy of this call did it: the first one's answer may have been lost.
    cr.execute('SELECT count(*) FILTER (WHERE x_opened_run_id = %(run)s), count(*) FILTER (WHERE x_closed_run_id = %(run)s)'
               ' FROM x_pz_conflict WHERE x_opened_run_id = %(run)s OR x_closed_run_id = %(run)s', {'run': ask['run']})
    opened, closed = cr.fetchone()
    cr.execute("SELECT count(*) FROM x_pz_conflict WHERE x_source = %s AND x_state = 'open'", (ask['source'],))
    still_open = cr.fetchone()[0]
if leased and ask['conflicts'] and finish:
    # Two companies' own products never meet at a till.
    cr.execute('SELECT p.barcode FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id'
               ' WHERE p.active AND p.barcode = ANY(%s) GROUP BY p.barcode HAVING count(*) > 1'
               ' AND (bool_or(t.company_id IS NULL) OR count(*) FILTER (WHERE t.company_id = %s) > 1)'
               ' ORDER BY p.barcode LIMIT 1000', (doubled(), ask['company']))
    for found in cr.fetchall():
        duplicates.append(found[0])
if leased and finish:
    superuser['x_pz_run'].browse(ask['run']).write({
        'x_ended': datetime.datetime.utcnow(), 'x_status': finish['status'], 'x_summary': finish['summary'],
        'x_created': finish['created'], 'x_changed': finish['changed'], 'x_barcodes': finish['barcodes'],
        'x_refused': finish['refused'], 'x_deferred': still_open,
    })
action = {'leased': leased, 'opened': opened, 'closed': closed, 'open': still_open, 'duplicates': duplicates}
