import { isGatewayError, gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Surface, SurfaceRequest } from '#surfaces/kind.ts';
import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { describedRequest, explainRequest } from './explain-request.ts';
import { jsonResponse } from './plain-response.ts';
import { readFields } from './read-fields.ts';
import type { Fields } from './read-fields.ts';
import { unknownName } from './resolve-drain.ts';

/**
 * `POST /admin/explain`: a whole request body under `request` (`surface`: the name of its API, else the first), or one described by
 * `text`, `image`, `tools`, `tokens`; with it `profile`, `route`, `tier`, `busy`, `down`, `drain`. `live: true` reads the fleet as it is now.
 */
export function explainAnswer(bodyText: string, control: Control): Answer {
  const fields = readFields(bodyText, {
    request: 'object',
    surface: 'text',
    text: 'text',
    image: 'flag',
    tools: 'flag',
    tokens: 'count',
    profile: 'text',
    route: 'text',
    tier: 'text',
    busy: 'texts',
    down: 'texts',
    drain: 'texts',
    live: 'flag',
  });
  if (isGatewayError(fields)) return fields;
  const surface = surfaceNamed(fields.text('surface'), control.surfaces);
  if (isGatewayError(surface)) return surface;
  const asked = askedOf(fields, surface);
  if (isGatewayError(asked)) return asked;
  const explanation = explainRequest(
    {
      asked,
      profile: fields.text('profile'),
      route: fields.text('route'),
      tier: fields.text('tier'),
      busy: fields.texts('busy'),
      down: fields.texts('down'),
      drain: fields.texts('drain'),
    },
    { tables: control.tables(), surface, digest: control.digest, live: fields.flag('live') ? control.fleet : null },
  );
  return isGatewayError(explanation) ? explanation : jsonResponse(explanation);
}

function askedOf(fields: Fields, surface: Surface): SurfaceRequest | GatewayError {
  const request = fields.object('request');
  if (request === null) {
    return describedRequest({
      text: fields.text('text') ?? '',
      image: fields.flag('image'),
      tools: fields.flag('tools'),
      tokens: fields.count('tokens'),
    });
  }
  const both =
    ['text', 'tokens'].find((name) => fields.text(name) !== null || fields.count(name) !== null) ??
    ['image', 'tools'].find((name) => fields.flag(name));
  if (both !== undefined) return gatewayError('invalid_request', `"request" says itself what "${both}" would describe.`, { param: both });
  return surface.read(JSON.stringify(request));
}

function surfaceNamed(name: string | null, surfaces: readonly Surface[]): Surface | GatewayError {
  const surface = name === null ? surfaces[0] : surfaces.find((each) => each.name === name);
  return (
    surface ??
    unknownName(
      name ?? '',
      surfaces.map((each) => each.name),
      { what: 'surface' },
    )
  );
}
