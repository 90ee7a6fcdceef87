import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { Control } from './control.ts';
import { demoAnswer } from './demo-answer.ts';
import { describeFleet } from './describe-fleet.ts';
import { drainAnswer } from './drain-answer.ts';
import type { Answer, Endpoint, KnownRequest, OpenRequest } from './endpoint.ts';
import { eraseAnswer } from './erase-answer.ts';
import { EventAudience } from './event-audience.ts';
import { explainAnswer } from './explain-answer.ts';
import { frontPage } from './front-page.ts';
import { listKeys, newKey, revokeKey } from './keys-answers.ts';
import { findModel, listModels } from './list-models.ts';
import { jsonResponse, lineResponse } from './plain-response.ts';
import { callAnswer, costAnswer, listAnswer, ranksAnswer, runAnswer, runsAnswer, scoreAnswer } from './record-answers.ts';
import { recoverAnswer } from './recover-answer.ts';
import { reloadAnswer } from './reload-answer.ts';
import { statusAnswer } from './status-answer.ts';

/** Requests to explain may carry images, like the requests themselves. */
const explainBytesMax = 20_000_000;
const formBytesMax = 16_000;
/** Ten thousand ids. */
const idsBytesMax = 1_000_000;

type Row = readonly [Endpoint['method'], string];

/**
 * Every endpoint of the gatehouse with its permission: what is not here does not exist. `anyone` needs no key; `key` any key, or the
 * operator; `operator` the operator's own socket.
 */
export function endpoints(control: Control): readonly Endpoint[] {
  const audience = new EventAudience((listener) => control.subscribe(listener), control.clock);
  const tables = (): ReturnType<Control['tables']> => control.tables();
  return [
    ...control.surfaces.map((surface): Endpoint => ({ method: 'POST', path: surface.path, permission: 'key', kind: 'surface', surface })),

    open(['GET', '/'], (request) => frontPage(request, control.version)),
    open(['GET', '/healthz'], () => lineResponse('ok')),
    open(['GET', '/readyz'], () => readiness(control)),

    known(['GET', '/v1/models'], 'key', ({ principal }) => {
      const data = listModels(principal, tables());
      return isGatewayError(data) ? data : jsonResponse({ object: 'list', data });
    }),
    known(['GET', '/v1/models/*'], 'key', ({ rest, principal }) => {
      const entry = findModel(rest, principal, tables());
      return isGatewayError(entry) ? entry : jsonResponse(entry);
    }),
    known(['GET', '/metrics'], 'key', () => ({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: control.metricsText(),
    })),
    known(['GET', '/stats'], 'key', () => jsonResponse(control.stats())),

    known(['GET', '/admin/status'], 'operator', () => statusAnswer(control)),
    known(['GET', '/admin/upstreams'], 'operator', () => jsonResponse(describeFleet(tables(), control.fleet))),
    known(['POST', '/admin/drain/*'], 'operator', ({ rest }) => drainAnswer(rest, true, control)),
    known(['POST', '/admin/undrain/*'], 'operator', ({ rest }) => drainAnswer(rest, false, control)),
    known(['POST', '/admin/recover/*'], 'operator', ({ rest }) => recoverAnswer(rest, control)),
    known(['POST', '/admin/reload-config'], 'operator', () => reloadAnswer(control)),
    { ...known(['POST', '/admin/explain'], 'operator', ({ bodyText }) => explainAnswer(bodyText, control)), bodyBytesMax: explainBytesMax },
    { method: 'GET', path: '/admin/events', permission: 'operator', kind: 'events', open: (_, client) => audience.open(client) },
    known(['GET', '/admin/keys'], 'operator', () => listKeys(control)),
    { ...known(['POST', '/admin/keys'], 'operator', ({ bodyText }) => newKey(bodyText, control)), bodyBytesMax: formBytesMax },
    { ...known(['POST', '/admin/keys/revoke'], 'operator', ({ bodyText }) => revokeKey(bodyText, control)), bodyBytesMax: formBytesMax },
    {
      ...known(['POST', '/admin/records/erase'], 'operator', ({ bodyText }) => eraseAnswer(bodyText, control)),
      bodyBytesMax: idsBytesMax,
    },
    known(['GET', '/admin/records'], 'operator', ({ query }) => listAnswer(query, control)),
    known(['GET', '/admin/records/*'], 'operator', ({ rest }) => callAnswer(rest, control)),
    known(['GET', '/admin/cost'], 'operator', ({ query }) => costAnswer(query, control)),
    known(['GET', '/admin/runs'], 'operator', ({ query }) => runsAnswer(query, control)),
    known(['GET', '/admin/runs/*'], 'operator', ({ rest }) => runAnswer(rest, control)),
    known(['GET', '/admin/scores'], 'operator', ({ query }) => ranksAnswer(query, control)),
    { ...known(['POST', '/admin/scores'], 'operator', ({ bodyText }) => scoreAnswer(bodyText, control)), bodyBytesMax: formBytesMax },
    known(['POST', '/admin/demo/break/*'], 'operator', ({ rest }) => demoAnswer(rest, 'break', control)),
    known(['POST', '/admin/demo/mend/*'], 'operator', ({ rest }) => demoAnswer(rest, 'mend', control)),
  ];
}

function open([method, path]: Row, answer: (request: OpenRequest) => Answer): Extract<Endpoint, { permission: 'anyone' }> {
  return { method, path, permission: 'anyone', kind: 'plain', bodyBytesMax: 0, answer };
}

function known(
  [method, path]: Row,
  permission: 'key' | 'operator',
  answer: (request: KnownRequest) => Answer | Promise<Answer>,
): Extract<Endpoint, { kind: 'plain'; permission: 'key' | 'operator' }> {
  return { method, path, permission, kind: 'plain', bodyBytesMax: 0, answer };
}

/** Ready: there is a policy and the record can be written, whatever the machines do. */
function readiness(control: Control): Answer {
  return control.recordWritable() ? lineResponse('ready') : lineResponse('not ready', 503);
}
