# What makes a link need a look, in SQL: l is the link, p its product, t the product's template.
prices = ask['prices']


def number(text):
    # Decimal text as a number; NULL for anything else.
    return "CASE WHEN " + text + " ~ '^[0-9]{1,24}([.][0-9]{1,10})?$' THEN " + text + '::numeric END'


def kept(field):
    return "coalesce(l.x_kept, '') LIKE '%%" + field + "%%'"


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
        ' WHEN ' + now + ' >= 0 AND round(' + now + ', %(digits)s) = ' + want +
        ' THEN NOT (' + kept('price') + ') AND (' + wrote + ') = ' + want +
        ' ELSE (' + kept('price') + ') OR (' + odoo + ' AND (' + now + ' < 0 OR round(' + now +
        ', %(digits)s) IS DISTINCT FROM round(' + wrote + ', %(digits)s))) END')


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
    joins, names = '', []
    for at in range(len(ask['languages'])):
        if ODOO >= 16:
            names.append(name_column(at))
        else:
            # One after the other, as a subquery for each would be slow.
            tr = 'tr%d' % at
            joins = joins + (
                ' LEFT JOIN ir_translation ' + tr + ' ON ' + tr + ".type = 'model' AND " + tr + ".name = 'product.template,name'"
                ' AND ' + tr + '.lang = %(language' + str(at) + ')s AND ' + tr + '.res_id = t.id AND ' + tr + ".value != ''")
            names.append('coalesce(' + tr + '.value, t.name)')
    other = '(t.company_id IS NOT NULL AND t.company_id != %(company)s)'
    # What a person archived is named by every run, while the source lists it.
    off = ['p.id IS NULL', other, 'NOT coalesce(p.active, false)', 'NOT coalesce(t.active, false)', '(' + price_ok() + ') IS NOT TRUE']
    gone = 'false'
    if prices:
        joins = ''
    else:
        off = off + ['coalesce(l.x_archived_by_us, false)', '(' + name_ok(names) + ') IS NOT TRUE']
        if ask['barcodes']:
            off = off + ['(' + barcode_ok() + ') IS NOT TRUE', '(' + extras_ok() + ') IS NOT TRUE']
        # One that the source does not have matters when it is to be archived, was given another code by a person, or has
        # one that somebody else has.
        archive = 'true' if ask['archive'] else 'false'
        gone = (
            'p.id IS NOT NULL AND (' + archive + ' AND NOT coalesce(l.x_archived_by_us, false) AND coalesce(p.active, false) AND NOT '
            + other + ' OR ' + ('true' if ask['barcodes'] else 'false') +
            " AND (coalesce(p.barcode, '') != coalesce(l.x_wrote_barcode, '') OR coalesce(l.x_wrote_extras, '') != ''"
            " OR coalesce(p.barcode, '') != '' AND EXISTS (SELECT 1 FROM product_product o WHERE o.id != p.id"
            " AND o.barcode IN (p.barcode, '0' || p.barcode, substr(p.barcode, 2)))))")
    few = '' if among is None else ' JOIN unnest(%(among)s::int[]) AS among(id) ON among.id = l.id'
    cr.execute(
        'SELECT DISTINCT l.x_external_id FROM x_pz_product l' + few + ' LEFT JOIN product_product p ON p.id = l.x_product_id'
        ' LEFT JOIN product_template t ON t.id = p.product_tmpl_id' + joins + ' WHERE l.x_source = %(source)s AND (coalesce(l.x_no_touch, false)'
        ' OR CASE WHEN coalesce(l.x_missing, false) THEN ' + gone + ' ELSE ' + ' OR '.join(off) + ' END)',
        params(among=among and among[0], source=ask['source'], digits=int(ask['digits'])))
    found = set([row[0] for row in cr.fetchall()])
    cr.execute("SELECT x_external_id FROM x_pz_conflict WHERE x_source = %s AND x_state != 'closed'", (ask['source'],))
    found.update([row[0] for row in cr.fetchall()])
    cr.execute('SELECT l.x_external_id FROM product_product p JOIN x_pz_product l ON l.x_source = %s AND l.x_product_id = p.id'
               ' WHERE p.barcode = ANY(%s)', (ask['source'], codes))
    found.update([row[0] for row in cr.fetchall()])
    return sorted(found)


