# Tells without showing every link where the source may say something new, and which links need a look whatever it says.
# A link's line is what the source said and was handled; a bucket's digest is the sum of its lines' (see catalog/digest.rs).
# Left out of the sums are links of products that the source does not have, as they say themselves, and those that need a
# look: a person edited the product, something waits for it, or what was written is not what was to be written.
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
# Something happened to the link since the last judgement, or it has what no row tells.
SINCE = "(age(l.xmin) <= %(age)s OR l.x_missing OR l.x_wrote_extras != '' OR l.x_overruled IS NOT NULL)"
PRESENT = 'l.x_source = %s AND NOT coalesce(l.x_missing, false)'


def doubled(among, before):
    # The codes that two active products have: those that had them before and those that changed, or all.
    if among is None:
        cr.execute('SELECT barcode FROM product_product WHERE active AND barcode IS NOT NULL GROUP BY barcode HAVING count(*) > 1')
    else:
        cr.execute('SELECT barcode FROM product_product WHERE active AND barcode = ANY(%s) GROUP BY barcode HAVING count(*) > 1',
                   (before + among[1],))
    return sorted([row[0] for row in cr.fetchall()])


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
    for about in ('digits', 'extras', 'archive', 'barcodes', 'languages', 'company', 'others', 'before'):
        known.append(ask[about])
    return '%r' % (known + [ask['leave']['name'], ask['leave']['price']])


def judged(name, key, now):
    # The last judgement of the same rules: the first transaction that it did not see to its end, when all were judged, which
    # is at least once a day, who needed a look, which codes two active products had, and how many links there were.
    cr.execute("SELECT (s->>'xid')::bigint, (s->>'all')::bigint, ARRAY(SELECT jsonb_array_elements_text(s->'looks')),"
               " ARRAY(SELECT jsonb_array_elements_text(s->'doubled')), (s->>'links')::bigint"
               " FROM (SELECT x_seen::jsonb->%s AS s FROM x_pz_lane WHERE x_lane = 0) AS seen WHERE s->>'key' = %s", (name, key))
    last = cr.fetchone()
    # Numbers of transactions are compared by half a circle of 32 bits.
    if last and 0 <= now[0] - last[0] < 2 ** 31 - 2 ** 20 and 0 <= now[1] - last[1] < DAY:
        return last
    return None


def age_of(last):
    cr.execute('SELECT age(%s::xid)', (str(last[0] % 2 ** 32),))
    return cr.fetchone()[0]


def bits_for(links):
    # Four to eight links a bucket; twice or half as many where the number is that of the last judgement.
    bits = 1
    while links // 8 >> bits:
        bits = bits + 1
    return min(bits, 28)


def passed(last, bits):
    # What all links tell, in one pass, as there may be a million: how many there are and how many are missing, the sums of the
    # buckets in hex, and to how many links, in which buckets, something happened since the last judgement; among these
    # are always those that have what no row tells (packagings that went, who has a lost product's code, the link
    # of another source that was deleted).
    since = SINCE if last else 'false'
    # Halves of digests add up as integers, the lower one with 2 ** 31 taken off, and make one number modulo 2 ** 64 again.
    here = ' FILTER (WHERE l.x_missing IS NOT TRUE)'
    cr.execute(
        'WITH g AS (SELECT ' + HASH + ' >> %(shift)s AS bucket, sum((' + DIGEST + ' >> 32)::int)' + here + ' AS high,'
        ' sum(((' + DIGEST + ' & 4294967295) - 2147483648)::int)' + here + ' + 2147483648 * count(*)' + here + ' AS low, count(*) AS links,'
        ' count(*) FILTER (WHERE l.x_missing AND l.x_product_id IS NOT NULL AND NOT coalesce(l.x_no_touch, false)) AS missing,'
        ' count(*) FILTER (WHERE ' + since + ') AS changed FROM x_pz_product l WHERE l.x_source = %(source)s GROUP BY 1)'
        ' SELECT coalesce(sum(links), 0)::bigint, coalesce(sum(missing), 0)::bigint, coalesce(sum(changed), 0)::bigint,'
        " array_agg(bucket) FILTER (WHERE changed > 0), (SELECT encode(string_agg(int8send(total), ''::bytea), 'hex') FROM"
        ' (SELECT coalesce((high + (low >> 32)) << 32 | (low & 4294967295), 0) AS total FROM generate_series(0, %(last)s) AS n(bucket)'
        ' LEFT JOIN g USING (bucket) ORDER BY bucket) AS totals) FROM g',
        {'shift': 28 - bits, 'age': age_of(last) if last else None, 'source': ask['source'], 'last': 2 ** bits - 1})
    found = cr.fetchone()
    return {'bits': bits, 'links': found[0], 'missing': found[1], 'changed': found[2], 'buckets': found[3] or [], 'sums': found[4]}


