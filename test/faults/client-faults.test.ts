import { clientFaults } from '#upstreams/scripted/faults/client-faults.ts';
import { testFaults } from './fault-suite.ts';

testFaults(clientFaults);
