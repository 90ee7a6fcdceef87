import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { noteChange } from './note-change.ts';
import { jsonResponse } from './plain-response.ts';

/** `POST /admin/reload-config`: 200 with the new policy's hash, or 400 with every problem, and then the old one goes on serving. */
export async function reloadAnswer(control: Control): Promise<Answer> {
  const refusal = await noteChange(control, { action: 'reload-config', subject: control.policyPath() ?? '' });
  if (refusal) return refusal;
  const reloaded = await control.reload();
  return jsonResponse({ ...reloaded, inForce: control.tables().hash }, reloaded.outcome === 'loaded' ? 200 : 400);
}