def changed(last, seen):
    # Links of which something changed since the last judgement, and those that needed a look then; the codes of all products
    # that changed; None when there are too many.
    if seen['changed'] >= MANY:
        return None
    age = age_of(last)
    cr.execute('SELECT id, barcode FROM product_product WHERE age(xmin) <= %s LIMIT %s', (age, MANY))
    variants = cr.fetchall()
    cr.execute('SELECT id FROM product_template WHERE age(xmin) <= %s LIMIT %s', (age, MANY))
    templates = [row[0] for row in cr.fetchall()]
    if max(len(variants), len(templates)) >= MANY:
        return None
    cr.execute(
        'SELECT l.id FROM unnest(%(buckets)s::int[]) AS r(bucket) JOIN x_pz_product l ON ' + HASH +
        ' BETWEEN r.bucket << %(shift)s AND ((r.bucket + 1) << %(shift)s) - 1 WHERE l.x_source = %(source)s AND ' + SINCE,
        {'buckets': seen['buckets'], 'shift': 28 - seen['bits'], 'source': ask['source'], 'age': age})
    links = [row[0] for row in cr.fetchall()]
    # A product's other links: who owns what of it.
    shared = []
    if ask['others']:
        cr.execute('SELECT x_product_id FROM x_pz_product WHERE x_source = ANY(%s) AND x_product_id IS NOT NULL AND age(xmin) <= %s LIMIT %s',
                   (ask['others'], age, MANY))
        shared = [row[0] for row in cr.fetchall()]
        if len(shared) >= MANY:
            return None
    # Each by an index of its own: with OR PostgreSQL would look at all.
    cr.execute('SELECT id FROM product_product WHERE product_tmpl_id = ANY(%s)', (templates,))
    products = [row[0] for row in cr.fetchall() + variants] + shared
    one = 'SELECT id FROM x_pz_product WHERE x_source = %s AND '
    cr.execute(one + 'id = ANY(%s) UNION ' + one + 'x_product_id = ANY(%s) UNION ' + one + 'x_external_id = ANY(%s)',
               (ask['source'], links, ask['source'], products, ask['source'], last[2]))
    return [row[0] for row in cr.fetchall()], [row[1] for row in variants if row[1]]


def count():
    cr.execute('SELECT count(*) FROM x_pz_product WHERE x_source = %s', (ask['source'],))
    return cr.fetchone()[0]


def judge():
    # All links in one pass, who needs a look, and which codes two active products have.
    if ODOO < 16:
        codes = [] if prices else doubled(None, [])
        return passed(None, bits_for(count())), special(None, codes), codes
    name = ask['source'] + (' prices' if prices else '')
    cr.execute('SELECT txid_snapshot_xmin(txid_current_snapshot()), extract(epoch FROM now())::bigint')
    now, key = cr.fetchone(), rules()
    last = judged(name, key, now)
    seen = passed(last, bits_for(last[4] if last else count()))
    if abs(bits_for(seen['links']) - seen['bits']) > 1:
        seen = passed(last, bits_for(seen['links']))
    among = changed(last, seen) if last else None
    codes = [] if prices else doubled(among, last[3] if last else [])
    looks = special(among, codes)
    # A dry run has no token, and remembers nothing. The end of this run goes on from the codes.
    if ask['token'] and len(looks) + len(codes) < MANY:
        cr.execute(
            "UPDATE x_pz_lane SET x_seen = (coalesce(x_seen, '{}')::jsonb || jsonb_build_object(%s::text, jsonb_build_object('key', %s::text,"
            " 'token', %s::text, 'xid', %s::bigint, 'all', %s::bigint, 'links', %s::bigint, 'looks', to_jsonb(%s::varchar[]),"
            " 'doubled', to_jsonb(%s::varchar[]))))::text WHERE x_lane = 0 AND x_token = %s",
            (name, key, ask['token'], now[0], now[1] if among is None else last[1], seen['links'], looks, codes, ask['token']))
    return seen, looks, codes


if ask['what'] == 'sums':
    seen, looks, codes = judge()
    # Those that need a look are few, next to the others.
    cr.execute('SELECT ' + HASH + ' >> %s, (' + DIGEST + ')::text FROM x_pz_product l WHERE ' + PRESENT + ' AND l.x_external_id = ANY(%s)',
               (28 - seen['bits'], ask['source'], looks))
    less = {}
    for bucket, digest in cr.fetchall():
        less[bucket] = less.get(bucket, 0) + int(digest)
    parts, at = [], 0
    for bucket in sorted(less):
        total = int(seen['sums'][bucket * 16:bucket * 16 + 16], 16) - less[bucket]
        parts.append(seen['sums'][at:bucket * 16])
        parts.append('%016x' % (total % 2 ** 64))
        at = bucket * 16 + 16
    parts.append(seen['sums'][at:])
    counted = overruled_values()
    action = {'links': seen['links'], 'missing': seen['missing'], 'looks': looks,
              'overruled': {'products': counted[0], 'names': counted[1], 'prices': counted[2], 'barcodes': counted[3]},
              'doubled': codes, 'sums': ''.join(parts)}
else:
    # The lines of some buckets one by one.
    cr.execute(
        'SELECT l.x_external_id || chr(31) || lpad(to_hex(' + DIGEST + "), 16, '0') FROM unnest(%s::int[], %s::int[]) AS r(low, high)"
        ' JOIN x_pz_product l ON ' + HASH + ' BETWEEN r.low AND r.high WHERE ' + PRESENT,
        ([pair[0] for pair in ask['ranges']], [pair[1] for pair in ask['ranges']], ask['source']))
    action = {'lines': '\n'.join([row[0] for row in cr.fetchall()])}
