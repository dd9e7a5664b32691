# Takes and gives back the lease: one run at a time in this database, by the database's own clock. All lanes are taken
# together, each may be renewed alone; whoever finds one lane still held takes none.
action = {}
if ask['what'] == 'take':
    cr.execute('SAVEPOINT erpsync')
    cr.execute(
        "UPDATE x_pz_lane SET x_token = %s, x_holder = %s, x_expires = clock_timestamp() AT TIME ZONE 'utc' + %s * interval '1 second'"
        " WHERE x_token IS NULL OR x_token = %s OR x_expires < clock_timestamp() AT TIME ZONE 'utc' RETURNING id",
        (ask['token'], ask['holder'], ask['seconds'], ask['token']))
    mine = len(cr.fetchall())
    cr.execute('SELECT count(*) FROM x_pz_lane')
    lanes = cr.fetchone()[0]
    cr.execute("SELECT s.x_paused, s.write_date::text, u.login FROM x_pz_setup s LEFT JOIN res_users u ON u.id = s.write_uid ORDER BY s.id LIMIT 1")
    setup = cr.fetchone()
    if setup and setup[0]:
        cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        action = {'paused': {'since': setup[1], 'by': setup[2] or ''}}
    elif not lanes or mine < lanes:
        cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        cr.execute("SELECT x_holder, x_expires::text FROM x_pz_lane WHERE x_token IS NOT NULL ORDER BY x_expires DESC LIMIT 1")
        busy = cr.fetchone() or ['', '']
        action = {'busy': {'holder': busy[0] or '', 'until': busy[1] or ''}}
    else:
        cr.execute('SELECT id FROM x_pz_run WHERE x_key = %s', (ask['key'],))
        run = cr.fetchone()
        if not run:
            run = env['x_pz_run'].create({
                'x_name': ask['key'], 'x_key': ask['key'], 'x_source': ask['source'], 'x_command': ask['command'],
                'x_host': ask['holder'], 'x_started': datetime.datetime.utcnow(), 'x_status': 'running',
            }).ids
        action = {'taken': run[0], 'lanes': lanes}
if ask['what'] == 'release':
    cr.execute('UPDATE x_pz_lane SET x_token = NULL, x_holder = NULL, x_expires = NULL WHERE x_token = %s', (ask['token'],))
    action = {'released': True}
