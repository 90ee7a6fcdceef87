import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { parseAddress } from '#core/units/house-address.ts';

/** Which names are ours. */
export interface HostRule {
  /** `hosts:` of the policy. */
  readonly hosts: readonly string[] | null;
  /** The machine's own name. */
  readonly machineName: string;
}

const hostPattern = /^(?<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9._-]{0,252}))(?::\d{0,5})?$/;

/**
 * Checks the `Host` header, against pages that let their own name point at this address (DNS rebinding). Always ours are `localhost`,
 * IP literals, which nobody can point elsewhere, and the machine's name; the policy's `hosts` are ours as well.
 */
export function checkHost(host: string | undefined, rule: HostRule): GatewayError | null {
  if (host === undefined || host === '') return gatewayError('invalid_request', 'The request has no Host header.');
  const name = hostName(host);
  if (name === null) return gatewayError('invalid_request', 'The Host header is neither a name nor an address.');
  return isOurs(name, rule) ? null : unknownHost(name, rule);
}

/**
 * Checks the `Origin` header that browsers send with requests that change something: a page may do so only from a host name it
 * shares with us, or one of `hosts`. Programs send none.
 */
export function checkOrigin(origin: string | undefined, host: string | undefined, rule: HostRule): GatewayError | null {
  if (origin === undefined) return null;
  const name = hostName(/^[a-z][a-z0-9+.-]*:\/\/(?<rest>[^/]*)\/?$/i.exec(origin)?.groups?.['rest'] ?? '');
  if (name !== null && (name === hostName(host ?? '') || listed(name, rule))) return null;
  if (name === null) return gatewayError('unknown_host', 'A page without an address of its own may not use this house.');
  return gatewayError('unknown_host', `A page of ${name} may not use this house. ${lineToAdd(name, rule)}`);
}

function isOurs(name: string, rule: HostRule): boolean {
  if (name === 'localhost' || parseAddress(name) !== null) return true;
  const own = rule.machineName.toLowerCase();
  return name === own || name === own.split('.')[0] || listed(name, rule);
}

function listed(name: string, rule: HostRule): boolean {
  return rule.hosts?.includes(name) ?? false;
}

function unknownHost(name: string, rule: HostRule): GatewayError {
  return gatewayError('unknown_host', `"${name}" is not a name of this house. ${lineToAdd(name, rule)}`);
}

function lineToAdd(name: string, rule: HostRule): string {
  return `If it should be, add this line to the policy: hosts: [${[...(rule.hosts ?? []), name].join(', ')}]`;
}

/** The name without its port, in lower case, without the dot at the end of a full name; null for what is no host. */
function hostName(host: string): string | null {
  const name = hostPattern.exec(host.toLowerCase())?.groups?.['name'];
  if (name === undefined || (name.startsWith('[') && parseAddress(name) === null)) return null;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
