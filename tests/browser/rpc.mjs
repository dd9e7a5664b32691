// Calls to Odoo as a program makes them, with the session of an account.

export class Refused extends Error {
  constructor(name, message) {
    super(`${name}: ${message}`);
    this.fault = name;
  }
}

export class Rpc {
  static async login({ url, database }, login, password) {
    const rpc = new Rpc();
    rpc.url = url;
    const answer = await rpc.post('/web/session/authenticate', { db: database, login, password });
    rpc.uid = answer.uid;
    return rpc;
  }

  async post(path, params) {
    const headers = { 'content-type': 'application/json', ...(this.cookie && { cookie: this.cookie }) };
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'call', params });
    const response = await fetch(this.url + path, { method: 'POST', headers, body });
    const session = /session_id=[^;]+/.exec(response.headers.getSetCookie().join(';'));
    if (session) this.cookie = session[0];
    const answer = await response.json();
    if (answer.error) throw new Refused(answer.error.data.name, answer.error.data.message);
    return answer.result;
  }

  call(model, method, args, kwargs = {}) {
    return this.post(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs });
  }
}
