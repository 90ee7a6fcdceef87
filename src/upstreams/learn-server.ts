import type { ServedModel, ServerLoad, UpstreamKind } from './kind.ts';

/** One GET to a server; null if there was no answer. */
export type AskServer = (path: string) => Promise<{ readonly status: number; readonly body: string } | null>;

/** What a server serves now and what it tells of each model, at no cost; null if it tells nothing. */
export async function learnModels(kind: UpstreamKind, ask: AskServer): Promise<readonly ServedModel[] | null> {
  const { path, elsePaths = [] } = kind.catalogue;
  for (const each of [path, ...elsePaths]) {
    const body = await bodyAt(each, ask);
    const models = body === null ? null : kind.catalogue.read(body);
    if (models === null) continue;
    const more = kind.details === undefined ? null : await bodyAt(kind.details.path, ask);
    return (more === null ? null : kind.details?.read(more, models)) ?? models;
  }
  return null;
}

/** What a server is working on now; null if it does not say. */
export async function learnLoad(kind: UpstreamKind, ask: AskServer): Promise<ServerLoad | null> {
  if (kind.load === undefined) return null;
  const body = await bodyAt(kind.load.path, ask);
  return body === null ? null : kind.load.read(body);
}

async function bodyAt(path: string, ask: AskServer): Promise<string | null> {
  const answer = await ask(path);
  return answer?.status === 200 ? answer.body : null;
}
