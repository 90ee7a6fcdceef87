import type { Mutant } from '#scripts/run-mutant.ts';

const asking = ['test/record/asking.test.ts'];
const traces = ['test/traces/traces.test.ts'];

/** Breakages of asking the record, and of what collectors of traces hear. */
export const ASKING_MUTANTS: readonly Mutant[] = [
  {
    name: 'asking: a page that stopped half way goes on one call too late',
    file: 'src/record/asking/list-records.ts',
    find: 'return { rows, next: above + 1 };',
    replace: 'return { rows, next: above };',
    tests: asking,
    expect: 'with terms, without them and with terms for half of the calls the same is found',
  },
  {
    name: 'asking: the cheapest groups are left out of the sum',
    file: 'src/record/asking/cost-groups.ts',
    find: 'FROM placed GROUP BY min(place, ?)',
    replace: 'FROM placed WHERE place <= ? GROUP BY place',
    tests: asking,
    expect:
      'of more groups than are wanted the cheapest are one sum, so that the total is whole; a filter leaves out what it does not name',
  },
  {
    name: 'asking: nobody looks at the time',
    file: 'src/record/asking/record-reader.ts',
    find: '% 997 <> 0 OR in_time())`',
    replace: '% 997 >= 0 OR in_time())`',
    tests: asking,
    expect: 'whoever asks for too much hears what to do instead: every question looks at the time while it looks at rows',
  },
  {
    name: 'asking: a score has the whole call read',
    file: 'src/control/record-answers.ts',
    find: "control.askRecord({ ask: 'id', named: id });",
    replace: "control.askRecord({ ask: 'call', id }).then((call) => call?.row.id ?? null);",
    tests: ['test/http/record-answers.test.ts'],
    expect: 'whether a call is there is asked by its id; nothing of what was said in it is read for a score',
  },
  {
    name: 'asking: the pieces of a tool call are not put together',
    file: 'src/core/reply/reply-calls.ts',
    find: 'call.pieces.push(delta.arguments);',
    replace: 'call.pieces = [delta.arguments];',
    tests: ['test/record/tool-calls.test.ts'],
    expect: 'a reply that was kept as the stream it was is read too, and one that is neither has no calls',
  },
  {
    name: 'traces: the end waits for no answer',
    file: 'src/traces/trace-exporter.ts',
    find: 'await Promise.race([this.#sendAll(), late]);',
    replace: 'await Promise.race([Promise.resolve(this.#sendAll()).then(() => {}), Promise.resolve()]);',
    tests: traces,
    expect: 'at the end all that waits is sent, batch after batch',
  },
  {
    name: 'traces: an answer after the end is counted again',
    file: 'src/traces/trace-exporter.ts',
    find: 'if (this.#closed) return;',
    replace: '',
    tests: traces,
    expect: 'an answer that comes after the end changes no count',
  },
  {
    name: 'traces: whoever failed is told the words too',
    file: 'src/traces/spans-of-call.ts',
    find: 'index === answeredAt ?',
    replace: 'index <= answeredAt ?',
    tests: traces,
    expect: 'the span of the attempt that answered has the messages one by one; a stream is told as the message that it amounts to',
  },
  {
    name: 'traces: a reload tries nobody',
    file: 'src/compose/house-parts.ts',
    find: 'if (collectorChanged) void traces.start();',
    replace: '',
    tests: ['test/traces/house.test.ts'],
    expect: 'a reload that changes where traces go tries the new receiver at once; one that does not tries nobody',
  },
];
