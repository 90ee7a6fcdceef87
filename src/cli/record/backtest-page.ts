import type { BacktestReport, BeforeAfter } from '#replay/backtest.ts';
import { moneyText } from './record-cells.ts';

/** What the page is about. */
export interface BacktestTitle {
  readonly policy: string;
  readonly since: string;
  readonly currency: string;
}

/** The report as one page that needs nothing else: no script, no picture, no other address. */
export function backtestPage(report: BacktestReport, { policy, since, currency }: BacktestTitle): string {
  const { calls, redecided, moved, cloud, unanswered, costNano, load, notRedecided } = report;
  const movedCalls = moved.reduce((sum, move) => sum + move.count, 0);
  const most = Math.max(1, ...load.flatMap(({ before, after }) => [before, after]));
  const largest = Math.max(1, ...moved.map((move) => move.count));
  const without = Object.entries(notRedecided).filter(([, count]) => count > 0);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Backtest of ${escaped(policy)}</title>
<style>${style}</style>
<main>
<h1>What <code>${escaped(policy)}</code> would have done</h1>
<p>Calls of the last ${escaped(since)}: <b>${calls}</b>. Decided again: <b>${redecided}</b>. Elsewhere: <b>${movedCalls}</b>${
    redecided === 0 ? '' : ` (${((movedCalls / redecided) * 100).toFixed(1)} %)`
  }.</p>
<section class="tiles">
${tile('in a cloud', cloud, String)}
${tile('unanswered', unanswered, String)}
${tile(`cost ${currency}`.trim(), costNano, moneyText)}
</section>
<h2>Calls that move</h2>
${
  moved.length === 0
    ? '<p>None.</p>'
    : `<table><thead><tr><th>calls</th><th></th><th>from</th><th>to</th><th>why</th><th>such as</th></tr></thead><tbody>
${moved
  .map(
    (move) =>
      `<tr><td class="n">${move.count}</td><td>${bar(move.count, largest, 'after')}</td><td>${escaped(move.from)}</td><td>${escaped(move.to)}</td><td>${escaped(move.why.slice(0, 4).join(', '))}</td><td><code>${escaped(move.example)}</code></td></tr>`,
  )
  .join('\n')}
</tbody></table>`
}
<h2>Load of each machine</h2>
<table><thead><tr><th>upstream</th><th>as it was</th><th></th><th>as it would be</th><th></th></tr></thead><tbody>
${load
  .map(
    ({ upstream, before, after }) =>
      `<tr><td>${escaped(upstream)}</td><td class="n">${before}</td><td>${bar(before, most, 'before')}</td><td class="n">${after}</td><td>${bar(after, most, 'after')}</td></tr>`,
  )
  .join('\n')}
</tbody></table>
${without.length === 0 ? '' : `<h2>Not decided again</h2><ul>${without.map(([why, count]) => `<li>${count}: ${escaped(why)}</li>`).join('')}</ul>`}
<p class="note">Queues, load and failures are as they were recorded; whoever was not asked then is free and answers.${
    costNano.unknown > 0 ? ` The cost of ${costNano.unknown} calls is not known on one side and is in neither sum.` : ''
  }</p>
</main>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1c1f24, #e6e8eb); --soft: light-dark(#667, #9aa3ad); --line: light-dark(#dfe3e8, #333a42); --before: light-dark(#9aa7b8, #66717e); --after: light-dark(#2f6fde, #6ea0ff); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); margin: 0; }
main { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
code { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--soft); font-weight: 500; } .n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: block; height: .7rem; min-width: 1px; border-radius: .2rem; } .before { background: var(--before); } .after { background: var(--after); }
td:has(.bar) { min-width: 8rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; } .tile { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1rem; min-width: 11rem; }
.tile b { font-size: 1.4rem; } .tile span, .note { color: var(--soft); }
`;

function tile(name: string, { before, after }: BeforeAfter, show: (value: number) => string): string {
  return `<div class="tile"><span>${escaped(name)}</span><br>${show(before)} → <b>${show(after)}</b></div>`;
}

function bar(value: number, most: number, side: 'before' | 'after'): string {
  return `<span class="bar ${side}" style="width:${((value / most) * 100).toFixed(1)}%"></span>`;
}

/** Callers and policies choose these texts. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`);
}
