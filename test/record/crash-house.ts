/**
 * A house in a process of its own, to be killed: `crash-house.ts <data folder> <policy file> [early]`. Prints its address and first key as
 * a line of JSON. With `early` it answers before the record is written: the defect that the test has to find.
 */
import { startHouse } from '#compose/start-house.ts';
import { loadPolicyFile } from '#config/load.ts';
import { LogStore } from '#record/log-store.ts';

const [folder = '', policyPath = '', early] = process.argv.slice(2);
if (early === 'early') {
  const commit: LogStore['commit'] = Reflect.get(LogStore.prototype, 'commit');
  LogStore.prototype.commit = function commitLater(ops) {
    setTimeout(() => void commit.call(this, ops).catch(() => {}), 100);
    return Promise.resolve();
  };
}
const house = await startHouse({
  version: '0.0.0-test',
  readPolicy: () => loadPolicyFile(policyPath, { file: 'gatehouse.yaml', env: {} }),
  policyPath,
  dataFolder: folder,
  listen: ['127.0.0.1:0'],
  demo: null,
  onTold: () => {},
  onFault: (_, error) => console.error(error),
});
if (!('addresses' in house)) throw new Error(JSON.stringify(house));
console.log(JSON.stringify({ address: house.addresses[0], key: house.firstKey, pid: process.pid }));
