import { gatewayError } from '#core/errors/gateway-error.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { noteChange } from './note-change.ts';
import { jsonResponse } from './plain-response.ts';
import { unknownName } from './resolve-drain.ts';

/** `POST /admin/recover/<upstream>`: runs the upstream's command and answers how it ended, well or not. It takes nothing else from the request. */
export async function recoverAnswer(name: string, control: Control): Promise<Answer> {
  const { upstreams } = control.tables();
  const upstream = upstreams.get(name);
  if (!upstream) return unknownName(name, [...upstreams.keys()], { what: 'upstream', code: 'not_found' });
  if (upstream.recover === null)
    return gatewayError('invalid_request', `The policy has no command that brings ${name} back; add one under its "recover".`);
  const refusal = await noteChange(control, { action: 'recover', subject: name });
  if (refusal) return refusal;
  const answer = await control.recover(name);
  if (answer.ran) return jsonResponse(answer.event);
  const { retryAfterMs } = answer;
  if (retryAfterMs === null) return gatewayError('draining', 'The gatehouse is closing.');
  const message = `The command of ${name} ran a short while ago; it may run again in ${formatDuration(retryAfterMs)}.`;
  return gatewayError('rate_limited', message, { retryAfterMs });
}
