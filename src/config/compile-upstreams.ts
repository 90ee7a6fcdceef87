import type { Clocks, Location, Modality, Model, Upstream } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';
import { upstreamKindNamed, upstreamKinds } from '#upstreams/registry.ts';
import { entriesOf } from './compilation.ts';
import type { Found } from './compilation.ts';
import { priceOf } from './compile-cost.ts';
import { didYouMean } from './did-you-mean.ts';
import { keysAt, spotName } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';
import { readAddress } from './upstream-address.ts';
import type { Address } from './upstream-address.ts';
import { upstreamSchema } from './upstream-schema.ts';
import type { ModelFile, UpstreamFile } from './upstream-schema.ts';

/** What a clock is where the policy does not say. */
const defaultClocks: Clocks = {
  connectMs: 1000,
  loadMs: 300_000,
  firstTokenMs: 30_000,
  idleMs: 30_000,
  replyMs: 600_000,
  totalMs: 1_800_000,
};

/** How strictly upstreams are read. */
export interface UpstreamRules {
  /** Windows may be unknown (a house that was found, not written); the file must say them for chat. */
  readonly contextMayBeUnknown: boolean;
}

/** The upstreams of a policy by name, in file order; null for one that is there but wrong. */
export type Upstreams = ReadonlyMap<string, Upstream | null>;

interface Draft {
  readonly name: string;
  readonly path: PolicyPath;
  readonly file: UpstreamFile;
  readonly address: Address;
  readonly models: readonly Model[];
}

/** Compiles `upstreams:`. */
export function compileUpstreams(report: Report, rules: UpstreamRules): Upstreams {
  const drafts = new Map<string, Draft | null>();
  for (const { name, path, file } of entriesOf(report, 'upstreams', upstreamSchema)) {
    drafts.set(name, file && draftOf(name, path, file, { report, rules }));
  }
  const origins = new Map<string, string>();
  const upstreams = new Map<string, Upstream | null>();
  for (const [name, draft] of drafts) {
    const slots = draft && poolOf(draft, drafts, origins, report);
    upstreams.set(name, draft && slots ? upstreamOf(draft, slots) : null);
  }
  return upstreams;
}

/** Looks an upstream up. */
export function findUpstream(upstreams: Upstreams, name: string): Found<Upstream> {
  const upstream = upstreams.get(name);
  if (upstream === undefined) return { state: 'unknown' };
  return upstream === null ? { state: 'broken' } : { state: 'known', value: upstream };
}

function draftOf(
  name: string,
  path: PolicyPath,
  file: UpstreamFile,
  more: { readonly report: Report; readonly rules: UpstreamRules },
): Draft | null {
  const { report } = more;
  const kind = upstreamKindNamed(file.kind);
  if (!kind) {
    const names = upstreamKinds.map((known) => known.name);
    const suggestion = didYouMean(file.kind, names);
    report.error([...path, 'kind'], `no upstream kind "${file.kind}"; there are ${names.join(', ')}`, { suggestion });
    return null;
  }
  const address = readAddress(file, kind, path, report);
  const location = address?.location ?? file.location ?? 'house';
  const models = modelsOf(path, file, { ...more, kind, location });
  if (file.warm !== undefined) report.note([...path, 'warm'], 'not yet in force', { at: 'key' });
  if (file.budget !== undefined) refuseBudget([...path, 'budget'], report);
  if (file.clocks) checkClocks(clocksOf(file), [...path, 'clocks'], report);
  return address && models && { name, path, file, address, models };
}

/** A budget promises a refusal, so a policy with one must not load while nothing keeps it. */
export function refuseBudget(path: PolicyPath, report: Report): void {
  report.error(path, 'budgets are not built yet, and one that is not kept would be a false promise; take it out', { at: 'key' });
}

function checkClocks(clocks: Clocks, path: PolicyPath, report: Report): void {
  const shorter = (['first_token', 'idle', 'reply'] as const).filter((key) => {
    const ms = { first_token: clocks.firstTokenMs, idle: clocks.idleMs, reply: clocks.replyMs }[key];
    return ms > clocks.totalMs && report.source.spots.has(spotName([...path, key]));
  });
  for (const key of shorter) report.warn([...path, key], 'longer than "total", which ends everything first');
}

function clocksOf(file: UpstreamFile): Clocks {
  const said = file.clocks;
  return {
    connectMs: said?.connect ?? defaultClocks.connectMs,
    loadMs: said?.load ?? defaultClocks.loadMs,
    firstTokenMs: said?.first_token ?? defaultClocks.firstTokenMs,
    idleMs: said?.idle ?? defaultClocks.idleMs,
    replyMs: said?.reply ?? defaultClocks.replyMs,
    totalMs: said?.total ?? defaultClocks.totalMs,
  };
}

