import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
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
  const { scores: _, choices: __, session, ...recorded } = of.facts;
  return withScores(
    {
      ...recorded,
      service: surface.service,
      model: asked.model,
      routeHint: asked.routeHint,
      stream: asked.stream,
      input: asked.input,
      tools: asked.tools,
      ...(asked.choices > 1 ? { choices: asked.choices } : {}),
      promptTokens: asked.promptTokens,
      outputTokens: asked.outputTokens,
      session,
    },
    asked.userTexts,
    tables,
  );
}
