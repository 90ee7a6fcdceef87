import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { noteChange } from './note-change.ts';
import { jsonResponse } from './plain-response.ts';
import { resolveDrain } from './resolve-drain.ts';

/** `POST /admin/drain/<route or upstream>` and `/admin/undrain/…`: answers with all drains that are in force afterwards. */
export async function drainAnswer(name: string, drained: boolean, control: Control): Promise<Answer> {
  const drain = resolveDrain(name, control.tables());
  if (isGatewayError(drain)) return drain;
  const refusal = await noteChange(control, { action: drained ? 'drain' : 'undrain', subject: `${drain.type} ${drain.name}` });
  if (refusal) return refusal;
  await control.setDrain(drain, drained);
  return jsonResponse({ ...drain, drained, drains: control.fleet.drains() });
}
