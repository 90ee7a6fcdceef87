/** Where processes tried to send something, read from what `strace -f -e trace=connect,sendto,sendmsg,sendmmsg,socket,execve` wrote. */
export interface Trace {
  /** Every destination of the internet families, as `address:port`, in the order of the trace. */
  readonly destinations: readonly string[];
  /** Every path of a unix socket that was connected to. */
  readonly unixPaths: readonly string[];
  /** Programs that were started. */
  readonly programs: readonly string[];
  /** Lines about sockets that could not be read: never to be taken for harmless. */
  readonly unread: readonly string[];
  /** `socket` calls of the internet families that are no streams: UDP, raw. */
  readonly datagramSockets: readonly string[];
}

const callPattern = /^(?:\d+\s+)?(connect|sendto|sendmsg|sendmmsg|socket|execve)\((.*)$/;
const ipv4 = /sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\("([\d.]+)"\)/g;
const ipv6 = /sa_family=AF_INET6, sin6_port=htons\((\d+)\)[^}]*?inet_pton\(AF_INET6, "([^"]+)"/g;

/** Reads a whole trace. */
export function readTrace(text: string): Trace {
  const trace = {
    destinations: [] as string[],
    unixPaths: [] as string[],
    programs: [] as string[],
    unread: [] as string[],
    datagramSockets: [] as string[],
  };
  for (const line of text.split('\n')) {
    const [, call, rest = ''] = callPattern.exec(line) ?? [];
    if (call === 'execve') trace.programs.push(/^"([^"]*)"/.exec(rest)?.[1] ?? rest);
    else if (call === 'socket') {
      if (/^AF_INET6?,/.test(rest) && !/^AF_INET6?, SOCK_STREAM/.test(rest)) trace.datagramSockets.push(line);
    } else if (call !== undefined) readDestinations(line, call, trace);
  }
  return trace;
}

function readDestinations(line: string, call: string, trace: { destinations: string[]; unixPaths: string[]; unread: string[] }): void {
  let found = 0;
  for (const [, port, address] of line.matchAll(ipv4)) found += trace.destinations.push(`${address}:${port}`) && 1;
  for (const [, port, address] of line.matchAll(ipv6)) found += trace.destinations.push(`[${address}]:${port}`) && 1;
  for (const [, path] of line.matchAll(/sa_family=AF_UNIX, sun_path=@?"([^"]*)"/g)) found += trace.unixPaths.push(path ?? '') && 1;
  found += line.match(/sa_family=AF_(NETLINK|UNSPEC)/g)?.length ?? 0;
  const named = line.match(/sa_family=|\{0x/g)?.length ?? 0;
  // A connected socket's send names nobody; a connect always does.
  if (found < named || (found === 0 && call === 'connect')) trace.unread.push(line);
}

/** Everything in a trace that a house which keeps its data at home does not do; nothing if all is well. */
export function leaksIn(trace: Trace, allowed: readonly string[]): readonly string[] {
  const outside = trace.destinations.filter((destination) => !allowed.includes(destination));
  return [
    ...outside.map((destination) => `${destination.endsWith(':53') ? 'a name was looked up at' : 'something went to'} ${destination}`),
    ...trace.unixPaths.filter((path) => /nscd|resolve/.test(path)).map((path) => `a name was looked up through ${path}`),
    ...trace.datagramSockets.map((line) => `a socket that is no stream: ${line}`),
    ...trace.unread.map((line) => `this could not be read: ${line}`),
  ];
}
