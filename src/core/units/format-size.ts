/** A size in tokens as the policy would write it: `32k`, `32Ki`, `1.5M`, else the plain number. */
export function formatSize(tokens: number): string {
  if (tokens >= 1_000_000 && tokens % 100_000 === 0) return `${tokens / 1_000_000}M`;
  if (tokens >= 1000 && tokens % 1000 === 0) return `${tokens / 1000}k`;
  if (tokens >= 1024 && tokens % 1024 === 0) return `${tokens / 1024}Ki`;
  return String(tokens);
}
