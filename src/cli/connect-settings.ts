/** What a client has to know of a house. */
export interface Reachable {
  /** `http://127.0.0.1:8484`. */
  readonly origin: string;
  /** Names for `model`, the one to start with first: `homelab/auto`. */
  readonly models: readonly string[];
  /** Windows by name, as far as known. */
  readonly context: ReadonlyMap<string, number>;
}

/** Settings for one client: what to paste, and what to know. */
export interface ClientSettings {
  readonly text: string;
  /** Where it goes and what else to do; not part of what is pasted. */
  readonly hints: readonly string[];
}

const key = '$GATEHOUSE_KEY';
const noKey = 'GATEHOUSE_KEY is your key (gh_…); lost it? gatehouse keys new';

const curl = ({ origin, models }: Reachable): ClientSettings => ({
  text: `${curlLine({ origin, model: models[0] ?? 'auto', key })}\n`,
  hints: [noKey],
});

const openai = ({ origin, models }: Reachable): ClientSettings => ({
  text: `export OPENAI_BASE_URL=${origin}/v1\nexport OPENAI_API_KEY="${key}"\n`,
  hints: [`every OpenAI SDK reads these two; the model is ${models[0] ?? 'auto'}, or any name of GET ${origin}/v1/models`, noKey],
});

const openWebUi = ({ origin }: Reachable): ClientSettings => ({
  text: `ENABLE_OPENAI_API=true\nOPENAI_API_BASE_URL=${origin}/v1\nOPENAI_API_KEY=${key}\n`,
  hints: [
    'environment of Open WebUI; or: Admin Panel, Settings, Connections, OpenAI API, +, with the same URL and key',
    'in a container 127.0.0.1 is the container itself: run it with --network=host, or let the gatehouse listen where the container can reach it and add that name to hosts:',
    noKey,
  ],
});

const continueDev = ({ origin, models }: Reachable): ClientSettings => ({
  text: [
    'name: Gatehouse',
    'version: 1.0.0',
    'schema: v1',
    'models:',
    ...models.flatMap((model) => [
      `  - name: ${model}`,
      '    provider: openai',
      `    model: ${model}`,
      `    apiBase: ${origin}/v1`,
      '    apiKey: ${{ secrets.GATEHOUSE_KEY }}',
      '    roles: [chat, edit, apply]',
    ]),
    '',
  ].join('\n'),
  hints: ['goes into ~/.continue/config.yaml; the key into ~/.continue/.env as GATEHOUSE_KEY=gh_…', noKey],
});

const opencode = ({ origin, models, context }: Reachable): ClientSettings => {
  const listed = models.map((model) => {
    const window = context.get(model);
    // Without a limit it reckons with none, and never makes a long session shorter.
    return [
      model,
      { name: model, ...(window === undefined ? {} : { limit: { context: window, output: Math.min(8_192, window) } }) },
    ] as const;
  });
  const settings = {
    $schema: 'https://opencode.ai/config.json',
    provider: {
      gatehouse: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Gatehouse',
        options: { baseURL: `${origin}/v1`, apiKey: '{env:GATEHOUSE_KEY}' },
        models: Object.fromEntries(listed),
      },
    },
    model: `gatehouse/${models[0] ?? 'auto'}`,
  };
  return {
    text: `${JSON.stringify(settings, null, 2)}\n`,
    hints: ['goes into opencode.json of a project, or ~/.config/opencode/opencode.json', noKey],
  };
};

const clients = { curl, openai, 'open-webui': openWebUi, continue: continueDev, opencode };

export type ClientName = keyof typeof clients;

/** Clients whose settings are known. */
export const clientNames: readonly ClientName[] = ['curl', 'openai', 'open-webui', 'continue', 'opencode'];

/** The settings by which a client reaches a house. */
export function settingsFor(client: ClientName, house: Reachable): ClientSettings {
  return clients[client](house);
}

/** A line for a shell that asks one question; a key that starts with `$` is left to the shell. */
export function curlLine({ origin, model, key: shown }: { readonly origin: string; readonly model: string; readonly key: string }): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
  return `curl -s ${origin}/v1/chat/completions -H "Authorization: Bearer ${shown}" -H 'Content-Type: application/json' -d '${body}'`;
}

/** `127.0.0.1:8484` as an origin; a wildcard address is reached on this machine by loopback. */
export function originOfListen(listen: string): string {
  return `http://${listen.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')}`;
}
