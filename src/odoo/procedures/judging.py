# What makes a link need a look, in SQL: l is the link, p its product, t the product's template.
prices = ask['prices']


def number(text):
    # Decimal text as a number; NULL for anything else.
    return "CASE WHEN " + text + " ~ '^[0-9]{1,24}([.][0-9]{1,10})?$' THEN " + text + '::numeric END'


def kept(field):
    return "coalesce(l.x_kept, '') LIKE '%%" + field + "%%'"


# The names of a product, by language, and what they need; on older Odoos one join after the other, as a subquery for each
# would be slow.
NAMES, TRANSLATIONS = [], ''
for nth in range(len(ask['languages'])):
    if ODOO >= 16:
        NAMES.append(name_column(nth))
    else:
        tr = 'tr%d' % nth
        TRANSLATIONS = TRANSLATIONS + (
            ' LEFT JOIN ir_translation ' + tr + ' ON ' + tr + ".type = 'model' AND " + tr + ".name = 'product.template,name'"
            ' AND ' + tr + '.lang = %(language' + str(nth) + ')s AND ' + tr + '.res_id = t.id AND ' + tr + ".value != ''")
        NAMES.append('coalesce(' + tr + '.value, t.name)')


def others():
    # What other sources that have the product own of it, whether one has it still or archived it, and whether one wrote
    # secondary barcodes. Nothing of it where there is one source.
    if not ask['others']:
        return ''
    return (
        ' LEFT JOIN LATERAL (SELECT bool_or(NOT coalesce(k.x_missing, false) AND k.x_source = ANY(%(before_name)s)) AS name,'
        ' bool_or(NOT coalesce(k.x_missing, false) AND k.x_source = ANY(%(before_price)s)) AS price,'
        ' bool_or(NOT coalesce(k.x_missing, false) AND k.x_source = ANY(%(before_barcode)s)) AS barcode,'
        ' bool_or(NOT coalesce(k.x_missing, false)) AS has, bool_or(coalesce(k.x_archived_by_us, false)) AS archived,'
        " bool_or(coalesce(k.x_wrote_extras, '') != '') AS extras FROM x_pz_product k"
        ' WHERE k.x_product_id = l.x_product_id AND k.x_source = ANY(%(others)s)) o ON true')


def asked(**more):
    # The parameters of what stands here.
    before = ask['before']
    return params(source=ask['source'], digits=int(ask['digits']), others=ask['others'], before_name=before['name'],
                  before_price=before['price'], before_barcode=before['barcode'], **more)


def overruled(field):
    return "coalesce(l.x_overruled, '') LIKE '%%" + field + "%%'"


def owned(field, rule):
    # The link has to know whether another source owns the field; nothing else counts of a field that one does.
    if not ask['others']:
        return rule
    return ('CASE WHEN o.' + field + ' THEN ' + overruled(field) + ' AND NOT (' + kept(field) + ') ELSE NOT (' + overruled(field) +
            ') AND (' + rule + ') END')


def price_said():
    # Odoo has the price that the source said.
    now = 'coalesce(t.list_price, 0)::numeric'
    return now + ' >= 0 AND round(' + now + ', %(digits)s) = round(' + number('l.x_said_price') + ', %(digits)s)'


def price_ok():
    # Nothing to do about the price, if the source says what it said. First what nearly every row is, in texts.
    now = 'coalesce(t.list_price, 0)::numeric'
    plain = "rtrim(rtrim(" + now + "::text, '0'), '.')"
    wrote, want = number('l.x_wrote_price'), 'round(' + number('l.x_said_price') + ', %(digits)s)'
    odoo = 'true' if ask['leave']['price'] else 'false'
    return (
        "CASE WHEN coalesce(l.x_said_price, '') = '' THEN coalesce(l.x_wrote_price, '') IN ('', '0') OR " + kept('price') +
        " WHEN l.x_said_price = '0' AND l.x_wrote_price IS NULL THEN true"
        " WHEN l.x_kept IS NULL AND l.x_said_price = l.x_wrote_price AND (l.x_wrote_price = " + now + "::text OR strpos(" + now +
        "::text, '.') > 0 AND l.x_wrote_price = " + plain + ") AND (strpos(l.x_said_price, '.') = 0"
        " OR length(l.x_said_price) - strpos(l.x_said_price, '.') <= %(digits)s) THEN true"
        ' WHEN ' + price_said() +
        ' THEN NOT (' + kept('price') + ') AND (' + wrote + ') = ' + want +
        ' ELSE (' + kept('price') + ') OR (' + odoo + ' AND (' + now + ' < 0 OR round(' + now +
        ', %(digits)s) IS DISTINCT FROM round(' + wrote + ', %(digits)s))) END')