function modelsOf(
  path: PolicyPath,
  file: UpstreamFile,
  more: { readonly report: Report; readonly rules: UpstreamRules; readonly kind: UpstreamKind; readonly location: Location },
): readonly Model[] | null {
  const { report } = more;
  const names = keysAt(report.source, [...path, 'models']);
  if (names.length === 0) report.error([...path, 'models'], 'an upstream serves at least one model', { at: 'key' });
  const seen = new Map<string, string>();
  const models: Model[] = [];
  for (const name of names) {
    const entry = file.models[name];
    if (!entry) continue;
    const same = seen.get(withoutLatest(name));
    if (same !== undefined) report.error([...path, 'models', name], `the same model as "${same}": ":latest" means no tag`, { at: 'key' });
    seen.set(withoutLatest(name), name);
    const model = modelOf(name, entry, [...path, 'models', name], more);
    if (model) models.push(model);
  }
  return names.length > 0 && models.length === names.length ? models : null;
}

function modelOf(
  name: string,
  file: ModelFile,
  path: PolicyPath,
  more: { readonly report: Report; readonly rules: UpstreamRules; readonly kind: UpstreamKind; readonly location: Location },
): Model | null {
  const { report } = more;
  const serves = file.serves ?? 'chat';
  if (serves === 'chat' && file.context === undefined && !more.rules.contextMayBeUnknown) {
    report.error([...path, 'context'], '"context" is missing: the window of a model that serves chat, such as 32k');
    return null;
  }
  if (file.pinned !== undefined && more.kind.pins !== true) report.note([...path, 'pinned'], 'not yet in force', { at: 'key' });
  for (const input of file.input ?? []) {
    if (input !== 'text' && more.kind.carries?.includes(input) === false)
      report.error([...path, 'input'], `the kind ${more.kind.name} cannot be sent ${input}`);
  }
  const price = file.price === undefined ? null : priceOf([...path, 'price'], report);
  return {
    name,
    location: more.location === 'cloud' || more.kind.isCloudModel(name) ? 'cloud' : 'house',
    serves,
    context: file.context ?? null,
    input: (['image', 'audio', 'video'] satisfies Modality[]).filter((modality) => file.input?.includes(modality)),
    tools: file.tools ?? false,
    reasoning: file.reasoning ?? false,
    slots: file.slots ?? null,
    price,
    pinned: file.pinned ?? false,
    ...(more.kind.oneChoice === true ? { oneChoice: true as const } : {}),
  };
}

interface Pool {
  readonly slots: number | null;
  readonly slotsOf: string;
}

/** The slots an upstream draws from; null, with the reason in the report, if that is not said rightly. */
function poolOf(draft: Draft, drafts: ReadonlyMap<string, Draft | null>, origins: Map<string, string>, report: Report): Pool | null {
  const { name, file, address } = draft;
  const path = [...draft.path, 'slots'];
  const twin = origins.get(address.origin);
  if (twin === undefined) origins.set(address.origin, name);
  if (typeof file.slots === 'string') return sharedPool(draft, file.slots, drafts, report);
  if (twin !== undefined) {
    report.error(path, `${name} is the same server as ${twin} (${address.origin}), so its slots are the same too: write slots: ${twin}`);
    return null;
  }
  if (file.slots === undefined && address.location === 'house') {
    report.error(path, '"slots" is missing: how many requests it can work on at once');
    return null;
  }
  return { slots: file.slots ?? null, slotsOf: name };
}

function sharedPool(draft: Draft, first: string, drafts: ReadonlyMap<string, Draft | null>, report: Report): Pool | null {
  const path = [...draft.path, 'slots'];
  const owner = drafts.get(first);
  if (owner === undefined) {
    report.error(path, `no upstream "${first}"`, { suggestion: didYouMean(first, drafts.keys()) });
  } else if (first === draft.name) {
    report.error(path, `${first} cannot share its slots with itself; write a number`);
  } else if (owner && typeof owner.file.slots === 'string') {
    report.error(path, `the slots of ${first} are not its own: write slots: ${owner.file.slots}`);
  } else if (owner && owner.file.slots === undefined && draft.address.location === 'house') {
    report.error(path, `the slots of ${first} are without bound; an upstream in the house needs a number`);
  } else if (owner) {
    return { slots: typeof owner.file.slots === 'number' ? owner.file.slots : null, slotsOf: first };
  }
  return null;
}

function upstreamOf(draft: Draft, pool: Pool): Upstream {
  const { file, address } = draft;
  return {
    name: draft.name,
    kind: file.kind,
    url: address.url,
    location: address.location,
    slots: pool.slots,
    slotsOf: pool.slotsOf,
    clocks: clocksOf(file),
    assemble: file.assemble ?? null,
    recover: file.recover?.command ?? null,
    ...(file.watts === undefined ? {} : { watts: file.watts }),
    models: draft.models,
  };
}
