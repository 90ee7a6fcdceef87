import { byteFaults } from '#upstreams/scripted/faults/byte-faults.ts';
import { testFaults } from './fault-suite.ts';

testFaults(byteFaults);
