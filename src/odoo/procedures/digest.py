# Tells without showing every link where the source may say something new, and which links need a look whatever it says.
# A link's line is what the source said and was handled; a bucket's digest is the sum of its lines' (see catalog/digest.rs).
# Left out of the sums are links of products that the source does not have, as they say themselves, and those that need a
# look: a person edited the product, something waits for it, or what was written is not what was to be written.
prices = ask['prices']
# What is joined and added up here does not fit into PostgreSQL's default of 4 MB, and files are slow. For this call alone.
cr.execute("SET LOCAL work_mem = '64MB'")
plainly()
# Setup has PostgreSQL keep both, from version 12 on.
cr.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('x_pz_product') AND NOT attisdropped"
           " AND attname IN ('erpsync_hash', 'erpsync_line', 'erpsync_line_price')")
if cr.fetchone()[0] == 3:
    HASH = 'l.erpsync_hash'
    DIGEST = 'l.erpsync_line_price' if prices else 'l.erpsync_line'
else:
    HASH = "('x0' || substr(md5(l.x_external_id), 1, 7))::bit(32)::int"
    LINE = "l.x_external_id || chr(31) || coalesce(l.x_said_price, '')"
    if not prices:
        LINE = ("l.x_external_id || chr(31) || coalesce(l.x_said_name, '') || chr(31) || coalesce(l.x_said_price, '')"
                " || chr(31) || coalesce(l.x_said_barcodes, '')")
    DIGEST = "('x' || substr(md5(" + LINE + '), 1, 16))::bit(64)::bigint'
PRESENT = 'l.x_source = %s AND NOT coalesce(l.x_missing, false)'


def number(text):
    # Decimal text as a number; NULL for anything else.
    return "CASE WHEN " + text + " ~ '^[0-9]{1,24}([.][0-9]{1,10})?$' THEN " + text + '::numeric END'


def kept(field):
    return "coalesce(l.x_kept, '') LIKE '%%" + field + "%%'"


def price_ok():
    # Nothing to do about the price, if the source says what it said. First what nearly every row is, in texts.
    digits = str(ask['digits'])
    now = 'coalesce(t.list_price, 0)::numeric'
    plain = "rtrim(rtrim(" + now + "::text, '0'), '.')"
    wrote, want = number('l.x_wrote_price'), 'round(' + number('l.x_said_price') + ', ' + digits + ')'
    odoo = 'true' if ask['leave']['price'] else 'false'
    return (
        "CASE WHEN coalesce(l.x_said_price, '') = '' THEN true"
        " WHEN l.x_kept IS NULL AND l.x_said_price = l.x_wrote_price AND (l.x_wrote_price = " + now + "::text OR strpos(" + now +
        "::text, '.') > 0 AND l.x_wrote_price = " + plain + ") AND (strpos(l.x_said_price, '.') = 0"
        " OR length(l.x_said_price) - strpos(l.x_said_price, '.') <= " + digits + ") THEN true"
        ' WHEN ' + now + ' >= 0 AND round(' + now + ', ' + digits + ') = ' + want +
        ' THEN NOT (' + kept('price') + ') AND (' + wrote + ') = ' + want +
        ' ELSE (' + kept('price') + ') OR (' + odoo + ' AND (' + now + ' < 0 OR round(' + now + ', ' + digits +
        ') IS DISTINCT FROM round(' + wrote + ', ' + digits + '))) END')


def name_ok(names):
    said, wrote = "coalesce(l.x_said_name, '')", "coalesce(l.x_wrote_name, '')"
    same, edited = [], []
    for name in names:
        same.append("coalesce(" + name + ", '') = " + said)
        edited.append("coalesce(" + name + ", '') != " + wrote)
    odoo = 'true' if ask['leave']['name'] else 'false'
    return ('CASE WHEN ' + ' AND '.join(same) + ' THEN NOT (' + kept('name') + ') AND ' + wrote + ' = ' + said +
            ' ELSE (' + kept('name') + ') OR (' + odoo + ' AND (' + ' OR '.join(edited) + ')) END')


def upc(code):
    # Is it a UPC-A with a right check digit? It is then one code with its EAN-13.
    return ("CASE WHEN " + code + " ~ '^[0-9]{12}$' THEN (SELECT sum(substr(" + code + ', i, 1)::int * CASE WHEN i %% 2 = 1'
            ' THEN 3 ELSE 1 END) %% 10 = 0 FROM generate_series(1, 12) AS i) ELSE false END')


