import { refusalFaults } from '#upstreams/scripted/faults/refusal-faults.ts';
import { testFaults } from './fault-suite.ts';

testFaults(refusalFaults);
