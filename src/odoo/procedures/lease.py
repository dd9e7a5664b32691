# Takes, holds, shows and gives back the lease: one run at a time in this database, by the database's own clock. All lanes
# are taken together, each may be renewed alone; whoever finds one lane still held takes none.
action = {}
LATER = "clock_timestamp() AT TIME ZONE 'utc' + least(%s, 3600) * interval '1 second'"


def lanes():
    cr.execute('SELECT count(*) FROM x_pz_lane')
    return cr.fetchone()[0]


def bury(why):
    # A run that reported no end and has no lease any more will report none.
    superuser['x_pz_run'].search([('x_status', '=', 'running')]).write({'x_status': 'died', 'x_summary': why})


if ask['what'] == 'take':
    cr.execute('SAVEPOINT erpsync')
    cr.execute(
        'UPDATE x_pz_lane SET x_token = %s, x_holder = %s, x_expires = ' + LATER +
        " WHERE x_token IS NULL OR x_token = %s OR x_expires < clock_timestamp() AT TIME ZONE 'utc' RETURNING id",
        (ask['token'], ask['holder'], int(ask['seconds']), ask['token']))
    mine = len(cr.fetchall())
    paused = pause()
    cr.execute('SELECT id, x_status FROM x_pz_run WHERE x_key = %s', (ask['key'],))
    run = cr.fetchone()
    if run and run[1] != 'running':
        # A copy of a request that lingered somewhere until the run had ended: nobody would give the lease back.
        cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        action = {'busy': {'holder': 'nobody: run %s has ended' % ask['key'], 'until': ''}}
    elif paused:
        cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        action = {'paused': paused}
    elif not mine or mine < lanes():
        cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        cr.execute("SELECT x_holder, date_trunc('second', x_expires)::text FROM x_pz_lane WHERE x_token IS NOT NULL"
                   ' ORDER BY x_expires DESC LIMIT 1')
        busy = cr.fetchone() or ['', '']
        action = {'busy': {'holder': busy[0] or '', 'until': busy[1] or ''}}
    else:
        if not run:
            bury('its end was never reported; run %s took the lease over' % ask['key'])
            run = superuser['x_pz_run'].create({
                'x_name': ask['key'], 'x_key': ask['key'], 'x_source': ask['source'], 'x_command': ask['command'],
                'x_host': ask['holder'], 'x_started': datetime.datetime.utcnow(), 'x_status': 'running',
            }).ids
        if ask['sources']['new'] != ask['sources']['old']:
            cr.execute("UPDATE x_pz_setup SET x_sources = %s WHERE coalesce(x_sources, '') = %s",
                       (ask['sources']['new'], ask['sources']['old']))
        action = {'taken': run[0], 'lanes': lanes()}
if ask['what'] == 'renew':
    # Only what is still ours: somebody who had it meanwhile may have changed what this run planned for.
    cr.execute('UPDATE x_pz_lane SET x_expires = ' + LATER + ' WHERE x_token = %s RETURNING id', (int(ask['seconds']), ask['token']))
    mine = len(cr.fetchall())
    action = {'leased': bool(mine) and mine == lanes(), 'paused': pause()}
if ask['what'] == 'release':
    cr.execute('UPDATE x_pz_lane SET x_token = NULL, x_holder = NULL, x_expires = NULL WHERE x_token = %s', (ask['token'],))
    action = {'released': True}
if ask['what'] == 'show':
    # What names the lease to whoever frees it is not what writes under it.
    cr.execute("SELECT md5(x_token), x_holder, extract(epoch from x_expires)::bigint, extract(epoch from x_expires - clock_timestamp() AT TIME ZONE 'utc')::bigint"
               ' FROM x_pz_lane WHERE x_token IS NOT NULL ORDER BY x_expires DESC LIMIT 1')
    held = cr.fetchone()
    if held:
        cr.execute("SELECT x_key, x_source, x_command, extract(epoch from x_started)::bigint FROM x_pz_run WHERE x_status = 'running' AND x_host = %s"
                   ' ORDER BY id DESC LIMIT 1', (held[1],))
        run = cr.fetchone()
        held = {'token': held[0], 'holder': held[1], 'until': held[2], 'left': held[3],
                'run': run and {'key': run[0], 'source': run[1], 'command': run[2], 'started': run[3]}}
    action = {'held': held, 'paused': pause()}
if ask['what'] == 'free':
    # The lease of the run that was shown, and no later one's.
    cr.execute('UPDATE x_pz_lane SET x_token = NULL, x_holder = NULL, x_expires = NULL WHERE md5(x_token) = %s RETURNING id',
               (ask['token'],))
    freed = bool(cr.fetchall())
    if freed:
        bury('its end was never reported; %s freed the lease' % env.user.login)
    elif ask['key']:
        # By the first copy of this call, whose answer may have been lost.
        cr.execute("SELECT id FROM x_pz_run WHERE x_key = %s AND x_status = 'died'", (ask['key'],))
        freed = bool(cr.fetchall())
    action = {'freed': freed}
