import { connect, createServer } from 'node:net';

/** More than any kernel takes for a queue of one. */
const fillers = 6;

/**
 * Turns this thread into a machine that does not answer a connection: it listens on loopback, fills its own queue, tells `onHole` its
 * port, and then does nothing for ever, so that the kernel has no place for anybody else. So on Linux; elsewhere queues may be longer.
 */
export function becomeBlackHole(port: number, onHole: (port: number) => void): void {
  const server = createServer();
  server.listen({ port, host: '127.0.0.1', backlog: 1 }, () => {
    const address = server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    for (let count = 0; count < fillers; count += 1) connect({ port: bound, host: '127.0.0.1' }).on('error', () => undefined);
    // Behind the connections, which begin at the next tick, and before the loop accepts any of them.
    process.nextTick(() => {
      onHole(bound);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  });
}
