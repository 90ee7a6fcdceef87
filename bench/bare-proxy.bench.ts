/**
 * The least that a proxy made of the same parts can be, a process of its own: `node:http` in front, `undici` behind, the body handed on as it
 * comes. It asks nobody for a key, decides nothing, reads nothing and keeps nothing; what it costs is what no house on these parts can go
 * below. `node bench/bare-proxy.bench.ts <model port>`.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const model = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 4_096 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => void answer(request, response, Buffer.concat(chunks)));
});
server.listen(0, '127.0.0.1', 8_192, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());

async function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
  const options = { method: 'POST', path: request.url ?? '/', headers: { 'content-type': 'application/json' }, body } as const;
  await model.stream({ ...options, opaque: response }, ({ statusCode, headers }) => {
    response.socket?.setNoDelay(true);
    const known = ['content-type', 'content-length'].map((name) => [name, headers[name]] as const);
    return response.writeHead(statusCode, Object.fromEntries(known.filter(([, value]) => value !== undefined)));
  });
}