def barcode_ok():
    # What a person keeps, or edited, is looked at by every run: it stands in others' way.
    codes = "string_to_array(l.x_said_barcodes, E'\\n')"
    listed = (
        'CASE WHEN l.x_said_barcodes = p.barcode OR p.barcode = ANY(' + codes + ') THEN true'
        " WHEN '0' || p.barcode = ANY(" + codes + ') THEN ' + upc('p.barcode') +
        " WHEN p.barcode LIKE '0%%' AND substr(p.barcode, 2) = ANY(" + codes + ') THEN ' + upc('substr(p.barcode, 2)') +
        ' ELSE false END')
    return (
        "NOT (" + kept('barcode') + ") AND CASE WHEN coalesce(p.barcode, '') = ''"
        " THEN coalesce(l.x_said_barcodes, '') = '' AND coalesce(l.x_wrote_barcode, '') = ''"
        ' ELSE p.barcode = l.x_wrote_barcode AND btrim(p.barcode) = p.barcode AND (' + listed + ') END')


def extras_ok():
    if not ask['extras']:
        return "coalesce(l.x_wrote_extras, '') = ''"
    cr.execute('SELECT to_regclass(%s) IS NOT NULL', (PACKAGING,))
    there = 'false'
    if cr.fetchone()[0]:
        there = ("NOT EXISTS (SELECT 1 FROM unnest(string_to_array(l.x_wrote_extras, E'\\n')) AS e(code) WHERE NOT EXISTS"
                 ' (SELECT 1 FROM ' + PACKAGING + ' k WHERE k.product_id = p.id AND k.barcode = e.code))')
    return (
        "CASE WHEN strpos(coalesce(l.x_said_barcodes, ''), E'\\n') = 0 THEN coalesce(l.x_wrote_extras, '') = ''"
        " ELSE (SELECT array_agg(c ORDER BY c) FROM unnest(string_to_array(l.x_said_barcodes, E'\\n')) AS c) ="
        " (SELECT array_agg(c ORDER BY c) FROM unnest(string_to_array(l.x_wrote_extras, E'\\n') || p.barcode::text) AS c)"
        ' AND ' + there + ' END')


def doubled(among, before):
    # The codes that two active products have: those that had them before and those that changed, or all.
    if among is None:
        cr.execute('SELECT barcode FROM product_product WHERE active AND barcode IS NOT NULL GROUP BY barcode HAVING count(*) > 1')
    else:
        cr.execute('SELECT barcode FROM product_product WHERE active AND barcode = ANY(%s) GROUP BY barcode HAVING count(*) > 1',
                   (before + among[1],))
    return sorted([row[0] for row in cr.fetchall()])


