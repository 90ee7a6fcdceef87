/** A thread that turns into a machine whose connections are never answered; ended from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { becomeBlackHole } from '#upstreams/scripted/faults/black-hole.ts';

becomeBlackHole(workerData.port, (port) => parentPort?.postMessage(port, []));
