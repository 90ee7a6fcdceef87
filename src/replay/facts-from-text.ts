import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { unscoredFacts } from '#core/request/facts.ts';
import type { Facts } from '#core/request/facts.ts';
import { withScores } from '#core/routing/score-request.ts';
import { surfaces } from '#surfaces/registry.ts';

/**
 * The facts of a recorded request, read again from its text under a policy. What does not come from the text (headers, the caller's
 * profile and tier, its session) is as recorded. Null if the text cannot be read by the API it came by.
 */
export function factsFromText(text: string, of: { readonly surface: string; readonly facts: Facts }, tables: PolicyTables): Facts | null {
  const surface = surfaces.find((each) => each.name === of.surface);
  const asked = surface?.read(text);
  if (!surface || !asked || isGatewayError(asked)) return null;
  return withScores(unscoredFacts(asked, { ...of.facts, service: surface.service }), asked.userTexts, tables);
}