def name_said():
    # Odoo has the name that the source said, in all languages.
    same = []
    for name in NAMES:
        same.append("coalesce(" + name + ", '') = coalesce(l.x_said_name, '')")
    return ' AND '.join(same)


def name_ok():
    said, wrote = "coalesce(l.x_said_name, '')", "coalesce(l.x_wrote_name, '')"
    edited = []
    for name in NAMES:
        edited.append("coalesce(" + name + ", '') != " + wrote)
    odoo = 'true' if ask['leave']['name'] else 'false'
    return ('CASE WHEN ' + name_said() + ' THEN NOT (' + kept('name') + ') AND ' + wrote + ' = ' + said +
            ' ELSE (' + kept('name') + ') OR (' + odoo + ' AND (' + ' OR '.join(edited) + ')) END')


def upc(code):
    # Is it a UPC-A with a right check digit? It is then one code with its EAN-13.
    return ("CASE WHEN " + code + " ~ '^[0-9]{12}$' THEN (SELECT sum(substr(" + code + ', i, 1)::int * CASE WHEN i %% 2 = 1'
            ' THEN 3 ELSE 1 END) %% 10 = 0 FROM generate_series(1, 12) AS i) ELSE false END')


def barcode_ok():
    # What a person keeps, or edited, is looked at by every run: it stands in others' way. What the source lists has no blanks
    # around it, so neither has what is the same.
    codes = "string_to_array(l.x_said_barcodes, E'\\n')"
    listed = (
        'CASE WHEN l.x_said_barcodes = p.barcode OR p.barcode = ANY(' + codes + ') THEN true'
        " WHEN '0' || p.barcode = ANY(" + codes + ') THEN ' + upc('p.barcode') +
        " WHEN p.barcode LIKE '0%%' AND substr(p.barcode, 2) = ANY(" + codes + ') THEN ' + upc('substr(p.barcode, 2)') +
        ' ELSE false END')
    return (
        "NOT (" + kept('barcode') + ") AND CASE WHEN coalesce(p.barcode, '') = ''"
        " THEN coalesce(l.x_said_barcodes, '') = '' AND coalesce(l.x_wrote_barcode, '') = ''"
        ' ELSE p.barcode = l.x_wrote_barcode AND (' + listed + ') END')


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


