# What every procedure begins with. The line before this one says which procedure it is and for which Odoo: ODOO = 19.
# The question comes in the context, so that a procedure is an ordinary server action, run with the caller's rights. Older
# Odoos lose the context of a web session's call when they replay it after a serialization failure: the client asks again.
ask = env.context.get('erpsync')
if not ask:
    raise Exception('erpsync: called without a question')
# Whoever was at work when another version's setup put its procedures here would ask what they do not understand.
if ask.get('code') != CODE:
    raise Exception('erpsync: another version than the caller was set up here')
env = env(context={
    'active_test': False,
    'tracking_disable': True,
    'mail_create_nolog': True,
    'mail_create_nosubscribe': True,
    'mail_notrack': True,
    'allowed_company_ids': ask['company'] and [int(ask['company'])] or env.user.company_ids.ids,
})
cr = env.cr
# Odoo forgets an environment that nothing holds, and would make this one anew at each sudo() of its own, several in every
# write. With it only our own records are written, to which the account itself has no more rights than to see them.
superuser = env(su=True)


# No value is ever put into a statement's text: what the helpers below speak of by name goes along as parameters, so that
# every statement with a helper's text is executed with params(…). A test reads this code for it.
ABOUT = {'company': int(ask['company'] or 0)}
for at in range(len(ask['languages'])):
    ABOUT['language%d' % at] = str(ask['languages'][at])


def params(**more):
    # The parameters of a statement: what helpers speak of, and its own.
    out = dict(ABOUT)
    out.update(more)
    return out


def plainly():
    # For a procedure that only reads: PostgreSQL takes half a second to compile a query that it thinks long, and these are not.
    # Not where the first statement has to be another one.
    cr.execute("SELECT set_config('jit', 'off', true) FROM pg_settings WHERE name = 'jit'")


def pause():
    # Who switched synchronisation off and when, to the second; None while it is on.
    cr.execute("SELECT date_trunc('second', s.write_date)::text, u.login FROM x_pz_pause s"
               ' LEFT JOIN res_users u ON u.id = s.write_uid WHERE s.x_paused ORDER BY s.id LIMIT 1')
    found = cr.fetchone()
    return found and {'since': found[0], 'by': found[1] or ''}


def flush():
    if ODOO >= 16:
        env.flush_all()
    else:
        env['x_pz_product'].flush()


def name_column(at):
    # The name that a user of this language sees, the first being 0; t is product_template.
    if ODOO >= 16:
        return "coalesce(t.name->>%(language" + str(int(at)) + ")s, t.name->>'en_US')"
    return (
        "coalesce((SELECT tr.value FROM ir_translation tr WHERE tr.type = 'model' AND tr.name = 'product.template,name'"
        " AND tr.lang = %(language" + str(int(at)) + ")s AND tr.res_id = t.id AND tr.value != '' LIMIT 1), t.name)")


def name_columns():
    columns = []
    for at in range(len(ask['languages'])):
        columns.append(name_column(at))
    return ', '.join(columns)


# What a plan knows of a variant; p is product_product, t its template. name_columns() come behind. Siblings are those that
# a person sees, and archived ones that are linked: they share name and price all the same.
VARIANT = (
    "p.id, t.id, coalesce(p.active, false), p.barcode, coalesce(t.list_price, 0)::text,"
    " (SELECT count(*) FROM product_product s WHERE s.product_tmpl_id = t.id AND s.id != p.id"
    " AND (s.active OR EXISTS (SELECT 1 FROM x_pz_product k WHERE k.x_product_id = s.id))),"
    " (t.company_id IS NOT NULL AND t.company_id != %(company)s), coalesce(t.active, false)")


# What may stand between the letters and digits of a code and is no part of what a scanner sends: blanks, marks, and characters
# that nobody sees. The same set as in catalog/scannable.rs.
BETWEEN = (
    '[\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00bf\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2'
    '\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u206f\\u2212\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb'
    '\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]')


def squeezed(column):
    # A code without them.
    return 'regexp_replace(' + column + ", '" + BETWEEN + "+', '', 'g')"


def sharers_of(products):
    # The links that other sources have to these products, of the sources that count; none where there is one source.
    if not ask['others'] or not products:
        return []
    cr.execute(
        'SELECT x_product_id, x_source, x_external_id, coalesce(x_missing, false), coalesce(x_archived_by_us, false), x_wrote_name,'
        ' x_wrote_price, x_wrote_barcode, x_wrote_extras FROM x_pz_product WHERE x_product_id = ANY(%s) AND x_source = ANY(%s)'
        ' ORDER BY x_product_id, x_source', (products, ask['others']))
    return cr.fetchall()


def packagings_of(products):
    # The codes on packagings or units of these products, where the database has them: product -> codes.
    out = {}
    cr.execute('SELECT to_regclass(%s) IS NOT NULL', (PACKAGING,))
    if products and cr.fetchone()[0]:
        cr.execute('SELECT product_id, barcode FROM ' + PACKAGING + " WHERE product_id = ANY(%s) AND barcode ~ '[^[:space:]]'"
                   ' ORDER BY product_id, barcode', (products,))
        for product, code in cr.fetchall():
            out.setdefault(product, []).append(code)
    return out
