# What every writing procedure goes on with. The first statement updates the lane's row: a call repeated while its first
# copy is still running then gets a serialization failure, Odoo replays it with a fresh snapshot, and it finds the work
# done; a process whose lease was taken over finds its token gone and writes nothing. Nor does one while synchronisation is
# paused, but for its report, nor one that speaks for another run than the lease's, or for another source than that run's.
cr.execute(
    "UPDATE x_pz_lane SET x_expires = clock_timestamp() AT TIME ZONE 'utc' + least(%s, 3600) * interval '1 second'"
    ' WHERE x_lane = %s AND x_token = %s AND x_holder = (SELECT x_host FROM x_pz_run WHERE id = %s AND x_source = %s)'
    + (' AND NOT EXISTS (SELECT 1 FROM x_pz_pause WHERE x_paused)' if PAUSES else '') + ' RETURNING id',
    (int(ask['seconds']), int(ask['lane']), ask['token'], int(ask['run']), ask['source']))
leased = bool(cr.fetchone())
paused = None if leased or not PAUSES else pause()
rows = leased and ask.get('rows') or []
answers = {}
# Why a row is not written whose link a person closed since the plan was made.
NO_TOUCH = 'it was marked "don\'t touch" meanwhile'
LINK_FIELDS = {
    'said_name': 'x_said_name', 'said_price': 'x_said_price', 'said_barcodes': 'x_said_barcodes',
    'wrote_name': 'x_wrote_name', 'wrote_price': 'x_wrote_price', 'wrote_barcode': 'x_wrote_barcode', 'wrote_extras': 'x_wrote_extras',
    'kept': 'x_kept', 'overruled': 'x_overruled',
    'archived_by_us': 'x_archived_by_us',
}


def is_fatal(error):
    # A database error other than bad data, a broken constraint (44: of a view) or a trigger's own refusal (P0) must reach
    # Odoo, which replays the call when that helps.
    try:
        code = error.pgcode
    except Exception:
        return False
    return not code or code[:2] not in ('22', '23', '44', 'P0')


def words(error):
    # Without the whole row and the line of a trigger that PostgreSQL adds, and the code of a computed field or an
    # automation that Odoo adds.
    text = str(error).split('\nDETAIL:  Failing row')[0].split('\nCONTEXT:')[0].split(' while evaluating\n')[0]
    return ' '.join(text.split())[:1000]


def isolated(work, part):
    # Does the work in a savepoint; what went wrong as text, or None.
    cr.execute('SAVEPOINT erpsync')
    try:
        work(part)
        flush()
    except Exception as error:
        if is_fatal(error):
            raise
        cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        # Rolling back keeps the savepoint, and the next one would lie inside of it.
        cr.execute('RELEASE SAVEPOINT erpsync')
        env.clear()
        return words(error)
    cr.execute('RELEASE SAVEPOINT erpsync')
    return None


def halves(work, batch):
    # Does the work for all that can be done, and names the single rows that can't.
    pending = [batch]
    while pending:
        part = pending.pop()
        if not part:
            continue
        problem = isolated(work, part)
        if problem is not None and len(part) == 1:
            answers[part[0]['external_id']] = {'refused': problem}
        elif problem is not None:
            middle = len(part) // 2
            pending.append(part[middle:])
            pending.append(part[:middle])


def link_values(values):
    out = {}
    for key in values:
        out[LINK_FIELDS[key]] = values[key] is None and False or values[key]
    return out


def event(state):
    # The state that drives, and the trio that people of the first system read from it.
    kind, check = {
        'ok': (11, 1), 'waiting': (12, 0), 'manual': (13, 1), 'refused': (14, -9), 'missing': (11, 0), 'gone': (12, -1),
    }[state]
    return {'x_state': state, 'x_event_type': kind, 'x_event_check': check, 'x_event_update': datetime.datetime.utcnow()}


def taken(codes, but, off):
    # Which of these codes stand on a record other than those products, or than the packagings whose codes are taken off
    # (product -> codes): code -> product.
    out = {}
    if codes:
        cr.execute('SELECT barcode, id FROM product_product WHERE barcode = ANY(%s) AND NOT id = ANY(%s) ORDER BY id DESC',
                   (codes, but))
        for code, product in cr.fetchall():
            out[code] = product
        cr.execute("SELECT to_regclass(%s) IS NOT NULL", (PACKAGING,))
        if cr.fetchone()[0]:
            cr.execute('SELECT barcode, product_id FROM ' + PACKAGING + ' WHERE barcode = ANY(%s) AND product_id IS NOT NULL'
                       ' ORDER BY id DESC', (codes,))
            for code, product in cr.fetchall():
                if code not in off.get(product, []):
                    out[code] = product
    return out


def put_on_packagings(pairs):
    # Further codes that scan, each with its product: a unit's from 19 on, a packaging's before.
    values = []
    for product, code in pairs:
        if PACKAGING == 'product_uom':
            values.append({'product_id': product.id, 'uom_id': product.uom_id.id, 'barcode': code})
        else:
            values.append({'product_id': product.id, 'name': code, 'qty': 1.0, 'barcode': code})
    if values:
        env[PACKAGING.replace('_', '.')].create(values)


