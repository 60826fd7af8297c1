// One client's session: it follows newHeads, asks for the block number again and again, and keeps books of what it is
// owed. Whatever the proxy does behind it, each request gets one answer of its own, each head comes once and in order,
// and the connection stays open.
import ws from 'k6/ws';
import { check, sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

export const URL = __ENV.WS_URL || 'ws://localhost:8080/el/ws';
const INTERVAL = Number(__ENV.INTERVAL_MS || 1000); // between two requests of one client
const PATIENCE = Number(__ENV.PATIENCE_MS || 10000); // after which a request without an answer is lost
const WATCH = Number(__ENV.WATCH_MS || 10000); // between two looks of whoever watches
const TOLD = 3; // strangers of one client that are written to the log

const requests = new Counter('requests');
const served = new Rate('served'); // of the requests: answered in time, with a result
const latency = new Trend('answer_time', true);
const heads = new Counter('heads');
// What must not be. They begin with 0: a threshold on a metric without a sample would hold whatever happens.
const mustNotBe = {
  unanswered: new Counter('unanswered'),
  strangers: new Counter('strangers'), // frames that answer nothing and belong to no subscription
  timeouts: new Counter('timeouts'), // error answers that speak of time: 'context deadline exceeded' and its kin
  headsMissing: new Counter('heads_missing'),
  headsTwice: new Counter('heads_twice'),
  cut: new Counter('connections_cut'), // closed by the proxy, or never opened
};

export const thresholds = {
  checks: ['rate==1'],
  served: ['rate>0.999'],
  requests: ['count>0'],
  heads: ['count>0'],
  answer_time: [`p(99)<${__ENV.P99_MS || 100}`],
  unanswered: ['count==0'],
  strangers: ['count==0'],
  timeouts: ['count==0'],
  heads_missing: ['count==0'],
  heads_twice: ['count==0'],
  connections_cut: ['count==0'],
};

// A block number is a quantity of 64 bits; a subscription id of a node has 128, and is known to its client besides.
const BLOCK_NUMBER = /^0x(0|[1-9a-f][0-9a-f]{0,15})$/;
const SPEAKS_OF_TIME = /deadline|time[d -]?\s?out/i;

// '90s', '5m', '1h' in milliseconds
export function milliseconds(text) {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!found) throw new Error(`no duration: '${text}'; write 90s, 5m or 1h`);
  return Number(found[1]) * { ms: 1, s: 1000, m: 60000, h: 3600000 }[found[2]];
}

// Runs until `lasts` milliseconds are over. `watch`, if given, is called every `WATCH`.
export function session(lasts, watch) {
  Object.values(mustNotBe).forEach((counter) => counter.add(0));
  const params = { tags: { name: 'WebSocketLoadTest' } };
  const response = ws.connect(URL, params, (socket) => new Client(socket).run(lasts, watch));
  if (check(response, { connected: (r) => r && r.status === 101 })) return;
  mustNotBe.cut.add(1);
  sleep(1);
}

class Client {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map(); // id of a request -> when it was sent
    this.subscriptions = new Set();
    this.head = null;
    this.nextId = 100;
    this.leaving = false;
    this.strangers = 0;
  }

  run(lasts, watch) {
    this.ask(1, 'eth_subscribe', ['newHeads']);
    this.socket.setInterval(() => this.leaving || this.ask(this.nextId++, 'eth_blockNumber', []), INTERVAL);
    this.socket.setInterval(() => this.giveUp(PATIENCE), 1000);
    if (watch) this.socket.setInterval(watch, WATCH);
    this.socket.on('message', (text) => this.take(text));
    this.socket.on('close', () => this.closed());
    this.socket.setTimeout(() => this.leave(), lasts);
  }

  ask(id, method, parameters) {
    this.waiting.set(id, Date.now());
    requests.add(1);
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params: parameters }));
  }

  take(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch (_) {
      frame = null;
    }
    if (frame === null || typeof frame !== 'object') {
      this.stranger(text);
    } else if (frame.method === 'eth_subscription' && frame.id === undefined) {
      this.event(frame, text);
    } else {
      this.answer(frame, text);
    }
  }

  answer(frame, text) {
    const sent = this.waiting.get(frame.id); // an id that is missing, null or of another type is in no book
    if (sent === undefined) {
      this.stranger(text);
      return;
    }
    this.waiting.delete(frame.id);
    const taken = Date.now() - sent;
    latency.add(taken);
    served.add(frame.result !== undefined && taken <= PATIENCE);
    if (frame.error && SPEAKS_OF_TIME.test(String(frame.error.message))) mustNotBe.timeouts.add(1);
    if (frame.id === 1) {
      if (check(frame, { 'is subscribed': (r) => typeof r.result === 'string' })) this.subscriptions.add(frame.result);
      return;
    }
    check(frame, {
      'is valid response': (r) => r.result !== undefined && !r.error,
      'is not subscription ID': (r) => !this.subscriptions.has(r.result) && BLOCK_NUMBER.test(r.result),
    });
  }

  event(frame, text) {
    if (!this.subscriptions.has(frame.params.subscription)) {
      this.stranger(text);
      return;
    }
    heads.add(1);
    const number = Number(frame.params.result.number);
    if (this.head !== null && number > this.head + 1) mustNotBe.headsMissing.add(number - this.head - 1);
    if (this.head !== null && number <= this.head) mustNotBe.headsTwice.add(1);
    this.head = number;
  }

  stranger(text) {
    mustNotBe.strangers.add(1);
    if (++this.strangers <= TOLD) console.warn(`nobody had asked for this: ${text.slice(0, 200)}`);
  }

  // Whoever has waited for `longer` milliseconds is not answered any more.
  giveUp(longer) {
    const now = Date.now();
    this.waiting.forEach((sent, id) => {
      if (now - sent < longer) return;
      this.waiting.delete(id);
      mustNotBe.unanswered.add(1);
      served.add(false);
      console.warn(`request ${id} has no answer after ${now - sent} ms`);
    });
  }

  // Asks for nothing more, gives what is owed its time, and closes.
  leave() {
    this.leaving = true;
    const began = Date.now();
    this.socket.setInterval(() => {
      if (this.waiting.size > 0 && Date.now() - began < PATIENCE) return;
      this.giveUp(0);
      this.socket.close();
    }, 50);
  }

  closed() {
    if (this.leaving) return;
    mustNotBe.cut.add(1);
    this.giveUp(0);
  }
}