def special(among, codes):
    # The external ids of what needs a look, among these links or among all, and who has one of these codes.
    joins, names = '', []
    for at in range(len(ask['languages'])):
        lang = ask['languages'][at]
        if ODOO >= 16:
            names.append(name_column(lang))
        else:
            # One after the other, as a subquery for each would be slow.
            tr = 'tr%d' % at
            joins = joins + cr.mogrify(
                ' LEFT JOIN ir_translation ' + tr + ' ON ' + tr + ".type = 'model' AND " + tr + ".name = 'product.template,name'"
                ' AND ' + tr + '.lang = %s AND ' + tr + '.res_id = t.id AND ' + tr + ".value != ''", (lang,)).decode().replace('%', '%%')
            names.append('coalesce(' + tr + '.value, t.name)')
    other = cr.mogrify('(t.company_id IS NOT NULL AND t.company_id != %s)', (ask['company'] or 0,)).decode()
    off = ['p.id IS NULL', other, '(' + price_ok() + ') IS NOT TRUE']
    gone = 'false'
    if prices:
        joins = ''
    else:
        off = off + ['coalesce(l.x_archived_by_us, false)', '(' + name_ok(names) + ') IS NOT TRUE',
                     '(' + barcode_ok() + ') IS NOT TRUE', '(' + extras_ok() + ') IS NOT TRUE']
        # One that the source does not have matters when it is to be archived, was given another code by a person, or has
        # one that somebody else has.
        archive = 'true' if ask['archive'] else 'false'
        gone = (
            'p.id IS NOT NULL AND (' + archive + ' AND NOT coalesce(l.x_archived_by_us, false) AND coalesce(p.active, false) AND NOT '
            + other + " OR coalesce(p.barcode, '') != coalesce(l.x_wrote_barcode, '') OR coalesce(l.x_wrote_extras, '') != ''"
            " OR coalesce(p.barcode, '') != '' AND EXISTS (SELECT 1 FROM product_product o WHERE o.id != p.id"
            " AND o.barcode IN (p.barcode, '0' || p.barcode, substr(p.barcode, 2))))")
    few = '' if among is None else ' JOIN unnest(%s::int[]) AS among(id) ON among.id = l.id'
    cr.execute(
        'SELECT DISTINCT l.x_external_id FROM x_pz_product l' + few + ' LEFT JOIN product_product p ON p.id = l.x_product_id'
        ' LEFT JOIN product_template t ON t.id = p.product_tmpl_id' + joins + ' WHERE l.x_source = %s AND (coalesce(l.x_no_touch, false)'
        ' OR CASE WHEN coalesce(l.x_missing, false) THEN ' + gone + ' ELSE ' + ' OR '.join(off) + ' END)',
        ([] if among is None else [among[0]]) + [ask['source']])
    found = set([row[0] for row in cr.fetchall()])
    cr.execute("SELECT x_external_id FROM x_pz_conflict WHERE x_source = %s AND x_state != 'closed'", (ask['source'],))
    found.update([row[0] for row in cr.fetchall()])
    cr.execute('SELECT l.x_external_id FROM product_product p JOIN x_pz_product l ON l.x_source = %s AND l.x_product_id = p.id'
               ' WHERE p.barcode = ANY(%s)', (ask['source'], codes))
    found.update([row[0] for row in cr.fetchall()])
    return sorted(found)


# To judge every link takes PostgreSQL several times as long as to find what changed since the last run judged them: a row
# carries the number of the transaction that wrote it, whoever that was. Not before Odoo 16, where a translation may go
# without a trace.
MANY, DAY = 50000, 86400


def rules():
    # What a judgement depends on besides the rows: these rules, the question, and the database, as another counts anew.
    cr.execute("SELECT string_agg(md5(code), ' ' ORDER BY id) FROM ir_act_server WHERE code LIKE %s", ('# erpsync digest:%',))
    known = [cr.fetchone()[0]]
    cr.execute("SELECT has_function_privilege('pg_control_system()', 'execute')")
    cr.execute('SELECT system_identifier::text FROM pg_control_system()' if cr.fetchone()[0] else 'SELECT pg_postmaster_start_time()::text')
    known.append(cr.fetchone()[0])
    cr.execute('SELECT oid::bigint FROM pg_database WHERE datname = current_database()')
    known.append(cr.fetchone()[0])
    for about in ('digits', 'extras', 'archive', 'languages', 'company'):
        known.append(ask[about])
    return '%r' % (known + [ask['leave']['name'], ask['leave']['price']])


def judged(name, key, now):
    # The last judgement of the same rules: the first transaction that it did not see to its end, when all were judged, which
    # is at least once a day, who needed a look, and which codes two active products had.
    cr.execute("SELECT (s->>'xid')::bigint, (s->>'all')::bigint, ARRAY(SELECT jsonb_array_elements_text(s->'looks')),"
               " ARRAY(SELECT jsonb_array_elements_text(s->'doubled'))"
               " FROM (SELECT x_seen::jsonb->%s AS s FROM x_pz_lane WHERE x_lane = 0) AS seen WHERE s->>'key' = %s", (name, key))
    last = cr.fetchone()
    # Numbers of transactions are compared by half a circle of 32 bits.
    if last and 0 <= now[0] - last[0] < 2 ** 31 - 2 ** 20 and 0 <= now[1] - last[1] < DAY:
        return last
    return None


