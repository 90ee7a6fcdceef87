import { gatewayError } from '#core/errors/gateway-error.ts';
import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { noteChange } from './note-change.ts';
import { jsonResponse } from './plain-response.ts';
import { unknownName } from './resolve-drain.ts';

/** `POST /admin/demo/break/<machine>` and `/mend/…`: only a demo house has machines that break on request. */
export async function demoAnswer(name: string, what: 'break' | 'mend', control: Control): Promise<Answer> {
  const { demo } = control;
  if (!demo)
    return gatewayError(
      'not_found',
      'Only the machines of the demo house break on request, and this is not one: it runs where neither a policy nor a model server is found.',
    );
  if (!demo.names().includes(name)) return unknownName(name, demo.names(), { what: 'demo machine', code: 'not_found' });
  const refusal = await noteChange(control, { action: `demo-${what}`, subject: name });
  if (refusal) return refusal;
  await (what === 'break' ? demo.break(name) : demo.mend(name));
  return jsonResponse({ machine: name, broken: demo.broken() });
}
