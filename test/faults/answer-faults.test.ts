import { answerFaults } from '#upstreams/scripted/faults/answer-faults.ts';
import { testFaults } from './fault-suite.ts';

testFaults(answerFaults);