def changed(last):
    # Links of which something changed since, those that needed a look then or have what no row tells (packagings that went,
    # who has a lost product's code), and the codes of all products that changed; None when there are too many.
    cr.execute('SELECT age(%s::xid)', (str(last[0] % 2 ** 32),))
    age = cr.fetchone()[0]
    cr.execute('SELECT id, barcode FROM product_product WHERE age(xmin) <= %s LIMIT %s', (age, MANY))
    variants = cr.fetchall()
    cr.execute('SELECT id FROM product_template WHERE age(xmin) <= %s LIMIT %s', (age, MANY))
    templates = [row[0] for row in cr.fetchall()]
    cr.execute("SELECT id FROM x_pz_product WHERE x_source = %s AND (age(xmin) <= %s OR x_missing OR x_wrote_extras != '') LIMIT %s",
               (ask['source'], age, MANY))
    links = [row[0] for row in cr.fetchall()]
    if max(len(variants), len(templates), len(links)) >= MANY:
        return None
    # Each by an index of its own: with OR PostgreSQL would look at all.
    cr.execute('SELECT id FROM product_product WHERE product_tmpl_id = ANY(%s)', (templates,))
    products = [row[0] for row in cr.fetchall() + variants]
    one = 'SELECT id FROM x_pz_product WHERE x_source = %s AND '
    cr.execute(one + 'id = ANY(%s) UNION ' + one + 'x_product_id = ANY(%s) UNION ' + one + 'x_external_id = ANY(%s)',
               (ask['source'], links, ask['source'], products, ask['source'], last[2]))
    return [row[0] for row in cr.fetchall()], [row[1] for row in variants if row[1]]


def judge():
    # Who needs a look, and which codes two active products have.
    if ODOO < 16:
        codes = [] if prices else doubled(None, [])
        return special(None, codes), codes
    name = ask['source'] + (' prices' if prices else '')
    cr.execute('SELECT txid_snapshot_xmin(txid_current_snapshot()), extract(epoch FROM now())::bigint')
    now, key = cr.fetchone(), rules()
    last = judged(name, key, now)
    among = changed(last) if last else None
    codes = [] if prices else doubled(among, last[3] if last else [])
    looks = special(among, codes)
    # A dry run has no token, and remembers nothing. The end of this run goes on from the codes.
    if ask['token'] and len(looks) + len(codes) < MANY:
        cr.execute(
            "UPDATE x_pz_lane SET x_seen = (coalesce(x_seen, '{}')::jsonb || jsonb_build_object(%s::text, jsonb_build_object('key', %s::text,"
            " 'token', %s::text, 'xid', %s::bigint, 'all', %s::bigint, 'looks', to_jsonb(%s::varchar[]), 'doubled', to_jsonb(%s::varchar[]))))::text"
            ' WHERE x_lane = 0 AND x_token = %s',
            (name, key, ask['token'], now[0], now[1] if among is None else last[1], looks, codes, ask['token']))
    return looks, codes


if ask['what'] == 'sums':
    looks, codes = judge()
    cr.execute('SELECT count(*), count(*) FILTER (WHERE x_missing AND x_product_id IS NOT NULL AND NOT coalesce(x_no_touch, false))'
               ' FROM x_pz_product WHERE x_source = %s', (ask['source'],))
    links, missing = cr.fetchone()
    # Four to eight links a bucket.
    bits = 1
    while links // 8 >> bits:
        bits = bits + 1
    bits = min(bits, 28)
    sums = ['0' * 16] * 2 ** bits
    # As text: Odoo makes a float of every numeric.
    cr.execute('SELECT ' + HASH + ' >> %s, sum(' + DIGEST + ')::text FROM x_pz_product l WHERE ' + PRESENT + ' GROUP BY 1',
               (28 - bits, ask['source']))
    totals = dict(cr.fetchall())
    # Few, next to the others.
    cr.execute('SELECT ' + HASH + ' >> %s, (' + DIGEST + ')::text FROM x_pz_product l WHERE ' + PRESENT + ' AND l.x_external_id = ANY(%s)',
               (28 - bits, ask['source'], looks))
    for bucket, digest in cr.fetchall():
        totals[bucket] = int(totals[bucket]) - int(digest)
    for bucket in totals:
        sums[bucket] = '%016x' % (int(totals[bucket]) % 2 ** 64)
    action = {'links': links, 'missing': missing, 'looks': looks, 'doubled': codes, 'sums': ''.join(sums)}
else:
    # The lines of some buckets one by one.
    cr.execute(
        'SELECT l.x_external_id || chr(31) || lpad(to_hex(' + DIGEST + "), 16, '0') FROM unnest(%s::int[], %s::int[]) AS r(low, high)"
        ' JOIN x_pz_product l ON ' + HASH + ' BETWEEN r.low AND r.high WHERE ' + PRESENT,
        ([pair[0] for pair in ask['ranges']], [pair[1] for pair in ask['ranges']], ask['source']))
    action = {'lines': '\n'.join([row[0] for row in cr.fetchall()])}
