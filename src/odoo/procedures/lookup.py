# Finds existing products for external products without a link, and who has which barcode; archived records and other
# companies' count, so that nothing is created twice.
plainly()
candidates, holders, odd = [], [], []
pairs = {'default_code': ([], []), 'barcode': ([], []), 'name': ([], [])}
for row in ask['unlinked']:
    pairs['default_code'][0].append(row['id'])
    pairs['default_code'][1].append(row['id'])
    pairs['name'][0].append(row['id'])
    pairs['name'][1].append(row['name'])
    for code in row['codes']:
        pairs['barcode'][0].append(row['id'])
        pairs['barcode'][1].append(code)
columns = {'default_code': 'p.default_code', 'barcode': 'p.barcode', 'name': name_column(0)}
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
    cr.execute('SELECT p.barcode, p.id, coalesce(p.active, false), ' + shown + ' FROM product_product p'
               ' JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.barcode = ANY(%(codes)s) ORDER BY p.barcode, p.id',
               params(codes=ask['codes']))
    for found in cr.fetchall():
        holders.append(['product'] + list(found))
    cr.execute('SELECT to_regclass(%s) IS NOT NULL', (PACKAGING,))
    if cr.fetchone()[0]:
        cr.execute('SELECT k.barcode, p.id, coalesce(p.active, false), ' + shown + ' FROM ' + PACKAGING + ' k'
                   ' JOIN product_product p ON p.id = k.product_id JOIN product_template t ON t.id = p.product_tmpl_id'
                   ' WHERE k.barcode = ANY(%(codes)s) OR k.barcode ~ %(between)s AND ' + squeezed('k.barcode') +
                   ' = ANY(%(loose)s) ORDER BY k.barcode, p.id', params(codes=ask['codes'], loose=ask['loose'], between=BETWEEN))
        for found in cr.fetchall():
            holders.append(['packaging'] + list(found))
if ask['loose']:
    # Those whose code has something in it that no scanner sends, if the rest is a code that is asked for, or a part of it, as
    # of a list. Whose they are, and whether they are meant, is for whoever asks to judge.
    cr.execute(
        'SELECT ' + VARIANT + ', EXISTS (SELECT 1 FROM x_pz_product l WHERE l.x_product_id = p.id AND l.x_source = %(source)s), '
        + name_columns() + ' FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id IN ('
        'SELECT o.id FROM (SELECT id, barcode FROM product_product WHERE barcode ~ %(between)s) o, LATERAL (SELECT '
        + squeezed('o.barcode') + ' AS form UNION SELECT regexp_split_to_table(o.barcode, %(between)s)) f'
        ' JOIN unnest(%(loose)s::varchar[]) AS w(form) USING (form)) ORDER BY p.id',
        params(source=ask['source'], loose=ask['loose'], between=BETWEEN))
    odd = cr.fetchall()
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
           (ask['source'], [found[2] for found in holders] + [found[0] for found in odd]))
linked = [found[0] for found in cr.fetchall()]
action = {'candidates': candidates, 'holders': holders, 'odd': odd, 'linked': linked,
          'sharers': sharers_of([found[2] for found in candidates] + [found[0] for found in odd])}
