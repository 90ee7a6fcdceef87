import type { WireFault } from './port.ts';

/** What was known of a call when it broke. */
export interface Breakage {
  /** The status line and headers had come whole. */
  readonly headSeen: boolean;
  /** The socket itself said it was reset, whatever the parser made of it. */
  readonly socketReset: boolean;
}

/** Names what went wrong on an open connection from the error of the HTTP parser or the socket. */
export function faultCause(error: Error & { readonly code?: unknown }, { headSeen, socketReset }: Breakage): WireFault['cause'] {
  const code = typeof error.code === 'string' ? error.code : '';
  if (socketReset || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT') return 'reset';
  // The parser compares lengths first, also where it stumbled in the head.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return headSeen ? 'closed' : 'protocol';
  // The parser's errors come without their code, so the one that means the bytes ran out is told by its reason.
  if (error.name === 'HTTPParserError') return error.message.includes('Invalid EOF state') ? 'closed' : 'protocol';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_INVALID_ARG') return 'protocol';
  // `bad response` and `bad upgrade`: a reply nobody asked for, 100 Continue, 101.
  if (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad ')) return 'protocol';
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return 'tls';
  return 'closed';
}