def special(among, codes):
    # The external ids of what needs a look, among these links or among all, and who has one of these codes.
    other = '(t.company_id IS NOT NULL AND t.company_id != %(company)s)'
    # What a person archived is named by every run, while the source lists it.
    off = ['p.id IS NULL', other, 'NOT coalesce(p.active, false)', 'NOT coalesce(t.active, false)',
           '(' + owned('price', price_ok()) + ') IS NOT TRUE']
    if not ask['others']:
        # Another source had the product, and counts no more.
        off.append("l.x_overruled IS NOT NULL")
    gone = 'false'
    if not prices:
        off = off + ['coalesce(l.x_archived_by_us, false)', '(' + owned('name', name_ok()) + ') IS NOT TRUE']
        if ask['barcodes']:
            alone = ' AND o.extras IS NOT TRUE' if ask['others'] else ''
            off.append('(' + owned('barcode', '(' + barcode_ok() + ') AND (' + extras_ok() + ')' + alone) + ') IS NOT TRUE')
        else:
            off.append(overruled('barcode'))
        # One that the source does not have matters when it is to be archived, was given another code by a person, or has
        # one that somebody else has.
        archive = 'true' if ask['archive'] else 'false'
        held, packed = '', ''
        if ask['others']:
            held, packed = ' AND o.has IS NOT TRUE AND o.archived IS NOT TRUE', ' OR o.extras'
        gone = (
            'p.id IS NOT NULL AND (' + archive + held + ' AND NOT coalesce(l.x_archived_by_us, false) AND coalesce(p.active, false) AND NOT '
            + other + ' OR ' + ('true' if ask['barcodes'] else 'false') +
            " AND (coalesce(p.barcode, '') != coalesce(l.x_wrote_barcode, '') OR coalesce(l.x_wrote_extras, '') != ''" + packed +
            " OR coalesce(p.barcode, '') != '' AND EXISTS (SELECT 1 FROM product_product o WHERE o.id != p.id"
            " AND o.barcode IN (p.barcode, '0' || p.barcode, substr(p.barcode, 2)))))")
    few = '' if among is None else ' JOIN unnest(%(among)s::int[]) AS among(id) ON among.id = l.id'
    cr.execute(
        'SELECT DISTINCT l.x_external_id FROM x_pz_product l' + few + ' LEFT JOIN product_product p ON p.id = l.x_product_id'
        ' LEFT JOIN product_template t ON t.id = p.product_tmpl_id' + ('' if prices else TRANSLATIONS) + others() + ' WHERE l.x_source = %(source)s AND (coalesce(l.x_no_touch, false)'
        ' OR CASE WHEN coalesce(l.x_missing, false) THEN ' + gone + ' ELSE ' + ' OR '.join(off) + ' END)',
        asked(among=among and among[0]))
    found = set([row[0] for row in cr.fetchall()])
    cr.execute("SELECT x_external_id FROM x_pz_conflict WHERE x_source = %s AND x_state != 'closed'", (ask['source'],))
    found.update([row[0] for row in cr.fetchall()])
    cr.execute('SELECT l.x_external_id FROM product_product p JOIN x_pz_product l ON l.x_source = %s AND l.x_product_id = p.id'
               ' WHERE p.barcode = ANY(%s)', (ask['source'], codes))
    found.update([row[0] for row in cr.fetchall()])
    return sorted(found)


def alike(code, other):
    # Spellings of one code: what no scanner sends stands in it in Odoo, or one is a UPC-A and the other its EAN-13.
    trimmed = squeezed(other)
    return (code + ' = ' + trimmed + " OR '0' || " + code + ' = ' + trimmed + ' AND ' + upc(code) + " OR '0' || " + trimmed + ' = ' +
            code + ' AND ' + upc(trimmed))


def overruled_values():
    # What the source said last and other sources overrule, by what the links know: products, names, prices, lists of barcodes.
    if not ask['others']:
        return [0, 0, 0, 0]
    name, barcode = 'false', 'false'
    if not prices:
        name = overruled('name') + ' AND (' + name_said() + ') IS NOT TRUE'
        cr.execute('SELECT to_regclass(%s) IS NOT NULL', (PACKAGING,))
        packed = cr.fetchone()[0] and ask['extras']
        scans = '(' + alike('c.code', 'p.barcode') + ') IS TRUE'
        if packed:
            scans = scans + ' OR EXISTS (SELECT 1 FROM ' + PACKAGING + ' k WHERE k.product_id = p.id AND (' + alike('c.code', 'k.barcode') + '))'
        # Where they are to scan, every code is to; else any.
        every = 'bool_and' if ask['extras'] else 'bool_or'
        barcode = (overruled('barcode') + ' AND (SELECT NOT ' + every + '(' + scans +
                   ") FROM unnest(string_to_array(nullif(l.x_said_barcodes, ''), E'\\n')) AS c(code)) IS TRUE")
    price = overruled('price') + " AND coalesce(l.x_said_price, '') != '' AND (" + price_said() + ') IS NOT TRUE'
    cr.execute(
        'SELECT count(*) FILTER (WHERE v.name OR v.price OR v.barcode), count(*) FILTER (WHERE v.name), count(*) FILTER (WHERE v.price),'
        ' count(*) FILTER (WHERE v.barcode) FROM (SELECT ' + name + ' AS name, ' + price + ' AS price, ' + barcode + ' AS barcode'
        ' FROM x_pz_product l JOIN product_product p ON p.id = l.x_product_id JOIN product_template t ON t.id = p.product_tmpl_id' +
        ('' if prices else TRANSLATIONS) + ' WHERE l.x_source = %(source)s AND l.x_overruled IS NOT NULL AND NOT coalesce(l.x_missing, false)'
        ' AND NOT coalesce(l.x_no_touch, false) AND NOT (t.company_id IS NOT NULL AND t.company_id != %(company)s)) AS v', asked())
    return cr.fetchone()


