# What the ceilings share: the same account, the same context and the same records as the tool's procedures, through the
# ORM in `odoo shell`. ASK, ROWS and ODOO are defined above.
import datetime
import json
import time

user = env['res.users'].search([('login', '=', 'sync')])
company = user.company_id.id
env = env(user=user.id, context={
    'active_test': False, 'tracking_disable': True, 'mail_create_nolog': True, 'mail_create_nosubscribe': True,
    'mail_notrack': True, 'allowed_company_ids': [company]})
cr = env.cr
run = env(su=True)['x_pz_run'].create({'x_name': ASK['run'], 'x_key': ASK['run'], 'x_source': 'bench'})
cr.commit()
parts = [ROWS[at:at + ASK['batch']] for at in range(0, len(ROWS), ASK['batch'])]


def flush():
    if ODOO >= 16:
        env.flush_all()
    else:
        env(su=True)['x_pz_product'].flush()


def history(link, row, field, old, new, cause):
    return {
        'x_name': row['id'] + ': ' + (old or '-') + ' → ' + (new or '-'), 'x_link_id': link, 'x_source': 'bench',
        'x_external_id': row['id'], 'x_old': old or False, 'x_new': new or False, 'x_when': datetime.datetime.utcnow(),
        'x_run_id': run.id, 'x_cause': cause, 'x_operation': ASK['run'] + ':' + row['id'] + ':' + field}


def meet():
    # Several processes begin together, when each of them is ready.
    cr.execute('INSERT INTO bench_ready (run) VALUES (%s)', (ASK['meeting'],))
    cr.commit()
    while True:
        cr.execute('SELECT count(*) FROM bench_ready WHERE run = %s', (ASK['meeting'],))
        count = cr.fetchone()[0]
        cr.rollback()
        if count >= ASK['processes']:
            return
        time.sleep(0.02)


def measured(work):
    meet()
    begin = time.time()
    for part in parts:
        work(part)
    print(json.dumps({'begin': begin, 'end': time.time()}))
