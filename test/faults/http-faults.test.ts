import { httpFaults } from '#upstreams/scripted/faults/http-faults.ts';
import { testFaults } from './fault-suite.ts';

testFaults(httpFaults);
