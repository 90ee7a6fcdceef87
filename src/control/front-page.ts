import type { OpenRequest, PlainResponse } from './endpoint.ts';
import { lineResponse } from './plain-response.ts';

/** `GET /`: a page for people who open the address in a browser, one plain line for programs that only ask whether somebody is there. */
export function frontPage(request: OpenRequest, version: string): PlainResponse {
  if (!accepts(request.headers['accept'], 'text/html')) return lineResponse('Gatehouse is running');
  return { status: 200, headers: pageHeaders, body: page(version) };
}

/** The page loads nothing, runs nothing and cannot be framed. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

function accepts(header: string | undefined, type: string): boolean {
  return (header ?? '').split(',').some((part) => part.split(';')[0]?.trim().toLowerCase() === type);
}

function page(version: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gatehouse</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark }
  code { font-size: 0.95em }
</style>
<h1>Gatehouse</h1>
<p>One private door in front of every model of this house. Version ${version}.</p>
<p>Point a client at this address with <code>/v1</code> behind it and a key of this house. A key is made on the machine itself:
<code>gatehouse keys new</code>; settings for a client: <code>gatehouse connect</code>.</p>
<ul>
  <li><a href="/healthz">/healthz</a> whether it runs, <a href="/readyz">/readyz</a> whether it can serve</li>
  <li><code>/v1/models</code> what a key may use</li>
  <li><code>/stats</code>, <code>/metrics</code> with a key</li>
</ul>
</html>
`;
}
