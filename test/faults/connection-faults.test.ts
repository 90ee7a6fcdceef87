import { connectionFaults } from '#upstreams/scripted/faults/connection-faults.ts';
import { testFaults } from './fault-suite.ts';

testFaults(connectionFaults);
