import type { Model, Upstream } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { ServerAsker } from '#discovery/server-asker.ts';
import type { WireFault } from '#egress/port.ts';
import type { ServedModel, UpstreamKind } from '#upstreams/kind.ts';
import { learnLoad, learnModels } from '#upstreams/learn-server.ts';
import type { AskServer } from '#upstreams/learn-server.ts';
import type { Finding } from './finding.ts';

/** What was learnt of one upstream, by asking only what costs nothing. */
export interface UpstreamExam {
  readonly name: string;
  readonly state: 'up' | 'loading' | 'down' | 'unreachable';
  /** Its server's release, where it says so. */
  readonly version: string | null;
  /** Requests its server says it works on at once. */
  readonly slots: number | null;
  /** Its server's clock minus ours; null if it says no time. */
  readonly clockAheadMs: number | null;
  readonly findings: readonly Finding[];
}

export interface ExamTools {
  readonly kind: UpstreamKind;
  readonly asker: ServerAsker;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const remedies: Readonly<Record<WireFault['cause'], string>> = {
  refused: 'start the server, or correct the port of its url',
  connect_timeout: 'wake the machine, or see to the network or the firewall between here and there',
  unresolved: 'correct the name in its url, or teach this machine the name',
  wrong_peer: 'correct its location or its url: the name does not lead where the policy says',
  no_permit: 'correct its location in the policy',
  tls: 'see to the server’s certificate, or to the name in its url',
  reset: 'look at the server’s own log',
  closed: 'look at the server’s own log',
  protocol: 'see whether its url names a model server, with http or https as that speaks',
  aborted: 'look at the machine: it takes connections but does not answer',
};

/** Asks one upstream and compares what it says with what the policy says of it. */
export async function examineUpstream(upstream: Upstream, tools: ExamTools): Promise<UpstreamExam> {
  const { kind, asker, now } = tools;
  const nothing = { name: upstream.name, version: null, slots: null, clockAheadMs: null };
  const finding = (problem: string, remedy: string): Finding => ({ about: upstream.name, problem, remedy });
  await asker.resolve(upstream.name);
  const answer = await asker.ask(upstream.name, kind.probe.path);
  if ('fault' in answer) {
    const { cause, message } = answer.fault;
    return {
      ...nothing,
      state: 'unreachable',
      findings: [finding(`it cannot be reached at ${upstream.url}: ${message}`, remedies[cause])],
    };
  }
  const clockAheadMs = clockAhead(answer.headers['date'], now());
  const probe = kind.probe.read(answer.status, answer.body);
  if (probe.state === 'down') {
    const key = answer.status === 401 || answer.status === 403;
    const remedy = key ? 'give it the key its server wants, under "key" in the policy' : 'look at the server’s own log';
    return { ...nothing, clockAheadMs, state: 'down', findings: [finding(`it is not well: ${probe.why}`, remedy)] };
  }
  const ask: AskServer = async (path) => {
    const got = await asker.ask(upstream.name, path);
    return 'fault' in got ? null : got;
  };
  const models = probe.state === 'up' ? await learnModels(kind, ask) : null;
  const load = kind.load === undefined || kind.load.keepsAwake === true ? null : await learnLoad(kind, ask);
  const slots = models?.find((model) => model.slots !== null)?.slots ?? load?.slots ?? null;
  const said = kind.version && (await ask(kind.version.path));
  return {
    name: upstream.name,
    state: probe.state,
    version: said?.status === 200 ? (kind.version?.read(said.body) ?? null) : null,
    slots,
    clockAheadMs,
    findings: [
      ...slotFindings(upstream, slots).map(([problem, remedy]) => finding(problem, remedy)),
      ...(models === null ? [] : upstream.models.flatMap((model) => modelFindings(model, { models, finding }))),
    ],
  };
}

function slotFindings({ slots }: Upstream, said: number | null): readonly (readonly [problem: string, remedy: string])[] {
  if (slots === null || said === null || slots <= said) return [];
  const remedy = `write slots: ${said}, or raise the server’s own setting`;
  return [[`the policy gives it ${slots} slots, its server works on ${said} at once: the others wait there instead of spilling`, remedy]];
}

function modelFindings(
  model: Model,
  {
    models,
    finding,
  }: {
    readonly models: readonly ServedModel[];
    readonly finding: (problem: string, remedy: string) => Finding;
  },
): readonly Finding[] {
  const name = withoutLatest(model.name);
  const listed = models.find((each) => withoutLatest(each.name) === name);
  if (listed === undefined) {
    const others = models.slice(0, 5).map((each) => withoutLatest(each.name));
    const has = others.length === 0 ? 'it lists none' : `it lists ${others.join(', ')}${models.length > 5 ? ' …' : ''}`;
    return [
      finding(`its server does not list the model ${name}; ${has}`, 'load or pull the model there, or correct its name in the policy'),
    ];
  }
  const found: Finding[] = [];
  if (listed.remote && model.location === 'house')
    found.push(
      finding(`${name} runs in a cloud, says its server`, 'take the model out, or write location: cloud for an upstream of its own'),
    );
  if (model.context !== null && listed.context !== null && model.context > listed.context) {
    const remedy = `write context: ${listed.context}, or give the server a larger window`;
    found.push(finding(`the policy gives ${name} a window of ${model.context} tokens, its server one of ${listed.context}`, remedy));
  }
  const blind = listed.input === null ? [] : model.input.filter((each) => listed.input?.includes(each) !== true);
  if (blind.length > 0)
    found.push(finding(`${name} does not take ${blind.join(' or ')}, says its server`, `take it out of the model’s "input"`));
  if (model.tools && listed.tools === false) found.push(finding(`${name} cannot call tools, says its server`, 'take out tools: true'));
  return found;
}

/** The `Date` of an answer has whole seconds. */
function clockAhead(date: string | undefined, now: number): number | null {
  const said = Date.parse(date ?? '');
  return Number.isNaN(said) ? null : said - now;
}
