// The same clients for a day, and what a day may show of the proxy itself:
//
//   k6 run -e WS_URL=ws://localhost:8080/el/ws -e METRICS_URL=http://localhost:8080/metrics loadtest/soak.js
//
// CLIENTS=100 and DURATION=24h are the defaults. Each client has one connection for the whole time. One of them also
// looks at the proxy's own figures: it must count exactly those clients. Memory is reported here and judged by
// `make soak`, which knows how to tell a leak from noise.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Gauge } from 'k6/metrics';
import { milliseconds, session, thresholds } from './session.js';

const CLIENTS = Number(__ENV.CLIENTS || 100);
const DURATION = __ENV.DURATION || '24h';
const METRICS_URL = __ENV.METRICS_URL;
const OTHERS = Number(__ENV.OTHER_CLIENTS || 0); // that are connected besides
const CONNECTIONS = __ENV.METRIC_CONNECTIONS || 'vixy_ws_connections_active';
const RSS = __ENV.METRIC_RSS || 'process_resident_memory_bytes';
const LEAVES = Number(__ENV.LEAVES_MS || 15000); // before the end: each client gets what it is owed first

const connections = new Gauge('proxy_connections');
const rss = new Gauge('proxy_rss');

export const options = {
  vus: CLIENTS,
  duration: DURATION,
  thresholds,
};

export default function () {
  const left = milliseconds(DURATION) - exec.instance.currentTestRunDuration - LEAVES;
  if (left > 0) session(left, METRICS_URL && exec.vu.idInTest === 1 ? watch : undefined);
  else sleep(1); // one that has left waits for the others
}

function watch() {
  const text = http.get(METRICS_URL).body;
  rss.add(sample(text, RSS));
  connections.add(sample(text, CONNECTIONS));
  check(text, { 'proxy counts its clients': (page) => sample(page, CONNECTIONS) === CLIENTS + OTHERS });
}

function sample(text, name) {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text);
  return found ? Number(found[1]) : NaN;
}