def take_off_packagings(product, codes):
    if codes:
        env[PACKAGING.replace('_', '.')].search([('product_id', '=', product), ('barcode', 'in', codes)]).unlink()


def links_of(ids):
    cr.execute('SELECT x_external_id, id FROM x_pz_product WHERE x_source = %s AND x_external_id = ANY(%s)',
               (ask['source'], ids))
    return dict(cr.fetchall())


# Our own records are written as sets, past Odoo's models: they have no rules, no computed fields and no translations, and
# a tenth of the time is spent. All columns that are written so, with their types: no other name comes into a statement.
COLUMNS = {
    'x_name': 'varchar', 'x_source': 'varchar', 'x_external_id': 'varchar', 'x_product_id': 'int', 'x_matched_by': 'varchar',
    'x_said_name': 'varchar', 'x_said_price': 'varchar', 'x_said_barcodes': 'varchar', 'x_wrote_name': 'varchar',
    'x_wrote_price': 'varchar', 'x_wrote_barcode': 'varchar', 'x_wrote_extras': 'varchar', 'x_kept': 'varchar', 'x_overruled': 'varchar',
    'x_missing': 'boolean', 'x_archived_by_us': 'boolean', 'x_state': 'varchar', 'x_event_type': 'int', 'x_event_check': 'int',
    'x_event_update': 'timestamp', 'x_link_id': 'int', 'x_run_id': 'int', 'x_old': 'varchar', 'x_new': 'varchar',
    'x_when': 'timestamp', 'x_language': 'varchar', 'x_cause': 'varchar', 'x_operation': 'varchar',
}


def columns_of(values):
    columns = []
    for column in sorted(COLUMNS):
        if column in values:
            columns.append(column)
    if len(columns) != len(values):
        raise Exception('erpsync: a column that is not ours')
    return columns


def types(columns):
    # For unnest(), with the arrays behind.
    out = []
    for column in columns:
        out.append('%s::' + COLUMNS[column] + '[]')
    return ', '.join(out)


def arrays(columns, rows):
    # The rows turned on their side. Odoo's False is NULL.
    values = []
    for column in columns:
        kind = COLUMNS[column]
        cells = []
        for row in rows:
            cell = row[column]
            if kind == 'boolean':
                cells.append(bool(cell))
            elif kind == 'timestamp' and cell:
                # Odoo keeps seconds.
                cells.append(cell.replace(microsecond=0))
            else:
                cells.append(None if cell is None or cell is False else cell)
        values.append(cells)
    return values


def insert(model, rows, on_conflict=''):
    # New records, each with the same columns. Returns (id, external id) of those that were made.
    if not rows:
        return []
    columns = columns_of(rows[0])
    names = ', '.join(columns)
    cr.execute(
        'INSERT INTO ' + model + ' (' + names + ', create_uid, create_date, write_uid, write_date) SELECT ' + names +
        ", %s, now() AT TIME ZONE 'utc', %s, now() AT TIME ZONE 'utc' FROM unnest(" + types(columns) + ') AS v(' + names + ') ' +
        on_conflict + ' RETURNING id, x_external_id', [env.uid, env.uid] + arrays(columns, rows))
    return cr.fetchall()


def update_links(pairs):
    # Pairs of a link's id and its new values; links with the same columns are one statement.
    groups = {}
    for link, values in pairs:
        if values:
            groups.setdefault(tuple(sorted(values)), []).append((link, values))
    for group in groups:
        ids, rows, sets = [], [], []
        for link, values in groups[group]:
            ids.append(link)
            rows.append(values)
        columns = columns_of(group)
        for column in columns:
            sets.append(column + ' = v.' + column)
        cr.execute(
            'UPDATE x_pz_product l SET ' + ', '.join(sets) + ", write_uid = %s, write_date = now() AT TIME ZONE 'utc'"
            ' FROM unnest(%s::int[], ' + types(columns) + ') AS v(id, ' + ', '.join(columns) + ') WHERE l.id = v.id',
            [env.uid, ids] + arrays(columns, rows))


def write_history(model, lines):
    # Lines whose operation key is there already were written by the first copy of this call.
    insert(model, lines, 'ON CONFLICT (x_operation) DO NOTHING')


def history(link, row, field, old, new, cause):
    # A field is written once a run and product; more than once only with something else in its name.
    return {
        'x_name': row['external_id'] + ': ' + (old or '-') + ' → ' + (new or '-'), 'x_link_id': link, 'x_source': ask['source'],
        'x_external_id': row['external_id'], 'x_old': old or False, 'x_new': new or False, 'x_when': datetime.datetime.utcnow(),
        'x_run_id': ask['run'], 'x_cause': cause, 'x_operation': ask['key'] + ':' + row['external_id'] + ':' + field,
    }
