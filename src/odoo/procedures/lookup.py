# Finds existing products for external products without a link, and who has which barcode; archived records and other
# companies' count, so that nothing is created twice.
plainly()
candidates, holders = [], []
pairs = {'default_code': ([], []), 'barcode': ([], []), 'name': ([], [])}
for row in ask['unlinked']:
    pairs['default_code'][0].append(row['id'])
    pairs['default_code'][1].append(row['id'])
    pairs['name'][0].append(row['id'])
    pairs['name'][1].append(row['name'])
    for code in row['codes']:
        pairs['barcode'][0].append(row['id'])
        pairs['barcode'][1].append(code)
columns = {'default_code': 'p.default_code', 'barcode': 'btrim(p.barcode)', 'name': name_column(0)}
for rule in ask['rules']:
    if pairs[rule][0]:
        cr.execute(
            'SELECT DISTINCT w.id, ' + VARIANT + ', EXISTS (SELECT 1 FROM x_pz_product l WHERE l.x_product_id = p.id'
            ' AND l.x_source = %(source)s), ' + name_columns() +
            ' FROM unnest(%(ids)s::varchar[], %(values)s::varchar[]) AS w(id, value), product_product p'
            ' JOIN product_template t ON t.id = p.product_tmpl_id WHERE ' + columns[rule] + ' = w.value ORDER BY w.id, p.id',
            params(source=ask['source'], ids=pairs[rule][0], values=pairs[rule][1]))
        for found in cr.fetchall():
            candidates.append([rule] + list(found))
shown = name_column(0)
if ask['codes']:
    # By the index, and those with blanks around them apart: of them PostgreSQL expects far too many.
    cr.execute("SELECT id FROM product_product WHERE barcode = ANY(%s) UNION SELECT id FROM product_product"
               " WHERE (barcode LIKE ' %%' OR barcode LIKE '%% ') AND btrim(barcode) = ANY(%s)", (ask['codes'], ask['codes']))
    cr.execute('SELECT p.barcode, p.id, coalesce(p.active, false), ' + shown + ' FROM product_product p'
               ' JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = ANY(%(ids)s) ORDER BY p.barcode, p.id',
               params(ids=[found[0] for found in cr.fetchall()]))
    for found in cr.fetchall():
        holders.append(['product'] + list(found))
    cr.execute('SELECT to_regclass(%s) IS NOT NULL', (PACKAGING,))
    if cr.fetchone()[0]:
        cr.execute('SELECT k.barcode, p.id, coalesce(p.active, false), ' + shown + ' FROM ' + PACKAGING + ' k'
                   ' JOIN product_product p ON p.id = k.product_id JOIN product_template t ON t.id = p.product_tmpl_id'
                   ' WHERE btrim(k.barcode) = ANY(%(codes)s) ORDER BY k.barcode, p.id', params(codes=ask['codes']))
        for found in cr.fetchall():
            holders.append(['packaging'] + list(found))
doubled = ask['doubled']
if doubled is None:
    cr.execute('SELECT barcode FROM product_product WHERE active AND barcode IS NOT NULL GROUP BY barcode HAVING count(*) > 1')
    doubled = [found[0] for found in cr.fetchall()]
if doubled:
    cr.execute('SELECT p.barcode, p.id, coalesce(p.active, false), ' + shown + ' FROM product_product p'
               ' JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.barcode = ANY(%(doubled)s)'
               ' AND EXISTS (SELECT 1 FROM product_product o JOIN x_pz_product l ON l.x_product_id = o.id'
               ' WHERE l.x_source = %(source)s AND o.barcode = p.barcode) ORDER BY p.barcode, p.id',
               params(doubled=doubled, source=ask['source']))
    for found in cr.fetchall():
        holders.append(['product'] + list(found))
# Whose those are that are linked to this source.
cr.execute('SELECT x_external_id FROM x_pz_product WHERE x_source = %s AND x_product_id = ANY(%s)',
           (ask['source'], [found[2] for found in holders]))
action = {'candidates': candidates, 'holders': holders, 'linked': [found[0] for found in cr.fetchall()]}
