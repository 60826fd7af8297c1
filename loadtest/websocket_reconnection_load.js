// Many clients, while somebody makes the proxy reconnect:
//
//   k6 run -e WS_URL=ws://localhost:8080/el/ws loadtest/websocket_reconnection_load.js
//
// STAGES='30s:100,5m:100,30s:0' (duration:clients, …) says how many clients there are; SESSION='1h' how long one stays.
// `make k6` brings up the network and the proxy, and takes the node in use away every few seconds meanwhile.
// The exit code is 99 if a threshold did not hold.
import { milliseconds, session, thresholds } from './session.js';

const STAGES = __ENV.STAGES || '5m:100,1h:100,5m:0';

const stages = STAGES.split(',').map((stage) => {
  const [duration, target] = stage.trim().split(':');
  return { duration, target: Number(target) };
});

export const options = {
  scenarios: {
    // on the way down clients are gone without a word: nobody waits for sessions that are longer than the run
    load: { executor: 'ramping-vus', stages, gracefulRampDown: '1s', gracefulStop: '1s' },
  },
  thresholds,
};

export default function () {
  session(milliseconds(__ENV.SESSION || '1h'));
}
