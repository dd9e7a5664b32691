# Counts and deletes what is older than a moment: lines of history, deferred actions that are closed, runs. Nothing here is
# read or written by a run at work, so it needs no lease and keeps nobody from theirs. What stays whatever its age: the last
# line about each product's price and name, the lines of the codes that it still has, and runs that anything speaks of.
LANGUAGE = " AND l.x_language IS NOT DISTINCT FROM h.x_language"
CODE = (" AND (h.x_new IS NULL OR EXISTS (SELECT 1 FROM {0} l WHERE {1} AND (l.x_old = h.x_new OR l.x_new = h.x_new)))")
# A later line of the same field of the same product; a link is part of it, as a product outside the source that lost its code
# stands under the external id of the one that got it.
LATER = ("l.x_external_id = h.x_external_id AND l.x_source IS NOT DISTINCT FROM h.x_source"
         " AND l.x_link_id IS NOT DISTINCT FROM h.x_link_id AND l.id > h.id")
BARCODES, PRICES, NAMES = 'x_pz_product_barcode_history', 'x_pz_product_price_history', 'x_pz_product_name_history'


def old_line(table, more, code):
    # h is a line that may go. One without an external id tells of no product.
    later = LATER + more
    known = 'EXISTS (SELECT 1 FROM {0} l WHERE {1})' + code
    return ('h.x_when < %(before)s AND (h.x_external_id IS NULL OR (' + known + '))').replace('{0}', table).replace('{1}', later)


HISTORY = [(BARCODES, old_line(BARCODES, '', CODE)), (PRICES, old_line(PRICES, '', '')), (NAMES, old_line(NAMES, LANGUAGE, ''))]
CONFLICT = "h.x_state = 'closed' AND h.x_closed < %(before)s"
RUN = ("h.x_started < %(before)s AND h.x_status IS DISTINCT FROM 'running'"
       " AND EXISTS (SELECT 1 FROM x_pz_run l WHERE l.x_source IS NOT DISTINCT FROM h.x_source AND l.id > h.id)")
for table, old in HISTORY:
    RUN += (' AND NOT EXISTS (SELECT 1 FROM ' + table + ' k WHERE k.x_run_id = h.id AND NOT coalesce('
            + old.replace('h.', 'k.') + ', false))')
for column in ('x_opened_run_id', 'x_closed_run_id'):
    RUN += (' AND NOT EXISTS (SELECT 1 FROM x_pz_conflict k WHERE k.' + column + ' = h.id AND NOT coalesce('
            + CONFLICT.replace('h.', 'k.') + ', false))')
PARTS = HISTORY + [('x_pz_conflict', CONFLICT), ('x_pz_run', RUN)]

# Whoever may call this may not take away what was recorded lately, whatever they ask for.
cr.execute("SELECT %s::timestamp > clock_timestamp() AT TIME ZONE 'utc' - interval '27 days'", (ask['before'],))
if cr.fetchone()[0]:
    raise Exception('erpsync: what is not 27 days old is not pruned')
counts = {}
last = None
for table, old in PARTS:
    # A window of one kind, by id: what a call costs does not grow with what there is. Whoever deletes asks for the kinds in
    # this order, so that a run goes after the lines that speak of it.
    if ask['what'] in ('count', 'delete') and ask['kind'] == table:
        cr.execute('SELECT count(*), max(id) FROM (SELECT id FROM ' + table + ' WHERE id > %s ORDER BY id LIMIT %s) AS w',
                   (ask['after'], ask['limit']))
        rows, last = cr.fetchone()
        window = {'before': ask['before'], 'after': ask['after'], 'last': last or 0}
        inside = ' h WHERE h.id > %(after)s AND h.id <= %(last)s AND (' + old + ')'
        if ask['what'] == 'count':
            cr.execute('SELECT count(*) FROM ' + table + inside, window)
            counts = {'old': cr.fetchone()[0], 'all': rows}
        else:
            cr.execute('DELETE FROM ' + table + ' WHERE id IN (SELECT h.id FROM ' + table + inside + ')', window)
            counts = {'old': cr.rowcount, 'all': rows}
if ask['what'] == 'end':
    cr.execute('SELECT id FROM x_pz_run WHERE x_key = %s', (ask['key'],))
    if not cr.fetchone():
        superuser['x_pz_run'].create({
            'x_name': ask['key'], 'x_key': ask['key'], 'x_command': 'prune', 'x_host': ask['holder'], 'x_status': ask['status'],
            'x_started': ask['started'], 'x_ended': datetime.datetime.utcnow(), 'x_summary': ask['summary'],
        })
action = {'counts': counts, 'last': last}
