/**
 * The connection alone. The package's front door also loads fetch, WebSocket, caches and mocks, which doubles the start-up time and
 * costs 13 MB for parts nothing here calls. The version is pinned exactly, so the inner path cannot move unseen.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import type { Client } from 'undici';

  const client: typeof Client;
  export default client;
}
